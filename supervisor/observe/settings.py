"""The observer's settings, from flags, environment, a file and defaults as the supervisor's are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supervisor.core.instant import Duration
from supervisor.files.settings import (
    OBSERVER_PREFIX,
    Family,
    Key,
    load_values,
    parse_path,
    parse_positive_duration,
    parse_size,
)
from supervisor.observe.sources import KINDS
from supervisor.observe.sources.source import switch

DEFAULT_CONFIG = "/etc/runtime-supervisor/observer.yaml"


def _node(text: str) -> str:

    from supervisor.files.names import node_name_fault

    name = os.uname().nodename.partition(".")[0] if text == "hostname" else text
    fault = node_name_fault(name)
    if fault is not None:
        raise ValueError(fault)
    return name


KEYS: tuple[Key, ...] = (
    Key("inventory", "hosts", parse_path, "folder of the inventory: <node>/services.yaml"),
    Key("world", "/opt/homelab/world", parse_path, "folder the documents are written to"),
    Key("node", "hostname", _node, "what the inventory calls this machine"),
    Key("interval", "15s", parse_positive_duration, "time from one look to the next"),
    Key("timeout", "10s", parse_positive_duration, "a source that takes longer does not answer"),
    *(key for kind in KINDS for key in kind.settings),
    Key("reachability", "true", switch, "look whether the inventory's nodes with an address answer: true or false"),
    Key("crash_window", "5m", parse_positive_duration, "two restarts within it are a crash loop"),
    Key("max_input_bytes", "16MiB", parse_size, "a larger inventory file is refused"),
)
OBSERVER = Family(KEYS, DEFAULT_CONFIG, OBSERVER_PREFIX)


@dataclass(frozen=True, slots=True)
class ObserverSettings:
    """Everything that can be set. Durations in nanoseconds, sizes in bytes; ``sources`` are the kinds' own settings."""

    inventory: str
    world: str
    node: str
    interval: Duration
    timeout: Duration
    reachability: bool
    crash_window: Duration
    max_input_bytes: int
    sources: Mapping[str, Any]


def load_observer_settings(
    flags: Mapping[str, str], environ: Mapping[str, str], config: str | None = None
) -> ObserverSettings:
    """As ``load_settings``; ConfigError with one line for each fault."""
    values = load_values(OBSERVER, flags, environ, config)
    sources = {key.name: values.pop(key.name) for kind in KINDS for key in kind.settings}
    return ObserverSettings(sources=sources, **values)

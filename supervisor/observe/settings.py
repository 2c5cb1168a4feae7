"""The observer's settings, from flags, environment, a file and defaults as the supervisor's are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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

DEFAULT_CONFIG = "/etc/runtime-supervisor/observer.yaml"
AUTO = "auto"
"""In place of a list of engines: those of the usual places that are there."""
NONE = "none"
USUAL = ("/run/docker.sock", "/run/podman/podman.sock")


def _node(text: str) -> str:
    import socket

    from supervisor.files.names import node_name_fault

    name = socket.gethostname().partition(".")[0] if text == "hostname" else text
    fault = node_name_fault(name)
    if fault is not None:
        raise ValueError(fault)
    return name


def _engines(text: str) -> tuple[str, ...] | None:
    if text == AUTO:
        return None
    paths = text.split() if text != NONE else []
    for path in paths:
        if not path.startswith("/"):
            raise ValueError(f"{path[:60]!r} is no absolute path of a socket; write {AUTO}, {NONE}, or paths")
    return tuple(dict.fromkeys(paths))


def _words(text: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(text.split())) if text != NONE else ()
    for word in words:
        if word.startswith("-"):
            raise ValueError(f"{word[:60]!r} is no unit")
    return words


def _switch(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text[:60]!r} is neither true nor false")
    return text == "true"


KEYS: tuple[Key, ...] = (
    Key("inventory", "hosts", parse_path, "folder of the inventory: <node>/services.yaml"),
    Key("world", "/opt/homelab/world", parse_path, "folder the documents are written to"),
    Key("node", "hostname", _node, "what the inventory calls this machine"),
    Key("interval", "15s", parse_positive_duration, "time from one look to the next"),
    Key("timeout", "10s", parse_positive_duration, "a source that takes longer does not answer"),
    Key("engines", AUTO, _engines, "API sockets of container engines: auto, none, or paths with blanks between"),
    Key("systemd", "true", _switch, "look at systemd units: true or false"),
    Key("units", NONE, _words, "units beyond those of the inventory; patterns stand for what is loaded"),
    Key("reachability", "true", _switch, "look whether the inventory's nodes with an address answer: true or false"),
    Key("crash_window", "5m", parse_positive_duration, "two restarts within it are a crash loop"),
    Key("max_input_bytes", "16MiB", parse_size, "a larger inventory file is refused"),
)
OBSERVER = Family(KEYS, DEFAULT_CONFIG, OBSERVER_PREFIX)


@dataclass(frozen=True, slots=True)
class ObserverSettings:
    """Everything that can be set. Durations in nanoseconds, sizes in bytes; ``engines`` is None for auto."""

    inventory: str
    world: str
    node: str
    interval: Duration
    timeout: Duration
    engines: tuple[str, ...] | None
    systemd: bool
    units: tuple[str, ...]
    reachability: bool
    crash_window: Duration
    max_input_bytes: int


def load_observer_settings(
    flags: Mapping[str, str], environ: Mapping[str, str], config: str | None = None
) -> ObserverSettings:
    """As ``load_settings``; ConfigError with one line for each fault."""
    return ObserverSettings(**load_values(OBSERVER, flags, environ, config))

"""Generated fleets: inventories and worlds as plain values, written as real files in any order and form."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from supervisor.core.instant import SECOND, format_instant, parse_instant
from supervisor.core.judge.reconcile import Judgement
from supervisor.files.settings import Settings, load_settings
from supervisor.passes.read_and_judge import judge

NOW = parse_instant("2026-11-01T12:00:00Z")

NODES = ("nas", "nuc", "services")
NAMES = ("web", "db", "media/db", "media/web", "on", "8080", "22:22", "mnt-nas\\x2dmedia.service")
JUDGED_NODE_WORDS = ("online", "UP", "offline", "sideways")
NODE_WORDS = (*JUDGED_NODE_WORDS, "unknown")
SERVICE_WORDS = ("ok", "Running", "completed", "starting", "absent", "unknown", "failed", "exited")
DEPLOYMENT_WORDS = ("failed", "succeeded", "pending", "odd")
INCIDENT_WORDS = ("active", "resolved")

Value = dict[str, Any]
Strategy = st.SearchStrategy[Any]


@dataclass(frozen=True)
class Fleet:
    """``hosts`` by node, ``world`` by relative path (``.json``); text stands for a document that cannot be used."""

    hosts: dict[str, Value | str]
    world: dict[str, Value | str]

    def with_document(self, path: str, document: Value | str) -> Fleet:
        return replace(self, world={**self.world, path: document})


def ago(seconds: int) -> str:
    return format_instant(NOW - seconds * SECOND)


# --- strategies: each is built once, because building one costs more than drawing from it -----------------------------

AGES = st.sampled_from([ago(seconds) for seconds in (0, 20, 100, 299, 301, 4000, -20, -400)])
FRESH = st.sampled_from([ago(seconds) for seconds in (0, 20, 100, 299)])
DEPLOYED = st.sampled_from([ago(seconds) for seconds in (60, 3600, 86400, 86401, -60)])

names = st.sampled_from(NAMES)
dependencies = st.lists(
    st.sampled_from([*NAMES, *(f"{node}/{name}" for node in NODES for name in NAMES)]), max_size=3, unique=True
)
services = st.fixed_dictionaries(
    {},
    optional={
        "critical": st.booleans(),
        "oneshot": st.booleans(),
        "enabled": st.sampled_from([True, True, True, False]),
        "depends_on": st.one_of(dependencies, dependencies.map(lambda some: {one: {"condition": "x"} for one in some})),
        "image": st.just("registry.example/image:1"),
    },
)
nodes = st.fixed_dictionaries(
    {},
    optional={
        "critical": st.booleans(),
        "always_on": st.booleans(),
        "failover": st.lists(st.sampled_from([*NODES, "gone"]), min_size=1, max_size=3, unique=True),
    },
)
BROKEN_SERVICES: tuple[Any, ...] = ({"critical": "yes"}, {"depends_on": 5}, "text")
broken_services = st.sampled_from(BROKEN_SERVICES)
broken_files = st.sampled_from(["services: [", "- a list", "servces: {}", "node: {}\nnode: {}"])
broken_documents = st.sampled_from(["{", '{"status": "ok", "status": "failed"}', '{"observed_at": "noon"}'])


@st.composite
def mostly(draw: st.DrawFn, usual: Strategy, odd: Strategy, times: int) -> Any:
    """``usual`` so many times as often as ``odd`` (``one_of`` takes each of its strategies once)."""
    return draw(odd if draw(st.integers(0, times)) == times else usual)


def inventories(faults: bool) -> Strategy:
    some = mostly(services, broken_services, 14) if faults else services
    file = st.fixed_dictionaries(
        {
            "services": mostly(
                st.dictionaries(names, some, min_size=3, max_size=6), st.dictionaries(names, some, max_size=2), 2
            )
        },
        optional={"node": nodes},
    )
    return st.dictionaries(st.sampled_from(NODES), mostly(file, broken_files, 14) if faults else file, min_size=1)


def reports(words: tuple[str, ...]) -> Strategy:
    word = st.sampled_from(words)
    return st.one_of(word, st.fixed_dictionaries({"status": word}, optional={"since": AGES}))


def deployments(node: Strategy) -> Strategy:
    """Any few, or a service's failures in a row."""
    any_few = st.lists(
        st.fixed_dictionaries(
            {
                "id": st.integers(0, 20).map("d-{}".format),
                "node": node,
                "service": names,
                "status": st.sampled_from(DEPLOYMENT_WORDS),
                "at": DEPLOYED,
            }
        ),
        max_size=4,
        unique_by=lambda one: str(one["id"]),
    )
    in_a_row = st.builds(
        lambda node, service, count, newest: [
            {"id": f"r-{number}", "node": node, "service": service, "status": status, "at": ago(600 * number)}
            for number, status in enumerate([newest] + ["failed"] * count, 1)
        ],
        node,
        names,
        st.integers(1, 3),
        st.sampled_from(["failed", "failed", "running"]),
    )
    return mostly(any_few, in_a_row, 1)


incidents = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["INC-1", "INC-2"]),
            "title": st.just("x"),
            "status": st.sampled_from(INCIDENT_WORDS),
            "severity": st.sampled_from(["critical", "minor"]),
        }
    ),
    max_size=2,
    unique_by=lambda one: str(one["id"]),
)


def documents(node: str | None, faults: bool) -> Strategy:
    words = NODE_WORDS if faults else JUDGED_NODE_WORDS
    of_a_node = st.dictionaries(names, reports(SERVICE_WORDS), max_size=6)
    any_node = st.sampled_from(NODES)
    if node is None:
        speaks_of = {
            "nodes": st.dictionaries(any_node, reports(words), max_size=3),
            "services": st.dictionaries(any_node, of_a_node, max_size=2),
        }
    else:
        speaks_of = {"status": st.sampled_from(("online", "online", *words)), "services": of_a_node}
    return st.fixed_dictionaries(
        {
            "observed_at": AGES if faults else FRESH,
            **speaks_of,
            "deployments": deployments(any_node if node is None else st.just(node)),
            "incidents": incidents,
        }
    )


def calm_documents(node: str) -> Strategy:
    """A fresh word on every service there could be, most of them good."""
    words = ("ok", "ok", "ok", "Running", "healthy", *SERVICE_WORDS)
    return st.fixed_dictionaries(
        {
            "observed_at": FRESH,
            "status": st.sampled_from(("online", "online", "online", "offline")),
            "services": st.fixed_dictionaries({name: reports(words) for name in NAMES})
            | st.just(dict.fromkeys(NAMES, "ok")),
            "deployments": mostly(deployments(st.just(node)), st.just([]), 1),
            "incidents": mostly(st.just([]), incidents, 3),
        }
    )


@st.composite
def some_of(draw: st.DrawFn, strategies: dict[str, Strategy]) -> dict[str, Any]:
    paths = draw(st.lists(st.sampled_from(sorted(strategies)), min_size=1, unique=True))
    return {path: draw(strategies[path]) for path in paths}


def worlds(faults: bool) -> Strategy:
    files = {f"nodes/{name}.json": documents(name, faults) for name in NODES}
    shared = documents(None, faults)
    files |= {"fleet.json": shared, "more/incidents.json": shared}
    if faults:
        files = {path: mostly(document, broken_documents, 11) for path, document in files.items()}
    calm = st.fixed_dictionaries({f"nodes/{name}.json": calm_documents(name) for name in NODES})
    some = mostly(some_of(files), calm, 1)
    return mostly(some, st.just({}), 19) if faults else some


@cache
def parts(faults: bool) -> tuple[Strategy, Strategy]:
    return inventories(faults), worlds(faults)


@st.composite
def fleets(draw: st.DrawFn, faults: bool = True) -> Fleet:
    """Fleets; with ``faults`` also inputs that are stale or cannot be used."""
    return Fleet(*map(draw, parts(faults)))


# --- fleets as files --------------------------------------------------------------------------------------------------

Writer = Callable[[str, Value], str]


def block(name: str, value: Value) -> str:
    """As people write YAML, and observers JSON."""
    text: str = json.dumps(value) if name.endswith(".json") else yaml.safe_dump(value, sort_keys=False)
    return text


def one_line(_name: str, value: Value) -> str:
    """Everything on one line, which is JSON and YAML: no line number depends on the order of the keys."""
    return json.dumps(value)


@dataclass
class Ground:
    """A folder that fleets are written to, one after another."""

    folder: Path
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        names = {"inventory": "hosts", "world": "world", "event_log": "events.log", "checkpoint": "checkpoint.json"}
        self.settings = load_settings({key: str(self.folder / name) for key, name in names.items()}, {})

    def write(self, fleet: Fleet, shuffle: random.Random | None = None, text: Writer = block) -> None:
        """Files, and with ``shuffle`` also the keys in them, in any order."""
        wanted = {f"hosts/{node}/services.yaml": value for node, value in fleet.hosts.items()}
        wanted |= {f"world/{path}": value for path, value in fleet.world.items()}
        for root in ("hosts", "world"):
            (self.folder / root).mkdir(exist_ok=True)
            for path in sorted((self.folder / root).rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
        items = list(wanted.items())
        if shuffle is not None:
            shuffle.shuffle(items)
        for name, value in items:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value if isinstance(value, str) else text(name, _shuffled(value, shuffle)))

    def judge(self, fleet: Fleet, now: int = NOW, text: Writer = block) -> Judgement:
        self.write(fleet, text=text)
        return judge(self.settings, now)


def _shuffled(value: Any, shuffle: random.Random | None) -> Any:
    if shuffle is None or not isinstance(value, dict):
        return value
    items = list(value.items())
    shuffle.shuffle(items)
    return {key: _shuffled(below, shuffle) for key, below in items}

"""Generated fleets: inventories and worlds as plain values, written as real files in any order."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from supervisor.core.instant import SECOND, format_instant, parse_instant
from supervisor.core.reconcile import Judgement
from supervisor.daemon.passes import judge
from supervisor.files.settings import Settings, load_settings

NOW = parse_instant("2026-11-01T12:00:00Z")

NODES = ("nas", "nuc", "services")
NAMES = ("web", "db", "media/db", "media/web", "on", "8080", "22:22", "mnt-nas\\x2dmedia.service")
JUDGED_NODE_WORDS = ("online", "UP", "offline", "sideways")
NODE_WORDS = (*JUDGED_NODE_WORDS, "unknown")
SERVICE_WORDS = ("ok", "Running", "completed", "starting", "absent", "unknown", "failed", "exited")
DEPLOYMENT_WORDS = ("failed", "succeeded", "pending", "odd")
INCIDENT_WORDS = ("active", "resolved")

Value = dict[str, Any]


@dataclass(frozen=True)
class Fleet:
    """``hosts`` by node, ``world`` by relative path (``.json``); text stands for a document that cannot be used."""

    hosts: dict[str, Value | str]
    world: dict[str, Value | str]

    def with_document(self, path: str, document: Value | str) -> Fleet:
        return replace(self, world={**self.world, path: document})


def ago(seconds: int) -> str:
    return format_instant(NOW - seconds * SECOND)


AGES = st.sampled_from([0, 20, 100, 299, 301, 4000, -20, -400])
FRESH = st.sampled_from([0, 20, 100, 299])

services = st.fixed_dictionaries(
    {},
    optional={
        "critical": st.booleans(),
        "oneshot": st.booleans(),
        "enabled": st.sampled_from([True, True, True, False]),
        "depends_on": st.lists(
            st.one_of(
                st.sampled_from(NAMES), st.builds("{}/{}".format, st.sampled_from(NODES), st.sampled_from(NAMES))
            ),
            max_size=3,
            unique=True,
        ),
        "image": st.just("registry.example/image:1"),
    },
)
broken_services = st.sampled_from([{"critical": "yes"}, {"depends_on": 5}, "text"])
nodes = st.fixed_dictionaries(
    {},
    optional={
        "critical": st.booleans(),
        "always_on": st.booleans(),
        "failover": st.lists(st.sampled_from([*NODES, "gone"]), max_size=2, unique=True),
    },
)


@st.composite
def inventories(draw: st.DrawFn, faults: bool) -> dict[str, Value | str]:
    hosts: dict[str, Value | str] = {}
    for name in draw(st.lists(st.sampled_from(NODES), min_size=1, unique=True)):
        if faults and draw(st.integers(0, 9)) == 0:
            hosts[name] = draw(st.sampled_from(["services: [", "- a list", "servces: {}", "node: {}\nnode: {}"]))
            continue
        some = st.one_of(services, services, services, broken_services) if faults else services
        hosts[name] = {
            "services": draw(st.dictionaries(st.sampled_from(NAMES), some, max_size=5)),
            **draw(st.fixed_dictionaries({}, optional={"node": nodes})),
        }
    return hosts


def reports(words: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.sampled_from(words),
        st.builds(lambda word, age: {"status": word, "since": ago(age)}, st.sampled_from(words), AGES),
    )


@st.composite
def documents(draw: st.DrawFn, node: str | None, faults: bool) -> Value:
    words = NODE_WORDS if faults else JUDGED_NODE_WORDS
    document: Value = {"observed_at": ago(draw(AGES if faults else FRESH))}
    several = st.dictionaries(st.sampled_from(NAMES), reports(SERVICE_WORDS), max_size=6)
    if node is None:
        document["nodes"] = draw(st.dictionaries(st.sampled_from(NODES), reports(words), max_size=3))
        document["services"] = draw(st.dictionaries(st.sampled_from(NODES), several, max_size=2))
    else:
        document |= {"status": draw(st.sampled_from(("online", "online", *words)))}
        document["services"] = draw(several)
    count = draw(st.integers(0, 4))
    document["deployments"] = [
        {
            "id": f"d-{draw(st.integers(0, 20))}-{position}",
            "node": node or draw(st.sampled_from(NODES)),
            "service": draw(st.sampled_from(NAMES)),
            "status": draw(st.sampled_from(DEPLOYMENT_WORDS)),
            "at": ago(draw(st.sampled_from([60, 3600, 86400, 86401]))),
        }
        for position in range(count)
    ]
    document["incidents"] = [
        {"id": ident, "title": "x", "status": draw(st.sampled_from(INCIDENT_WORDS)), "severity": "critical"}
        for ident in draw(st.lists(st.sampled_from(["INC-1", "INC-2"]), max_size=2, unique=True))
    ]
    return document


@st.composite
def worlds(draw: st.DrawFn, faults: bool) -> dict[str, Value | str]:
    world: dict[str, Value | str] = {}
    paths = [*(f"nodes/{name}.json" for name in NODES), "fleet.json", "more/incidents.json"]
    for path in draw(st.lists(st.sampled_from(paths), min_size=0 if faults else 1, unique=True)):
        node = path[6:-5] if path.startswith("nodes/") else None
        if faults and draw(st.integers(0, 11)) == 0:
            world[path] = draw(
                st.sampled_from(["{", '{"status": "ok", "status": "failed"}', '{"observed_at": "noon"}'])
            )
        else:
            world[path] = draw(documents(node, faults))
    return world


def fleets(faults: bool = True) -> st.SearchStrategy[Fleet]:
    """Fleets; with ``faults`` also inputs that are stale or cannot be used."""
    return st.builds(Fleet, inventories(faults), worlds(faults))


@dataclass
class Ground:
    """A folder that fleets are written to, one after another."""

    folder: Path
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        names = {"inventory": "hosts", "world": "world", "event_log": "events.log", "checkpoint": "checkpoint.json"}
        self.settings = load_settings({key: str(self.folder / name) for key, name in names.items()}, {})

    def write(self, fleet: Fleet, shuffle: random.Random | None = None) -> None:
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
            path.write_text(value if isinstance(value, str) else _text(name, _shuffled(value, shuffle)))

    def judge(self, fleet: Fleet, now: int = NOW) -> Judgement:
        self.write(fleet)
        return judge(self.settings, now)


def _text(name: str, value: Value) -> str:
    text: str = json.dumps(value) if name.endswith(".json") else yaml.safe_dump(value, sort_keys=False)
    return text


def _shuffled(value: Any, shuffle: random.Random | None) -> Any:
    if shuffle is None or not isinstance(value, dict):
        return value
    items = list(value.items())
    shuffle.shuffle(items)
    return {key: _shuffled(below, shuffle) for key, below in items}

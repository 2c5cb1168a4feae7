"""Generated fleets: inventories and worlds as plain values, written as real files in any order and form."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

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

T = TypeVar("T")
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


# --- dice: a seed is drawn and a fleet thrown from it: to draw every word of a fleet costs more than to judge it ---

AGES = [ago(seconds) for seconds in (0, 20, 100, 299, 301, 4000, -20, -400)]
FRESH = [ago(seconds) for seconds in (0, 20, 100, 299)]
DEPLOYED = [ago(seconds) for seconds in (60, 3600, 86400, 86401, -60)]
PATHS = ("fleet.json", "more/incidents.json", *(f"nodes/{node}.json" for node in NODES))
FULL_NAMES = [*NAMES, *(f"{node}/{name}" for node in NODES for name in NAMES)]

BROKEN_SERVICES: tuple[Any, ...] = ({"critical": "yes"}, {"depends_on": 5}, "text")
BROKEN_FILES = ("services: [", "- a list", "servces: {}", "node: {}\nnode: {}")
BROKEN_DOCUMENTS = ("{", '{"status": "ok", "status": "failed"}', '{"observed_at": "noon"}')

_SIZES = 8
_SEEDS = 1 << 32


class Dice(random.Random):
    """Throws fleets. The smaller the seed, the smaller are the fleets: what fails is looked for in small ones."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.size = 1 + seed * _SIZES // _SEEDS

    def once_in(self, times: int) -> bool:
        return self.randrange(times) == 0

    def few(self, values: Sequence[T], least: int, most: int) -> list[T]:
        """Some of them, in any order, none of them twice."""
        most = min(most, len(values), max(least, self.size))
        return self.sample(values, self.randint(least, most))

    def optional(self, **values: Callable[[], Any]) -> Value:
        return {key: make() for key, make in values.items() if self.once_in(2)}

    # --- an inventory

    def service(self) -> Value:
        return self.optional(
            critical=lambda: self.once_in(2),
            oneshot=lambda: self.once_in(2),
            enabled=lambda: not self.once_in(4),
            depends_on=self.depends_on,
            max_age=lambda: self.choice(("1h", "26h")),
            startup_grace=lambda: self.choice(("10s", "5m")),
            image=lambda: "registry.example/image:1",
        )

    def depends_on(self) -> Any:
        names = self.few(FULL_NAMES, 0, 3)
        return {name: {"condition": "x"} for name in names} if self.once_in(2) else names

    def otherwise(self, file: Value | str, faults: bool) -> Value | str:
        """A file in which one service is disabled, broken, declared anew or gone."""
        if isinstance(file, str) or not file["services"]:
            return self.file(faults)
        services = dict(file["services"])
        name = self.choice(sorted(services))
        was = services.pop(name)
        if self.once_in(2):
            services[name] = {**(was if isinstance(was, dict) else {}), "enabled": False}
        elif faults and self.once_in(2):
            services[name] = self.choice(BROKEN_SERVICES)
        elif self.once_in(2):
            services[name] = self.service()
        return {**file, "services": services}

    def node(self) -> Value:
        return self.optional(
            critical=lambda: self.once_in(2),
            always_on=lambda: self.once_in(2),
            failover=lambda: self.few([*NODES, "gone"], 1, 3),
        )

    def file(self, faults: bool) -> Value | str:
        if faults and self.once_in(15):
            return self.choice(BROKEN_FILES)
        names = self.few(NAMES, 0, 2) if self.once_in(3) else self.few(NAMES, 3, 6)
        broken = {name for name in names if faults and self.once_in(15)}
        services = {name: self.choice(BROKEN_SERVICES) if name in broken else self.service() for name in names}
        return {"services": services, **self.optional(node=self.node)}

    # --- a world

    def report(self, words: Sequence[str]) -> Any:
        word = self.choice(words)
        return word if self.once_in(2) else {"status": word, **self.optional(since=lambda: self.choice(AGES))}

    def services(self) -> Value:
        return {name: self.report(SERVICE_WORDS) for name in self.few(NAMES, 0, 6)}

    def deployments(self, nodes: Sequence[str]) -> list[Value]:
        """Any few, or a service's failures in a row."""
        if self.once_in(2):
            node, service, newest = self.choice(nodes), self.choice(NAMES), self.choice(("failed", "failed", "running"))
            words = [newest, *["failed"] * self.randint(1, 3)]
            return [
                {"id": f"r-{number}", "node": node, "service": service, "status": word, "at": ago(600 * number)}
                for number, word in enumerate(words, 1)
            ]
        return [
            {
                "id": f"d-{number}",
                "node": self.choice(nodes),
                "service": self.choice(NAMES),
                "status": self.choice(DEPLOYMENT_WORDS),
                "at": self.choice(DEPLOYED),
            }
            for number in self.few(range(21), 0, 4)
        ]

    def incidents(self) -> list[Value]:
        return [
            {
                "id": name,
                "title": "x",
                "status": self.choice(INCIDENT_WORDS),
                "severity": self.choice(("critical", "minor")),
            }
            for name in self.few(("INC-1", "INC-2"), 0, 2)
        ]

    def document(self, node: str | None, faults: bool) -> Value:
        """Of a node, or of any (None)."""
        words = NODE_WORDS if faults else JUDGED_NODE_WORDS
        about: Value
        if node is None:
            about = {
                "nodes": {name: self.report(words) for name in self.few(NODES, 0, 3)},
                "services": {name: self.services() for name in self.few(NODES, 0, 2)},
            }
        else:
            about = {"status": self.choice(("online", "online", *words)), "services": self.services()}
        return {
            "observed_at": self.choice(AGES if faults else FRESH),
            **about,
            "deployments": self.deployments(NODES if node is None else (node,)),
            "incidents": self.incidents(),
        }

    def calm_document(self, node: str) -> Value:
        """A fresh word on every service there could be, most of them good."""
        words = ("ok", "ok", "ok", "Running", "healthy", *SERVICE_WORDS)
        well = self.once_in(2)
        return {
            "observed_at": self.choice(FRESH),
            "status": self.choice(("online", "online", "online", "offline")),
            "services": {name: "ok" if well else self.report(words) for name in NAMES},
            "deployments": self.deployments((node,)) if self.once_in(2) else [],
            "incidents": self.incidents() if self.once_in(4) else [],
        }

    def world(self, faults: bool) -> dict[str, Value | str]:
        if faults and self.once_in(20):
            return {}
        if self.once_in(2):
            return {f"nodes/{name}.json": self.calm_document(name) for name in NODES}
        return {path: self.any_document(path, faults) for path in self.few(PATHS, 1, 5)}

    def any_document(self, path: str, faults: bool) -> Value | str:
        """Of a path, or what cannot be used."""
        if faults and self.once_in(12):
            return self.choice(BROKEN_DOCUMENTS)
        node = path.removeprefix("nodes/").removesuffix(".json")
        return self.document(node if node in NODES else None, faults)

    def fleet(self, faults: bool = True) -> Fleet:
        """With ``faults`` also inputs that are stale or cannot be used."""
        return Fleet({node: self.file(faults) for node in self.few(NODES, 1, 3)}, self.world(faults))

    def after(self, fleet: Fleet, faults: bool = True) -> Fleet:
        """What may come next: most is as it was, now and then nothing is."""
        if self.once_in(6):
            return self.fleet(faults)
        hosts, world = dict(fleet.hosts), dict(fleet.world)
        for _ in range(self.randint(1, 2)):
            node = self.choice(NODES)
            if self.once_in(4):
                hosts[node] = self.file(faults)
            elif self.once_in(3):
                hosts[node] = self.otherwise(hosts.get(node, ""), faults)
            elif faults and self.once_in(6):
                # Gone, and with it what was said of it.
                changed = self.choice([hosts, world])
                changed.pop(self.choice([*changed, "nothing"]), None)
            else:
                path = self.choice(PATHS)
                world[path] = self.any_document(path, faults)
        return Fleet(hosts or fleet.hosts, world)


dice = st.integers(0, _SEEDS - 1).map(Dice)


def spread(count: int) -> Iterator[int]:
    """So many seeds, from those of small fleets to those of large ones."""
    return (_SEEDS // count * number for number in range(count))


def inventories(faults: bool) -> Strategy:
    return dice.map(lambda thrown: {node: thrown.file(faults) for node in thrown.few(NODES, 1, 3)})


def documents(node: str | None, faults: bool) -> Strategy:
    return dice.map(lambda thrown: thrown.document(node, faults))


def fleets(faults: bool = True) -> st.SearchStrategy[Fleet]:
    return dice.map(lambda thrown: thrown.fleet(faults))


def histories(faults: bool = True, least: int = 1) -> st.SearchStrategy[list[Fleet]]:
    """A fleet, and what becomes of it. What is open and then cannot be judged is rare among fleets without a past."""

    def throw(thrown: Dice) -> list[Fleet]:
        history = [thrown.fleet(faults)]
        while len(history) < least or (len(history) < 5 and not thrown.once_in(4)):
            history.append(thrown.after(history[-1], faults))
        return history

    return dice.map(throw)


# --- fleets as files --------------------------------------------------------------------------------------------------

Writer = Callable[[str, Value], str]


def block(name: str, value: Value) -> str:
    """As people write YAML, and observers JSON."""
    if name.endswith(".json"):
        return json.dumps(value)
    text: str = yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False)
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

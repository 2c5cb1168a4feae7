"""What peers are told of a fleet. Translating it is the benchmark's work, and costs them neither time nor memory."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.bench.daemons import replace


@dataclass(frozen=True)
class Moment:
    """When a change was made, on the monotonic clock in seconds, and whose state it turned: ``node/service``."""

    at: float
    failed: set[str]
    recovered: set[str]


class Given:
    """Which services are expected, and of which there is word: whether they are well.

    A fleet of ``tests.bench.fleet`` has one word for a node that is online, and one for a service that is well.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.desired: dict[str, list[str]] = {}
        self.actual: dict[str, dict[str, bool]] = {}
        for folder in sorted((root / "hosts").iterdir()):
            inventory = yaml.load((folder / "services.yaml").read_text(), yaml.CSafeLoader)
            self.desired[folder.name] = list(inventory["services"])
            document = root / "world/nodes" / f"{folder.name}.json"
            self.actual[folder.name] = _judged(document.read_text())

    @property
    def failed(self) -> set[str]:
        """``node/service`` of all that is expected and not known to be well."""
        return {name for node in self.desired for name in self._failed(node)}

    def change(self, relative: str, text: str) -> Moment:
        """Rename a new document of one node into place."""
        path = self.root / relative
        before = self._failed(path.stem)
        self.actual[path.stem] = _judged(text)
        after = self._failed(path.stem)
        moment = time.monotonic()
        replace(path, text)
        return Moment(moment, after - before, before - after)

    def _failed(self, node: str) -> set[str]:
        return {f"{node}/{name}" for name in self.desired[node] if not self.actual[node].get(name)}


def _judged(text: str) -> dict[str, bool]:
    document = json.loads(text)
    if document["status"] != "online":
        return {}
    return {name: value["status"] == "ok" for name, value in document["services"].items()}

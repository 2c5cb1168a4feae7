"""What is counted: ``python -m tests.bench.counted TASK FLEET ROUNDS [KIND]`` prepares, and then does it so many times.

A run of no rounds does all that a longer one does besides; what is between the two is the rounds.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.daemons import Flipping
from tests.bench.inside import paths, settings

ROUNDS = 4
"""Rounds at most of passes that read one file; of others, two."""

Change = list[tuple[str, str]]
"""What comes into files in one turn: relative path, text."""

_HOUR = 3600 * 10**9


def cold(root: str, rounds: int) -> None:
    """The main job from nothing, as in ``inside.cold``."""
    from supervisor.core.announce.report import report_json
    from supervisor.core.text import json_text
    from supervisor.passes.read_and_judge import judge
    from supervisor.process.clock import Clock

    clock = Clock()
    for _ in range(rounds):
        json_text(report_json(judge(settings(root), clock.now, clock.settle).report))


def naive(root: str, rounds: int) -> None:
    """What anybody would do first, as in ``inside.naive``."""
    import yaml

    inventories = [path.read_bytes() for path in sorted(Path(root, "hosts").glob("*/services.yaml"))]
    documents = [path.read_bytes() for path in sorted(Path(root, "world").rglob("*.json"))]
    for _ in range(rounds):
        for data in inventories:
            yaml.load(data, yaml.CSafeLoader)
        for data in documents:
            json.loads(data)


def stats(root: str, rounds: int) -> None:
    """The least that a resync can do: one look at every file and folder."""
    names = paths(root)
    for _ in range(rounds):
        for name in names:
            os.stat(name)


def passes(root: str, rounds: int, kind: str) -> None:
    """Passes of a daemon that has read all. ``kind``: what changed before each, one of ``CHANGES`` or ``resync``."""
    from supervisor.passes.read_and_judge import Hints, Judge
    from supervisor.passes.recorder import Recorder
    from supervisor.process.clock import Clock
    from supervisor.supervise.watchable import Surveyor, roots

    options, clock = settings(root), Clock()

    def now() -> int:
        """An hour on: every file is old enough for its times to be believed."""
        return clock.now() + _HOUR

    judge, surveyor = Judge(options, now, clock.settle), Surveyor(now)
    with Recorder(options) as recorder:

        def look(changed: list[str] | None) -> None:
            if changed is None:
                surveyor.survey(roots(options))
            judgement = judge.judge(options, None if changed is None else Hints.of(dict.fromkeys(changed, True)))
            recorder.record(judgement, judgement.picture.now, options.repeat_interval, None)

        look(None)
        turns = {name: _turns(root, name) for name in CHANGES}
        # What only the first change does is no part of a round.
        for name in ("document", "inventory", "document", "inventory"):
            look(next(turns[name]))
        look(None)
        for _ in range(rounds):
            look(None if kind == "resync" else next(turns[kind]))


def _turns(root: str, kind: str) -> Iterator[list[str]]:
    """Everything that comes is written at once; each turn renames its part into place, and says what changed."""
    folder = Path(root, "prepared", kind)
    folder.mkdir(parents=True)
    coming = list(CHANGES[kind](root))
    for turn, change in enumerate(coming):
        for index, (_, text) in enumerate(change):
            (folder / f"{turn}-{index}").write_text(text)

    def turns() -> Iterator[list[str]]:
        for turn, change in enumerate(coming):
            for index, (name, _) in enumerate(change):
                os.rename(f"{folder}/{turn}-{index}", f"{root}/{name}")
            yield [name for name, _ in change]

    return turns()


def _documents(root: str) -> Iterator[Change]:
    flipping = Flipping(Path(root), "node0001")
    return ([flipping.document()] for _ in range(2 + ROUNDS))


def _inventories(root: str) -> Iterator[Change]:
    flipping = Flipping(Path(root), "node0001")
    return ([flipping.inventory()] for _ in range(2 + ROUNDS))


def _offline(root: str, count: int) -> Iterator[Change]:
    """So many nodes go offline or come back; then the other way."""
    documents = {}
    for path in sorted(Path(root, "world", "nodes").glob("*.json"))[:count]:
        documents[f"world/nodes/{path.name}"] = json.loads(path.read_text())
    for _ in range(2):
        for document in documents.values():
            document["status"] = "online" if document["status"] == "offline" else "offline"
        yield [(name, json.dumps(document)) for name, document in documents.items()]


CHANGES: dict[str, Callable[[str], Iterator[Change]]] = {
    "document": _documents,
    "inventory": _inventories,
    "offline-100": lambda root: _offline(root, 100),
    "offline-1000": lambda root: _offline(root, 1000),
}
TASKS: dict[str, Callable[..., None]] = {item.__name__: item for item in (cold, naive, stats, passes)}

if __name__ == "__main__":
    task, fleet, count, *more = sys.argv[1:]
    TASKS[task](fleet, int(count), *more)

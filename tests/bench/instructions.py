"""What a limit is held in: instructions, which are as many on every machine, whatever else it does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.bench import fleet, inside
from tests.bench.counted import ROUNDS
from tests.bench.counter import Counter, environ
from tests.bench.figures import Figure

SMALL, LARGE, HUGE = "5x100", fleet.LARGE, fleet.HUGE
"""The first nodes of the small fleet are those of the huge fleet, file by file."""


class Task(NamedTuple):
    """A run of ``counted``: so many rounds of a task on a fleet of that size."""

    name: str
    size: str
    rounds: int = 1
    kind: str = ""


Counts = Mapping[Task | str, int]

_NOTHING = "resync"
"""The kind of passes of which a run makes no round."""


def _passes(kind: str, rounds: int, *sizes: str) -> list[Task]:
    return [Task("passes", size, rounds, kind) for size in sizes]


RUNS: dict[str, list[Task]] = {
    "cold": [Task(name, size) for size in (LARGE, HUGE) for name in ("cold", "naive")],
    "document": _passes("document", ROUNDS, SMALL, HUGE),
    "inventory": _passes("inventory", ROUNDS, SMALL, HUGE),
    "resync": [*_passes("resync", 2, HUGE), Task("stats", HUGE)],
    "offline": [*_passes("offline-100", 2, HUGE), *_passes("offline-1000", 2, HUGE)],
    "start": [],
}
"""By subject, the runs that its figures are made of; those of ``start`` are whole commands."""


def runs(subjects: Collection[str]) -> list[Task]:
    """Those of some subjects, and for each the run of no rounds; the longest first."""
    wanted = [run for subject in subjects for run in RUNS[subject]]
    return sorted({*wanted, *map(empty, wanted)}, key=lambda run: (-int(run.size.partition("x")[0]), -run.rounds, run))


def empty(run: Task) -> Task:
    return run._replace(rounds=0, kind=_NOTHING if run.kind else "")


def measure(
    counter: Counter, make: Callable[[str, str], Path], subjects: Collection[str] = tuple(RUNS)
) -> list[Figure]:
    """Count for some subjects. ``make``: a new fleet of a size for a purpose; it gives the folder."""
    commands: dict[Task | str, Sequence[str]] = {}
    for number, run in enumerate(runs(subjects)):
        # Each has a fleet of its own: runs change its files, and go on beside one another.
        arguments = [str(make(run.size, f"counted{number}")), str(run.rounds), *filter(None, [run.kind])]
        commands[run] = [sys.executable, "-m", "tests.bench.counted", run.name, *arguments]
    if "start" in subjects:
        commands |= _short(make(fleet.HOMELAB, "short"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = dict(zip(commands, pool.map(counter.count, commands.values()), strict=True))
    return [figure for subject in subjects for figure in _FIGURES[subject](counts)]


def _round(counts: Counts, run: Task) -> float:
    """Millions of instructions of one round: what a run takes more than a run of no rounds."""
    return (counts[run] - counts[empty(run)]) / run.rounds / 1e6


def _cold(counts: Counts) -> list[Figure]:
    figures = []
    for size in (LARGE, HUGE):
        ours, naive = (_round(counts, Task(name, size)) for name in ("cold", "naive"))
        figures += [
            Figure(f"{size}: yaml.load and json.loads alone", naive, "M"),
            Figure(f"{size}: a pass from nothing", ours, "M"),
            Figure(f"{size}: a pass from nothing against that", ours / naive, "x", 0.7),
        ]
    return figures


def _change(counts: Counts, kind: str, file: str) -> list[Figure]:
    small, huge = (_round(counts, run) for run in RUNS[kind])
    return [
        Figure(f"{file} changes, {SMALL}", small, "M"),
        Figure(f"{file} changes, {HUGE}", huge, "M"),
        Figure(f"{file} changes: {HUGE} against {SMALL}", huge / small, "x", 1.5),
    ]


def _resync(counts: Counts) -> list[Figure]:
    ours, least = (_round(counts, run) for run in RUNS["resync"])
    return [
        Figure(f"{HUGE}: a stat of every file and folder", least, "M"),
        Figure(f"{HUGE}: a resync of nothing", ours, "M"),
        Figure(f"{HUGE}: a resync of nothing against that", ours / least, "x", 2),
    ]


def _offline(counts: Counts) -> list[Figure]:
    few, all_nodes = (_round(counts, run) / int(run.kind.rpartition("-")[2]) for run in RUNS["offline"])
    return [
        Figure("100 of 1000 nodes go offline or come back: each", few, "M"),
        Figure("1000 of 1000 nodes go offline or come back: each", all_nodes, "M"),
        Figure("each of 1000 against each of 100", all_nodes / few, "x", 1.5),
    ]


def _short(root: Path) -> dict[Task | str, Sequence[str]]:
    """Short commands, each after it has run once: what Python compiles it keeps."""
    outputs = ["--event-log", f"{root}/agent-events.log", "--checkpoint", f"{root}/checkpoint.json"]
    # As long as the fleets are fresh, the pass that comes first is the last that is due.
    outputs += ["--stale-after", inside.STALE_AFTER, "--resync-interval", inside.STALE_AFTER]
    inputs = ["--inventory", f"{root}/hosts", "--world", f"{root}/world"]
    single = root / "single"
    for source, target in (("hosts/node0001", "hosts/node0001"), ("world/nodes/node0001.json", "world/node0001.json")):
        (single / target).parent.mkdir(parents=True)
        (shutil.copytree if (root / source).is_dir() else shutil.copy)(root / source, single / target)
    needs = "import argparse, supervisor.show.terminal, supervisor.passes.read_and_judge, supervisor.passes.recorder"
    ours = [sys.executable, "-m", "supervisor"]
    commands: dict[Task | str, Sequence[str]] = {
        "python": [sys.executable, "-c", "import argparse, json"],
        "imports": [sys.executable, "-c", f"{needs}, supervisor.core.announce.report, supervisor.process.clock"],
        "help": [*ours, "--help"],
        "reconcile": [*ours, "reconcile", *outputs, *inputs],
        "status": [*ours, "status", *outputs],
        "check": [*ours, "check", *outputs, "--inventory", f"{single}/hosts", "--world", f"{single}/world"],
    }
    for command in commands.values():
        subprocess.run(command, env=environ(), stdout=subprocess.DEVNULL, check=True)
    return commands


def _started(counts: Counts) -> list[Figure]:
    python, imports = counts["python"] / 1e6, counts["imports"] / 1e6
    return [
        Figure('python -c "import argparse, json"', python, "M"),
        *(
            Figure(name, counts[key] / 1e6 / python, "x", 3)
            for key, name in (("help", "--help"), ("status", "status"), ("check", "check of one file"))
        ),
        Figure("the imports of reconcile", imports, "M"),
        Figure("reconcile of 5x20 against its imports", counts["reconcile"] / 1e6 / imports, "x", 1.5),
    ]


_FIGURES: dict[str, Callable[[Counts], list[Figure]]] = {
    "cold": _cold,
    "document": lambda counts: _change(counts, "document", "a world document"),
    "inventory": lambda counts: _change(counts, "inventory", "a services.yaml"),
    "resync": _resync,
    "offline": _offline,
    "start": _started,
}

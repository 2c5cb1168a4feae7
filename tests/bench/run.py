"""``make bench``: what it costs, as ratios within one run; prints tables, and writes them into docs/performance.md.

make bench ARGS='[--only SECTION,...] [--json FILE] [--write] [--count SUBJECT,...] [--idle SECONDS] [--folder DIR]'
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import itertools
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import commands, fleet, inside, instructions, papers
from tests.bench.counter import NEITHER, find_counter
from tests.bench.daemons import Daemon, Flipping
from tests.bench.figures import Figure, Table, median, quantile

SIZES = ("5x20", "20x50", "100x50", "300x100", "1000x100")
"""For the plots; figures with a limit are of the sizes that it names."""
PAIRED = ("5x100", "1000x100")
"""Fleets of which the first nodes are the same, file by file."""

Series = dict[str, dict[str, float]]


@dataclass
class Bench:
    """Where fleets are made, how long it may idle, and what was found for the plots: name, size, value."""

    folder: Path
    idle: float = 600
    subjects: Collection[str] = tuple(instructions.RUNS)
    series: dict[str, Series] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """Sentences about the section that is being measured."""

    def fleet(self, size: str, purpose: str) -> Path:
        """A new fleet, observed just now."""
        root = self.folder / f"{purpose}-{size}"
        shutil.rmtree(root, ignore_errors=True)
        fleet.write(root, size, now=dt.datetime.now(dt.UTC))
        # What the disk still has to do with it is no part of any figure.
        os.sync()
        return root

    def note(self, plot: str, line: str, at: str, value: float) -> None:
        self.series.setdefault(plot, {}).setdefault(line, {})[at] = value


def counted(bench: Bench) -> list[Figure]:
    counter = find_counter()
    if counter is None:
        bench.notes.append(NEITHER)
        return []
    bench.notes.append(f"Counted by {counter.name}; M: a million instructions.")
    return instructions.measure(counter, bench.fleet, bench.subjects)


def cold(bench: Bench) -> list[Figure]:
    figures = []
    for size in SIZES:
        root = bench.fleet(size, "cold")
        results: dict[str, list[float]] = {"cold": [], "naive": [], "events": []}
        for _ in range(3 if size == fleet.HUGE else 9):
            for task, values in results.items():
                values.append(inside.call(task, root))
        ours, naive, floor = (median(results[task]) * 1e3 for task in results)
        bench.note("cold", "a pass from nothing", size, ours)
        bench.note("cold", "yaml.load and json.loads alone", size, naive)
        bench.note("cold", "libyaml's events alone", size, floor)
        if size in (fleet.LARGE, fleet.HUGE):
            figures += [
                Figure(f"{size}: yaml.load and json.loads alone", naive, "ms"),
                Figure(f"{size}: a pass from nothing", ours, "ms", note=f"libyaml's events alone: {floor:.0f} ms"),
                Figure(f"{size}: ratio", ours / naive, "x"),
            ]
    return figures


def change(bench: Bench) -> list[Figure]:
    """All daemons run at the same time and are changed in turn, so that whatever disturbs one disturbs all."""
    sizes = sorted({*SIZES, *PAIRED}, key=lambda size: [int(item) for item in size.split("x")])
    took: dict[tuple[str, str], list[float]] = {}
    with contextlib.ExitStack() as stack:
        subjects: dict[str, tuple[Daemon, Flipping]] = {}
        for size in sizes:
            root = bench.fleet(size, "change")
            daemon = stack.enter_context(
                Daemon(root, "--quiet-period", "50ms", "--resync-interval", "1h", stamped=True)
            )
            subjects[size] = daemon, Flipping(root, "node0001")
        for size in PAIRED:
            root = bench.fleet(size, "floor")
            daemon = stack.enter_context(Daemon(root, module="tests.bench.floor"))
            subjects[f"floor {size}"] = daemon, Flipping(root, "node0001")
        root = bench.fleet(PAIRED[0], "bytes")
        daemon = stack.enter_context(Daemon(root, module="tests.bench.floor", environ={"BENCH_FLOOR": "bytes"}))
        subjects["bytes"] = daemon, Flipping(root, "node0001")
        for turn in range(150):
            for kind in ("document", "inventory"):
                for name, (daemon, flipping) in subjects.items():
                    seconds = daemon.change(*getattr(flipping, kind)())
                    # Only after a quiet period is a change the first one; the first turns warm things up.
                    if turn >= 10:
                        took.setdefault((name, kind), []).append(seconds * 1e3)
                time.sleep(0.06)
    figures = []
    for kind, file in (("document", "a world document"), ("inventory", "a services.yaml")):
        small, huge = (median(took[size, kind]) for size in PAIRED)
        floor = median(took[f"floor {PAIRED[1]}", kind])
        for size in SIZES:
            bench.note("change", f"{file} changes", size, median(took[size, kind]))
        bench.note("change", f"the floor of {file}", PAIRED[1], floor)
        bench.note("change", f"the floor of {file}", SIZES[0], median(took[f"floor {PAIRED[0]}", kind]))
        figures += [
            Figure(f"{file}, {PAIRED[0]}, p50", small, "ms"),
            Figure(f"{file}, {PAIRED[1]}, p50", huge, "ms"),
            Figure(f"{file}, its floor, p50", floor, "ms"),
            Figure(f"{file}, its floor without looking at what the bytes say, p50", median(took["bytes", kind]), "ms"),
            Figure(f"{file}: {PAIRED[1]} against {PAIRED[0]}", huge / small, "x"),
            Figure(f"{file}: {PAIRED[1]} against its floor", huge / floor, "x", 3),
        ]
    return figures


def latency(bench: Bench) -> list[Figure]:
    """Everything included; now and then a file is renamed within its folder, or leaves the tree, just before."""
    dice = random.Random(1)
    results: dict[str, list[float]] = {}
    for quiet, count in (("500ms", 60), ("50ms", 2000)):
        root = bench.fleet(fleet.LARGE, "latency")
        with Daemon(root, "--quiet-period", quiet, stamped=True) as daemon:
            flipping = [Flipping(root, f"node{index:04d}") for index in range(1, 20)]
            for turn in range(count):
                time.sleep(0.6 if quiet == "500ms" else 0.065)
                what, text = dice.choice(flipping).document()
                before = "as it is"
                if turn % 5 == 1:
                    before = "after a rename within the folder"
                    (root / "world/nodes/notes.txt").write_text("x")
                    (root / "world/nodes/notes.txt").rename(root / "world/nodes/notes.old")
                elif turn % 5 == 2 and turn > 5:
                    before = "after a file left the tree"
                    (root / "world/nodes/notes.old").rename(root / "notes")
                seconds = daemon.change(what, text)
                results.setdefault(quiet, []).append(seconds * 1e3)
                results.setdefault(before, []).append(seconds * 1e3)
    return [
        Figure("p50, quiet_period as shipped (500 ms), 60 changes", median(results["500ms"]), "ms", 13),
        Figure("p50, 2000 changes", median(results["50ms"]), "ms", 13),
        Figure("p99.9, 2000 changes", quantile(results["50ms"], 0.999), "ms", 50),
        Figure("greatest, 2000 changes", max(results["50ms"]), "ms"),
        *(
            Figure(f"p50, {name}", median(results[name]), "ms")
            for name in ("as it is", "after a rename within the folder", "after a file left the tree")
        ),
    ]


def nothing(bench: Bench) -> list[Figure]:
    """Passes when nothing changed, by the daemon's own log, against a stat of every file and folder there."""
    figures = []
    for size in SIZES:
        root = bench.fleet(size, "nothing")
        paths = inside.paths(root)
        floors = []
        with Daemon(root, "--resync-interval", "500ms") as daemon:
            # Files are looked into until they are two seconds old.
            daemon.listen_for(5)
            skipped = len(daemon.passes("resync"))
            while len(daemon.passes("resync")) < skipped + 15:
                began = time.perf_counter()
                for path in paths:
                    os.stat(path)
                floors.append((time.perf_counter() - began) * 1e3)
                daemon.listen_for(0.2)
            ours = median([line["duration_ms"] for line in daemon.passes("resync")[skipped:]])
            bench.note("memory", "the daemon, settled", size, daemon.resident())
            bench.note("memory", "at its start", size, daemon.resident("VmHWM"))
            if size in (fleet.HOMELAB, fleet.LARGE, fleet.HUGE):
                figures.append(
                    Figure(f"{size}: memory, settled", daemon.resident(), "MB", 100 if size == fleet.HUGE else None)
                )
        floor = median(floors)
        bench.note("nothing", "a resync of nothing", size, ours)
        bench.note("nothing", "a stat of every file", size, floor)
        if size == fleet.HUGE:
            figures += [
                Figure(f"{size}: a stat of {len(paths)} files and folders", floor, "ms"),
                Figure(f"{size}: a resync of nothing", ours, "ms"),
                Figure(f"{size}: ratio", ours / floor, "x"),
            ]
        elif size == fleet.HOMELAB:
            importing = inside.call("imports", "-")
            settled = bench.series["memory"]["the daemon, settled"][size]
            figures += [
                Figure("a process that imports the five packages", importing, "MB"),
                Figure(f"{size}: memory against that", settled / importing, "x", 1.3),
            ]
    return figures


def idle(bench: Bench) -> list[Figure]:
    """As shipped, and between resyncs alone; then with somebody who reads the watched files all the time."""
    roots = [bench.fleet(fleet.HOMELAB, f"idle{index}") for index in range(2)]
    with Daemon(roots[0], watchdog=30) as usual, Daemon(roots[1], "--resync-interval", "1h", watchdog=3) as between:
        between.listen_for(5)
        used, waited, beats = between.used(), between.wakeups(), len(between.beats)
        between.listen_for(60)
        beats = len(between.beats) - beats
        more = between.wakeups() - waited - beats
        quiet = between.used() - used
        used, reads = between.used(), 0
        documents = list((roots[1] / "world" / "nodes").glob("*.json"))
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            documents[reads % len(documents)].read_bytes()
            reads += 1
            time.sleep(1 / 190)
        reading = between.used() - used
        used, waited, began = usual.used(), usual.wakeups(), time.monotonic()
        usual.listen_for(bench.idle)
        share = (usual.used() - used) / (time.monotonic() - began) * 100
        rate = (usual.wakeups() - waited) / (time.monotonic() - began) * 60
    return [
        Figure(f"5x20 as shipped, {bench.idle:.0f} s: of one core", share, "%", 0.1),
        Figure("as shipped: wake-ups a minute", rate, ""),
        Figure(f"between resyncs, 60 s: wake-ups beyond {beats} heartbeats", more, "", 0),
        Figure("between resyncs, 60 s: processor time", quiet * 1e3, "ms"),
        Figure(
            f"{reads} reads of watched files in 20 s: processor time", reading * 1e3, "ms", note="heartbeats included"
        ),
    ]


def storm(bench: Bench) -> list[Figure]:
    root = bench.fleet(fleet.LARGE, "storm")
    watchdog = 3.0
    sizes, worst, took, passes = [], 0.0, [], []
    with Daemon(root, watchdog=watchdog) as daemon:
        flipping = [Flipping(root, f"node{index:04d}") for index in range(20)]
        for _ in range(3):
            texts = [[flip.document() for _ in range(2)] for flip in flipping]
            daemon.listen_for(2)
            before, last = len(daemon.passes()), daemon.beats[-1]
            began = time.monotonic()
            for turn in range(20_000):
                path, text = texts[turn % 20][turn // 20 % 2]
                inside.replace(root / path, text)
                if turn % 100 == 0:
                    # A heartbeat counts from when it is heard.
                    daemon.listen(0.001)
            took.append(time.monotonic() - began)
            daemon.listen_for(7)
            passes.append(len(daemon.passes()) - before)
            moments = [beat for beat in daemon.beats if beat >= last]
            worst = max(worst, *(b - a for a, b in itertools.pairwise(moments)))
            sizes.append(daemon.resident())
        command = [sys.executable, "-m", "supervisor", "reconcile", "--dry-run", "-o", "json", "--stale-after"]
        command += [inside.STALE_AFTER, "--inventory", f"{root}/hosts", "--world", f"{root}/world"]
        report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        known = json.loads((root / "checkpoint.json").read_text())
    fresh = {recommendation["fingerprint"] for recommendation in report["recommendations"]}
    return [
        Figure("20 000 rewrites: seconds", median(took), "s"),
        Figure("passes during and after", max(passes), "", 3, "one at once, one each max_delay (5 s), one at the end"),
        Figure("recommendations that differ from a fresh pass", len(fresh ^ {*known["open"]}), "", 0),
        Figure(f"longest pause between heartbeats, due each {watchdog / 3:.0f} s", worst, "s", watchdog / 2),
        Figure("memory after three storms against after the first", sizes[-1] / sizes[0], "x", 1.05),
    ]


def many(bench: Bench) -> list[Figure]:
    counts = (1, 10, 100, 1000)
    measured = inside.call("changes", bench.fleet(fleet.HUGE, "many"), ",".join(map(str, counts)))
    for count in counts:
        bench.note("many", "nodes that go offline or come back in one pass", str(count), measured[str(count)] * 1e3)
    each = [measured[str(count)] / count * 1e3 for count in counts]
    return [
        *(
            Figure(f"{count} of 1000 nodes go offline or come back", measured[str(count)] * 1e3, "ms")
            for count in counts
        ),
        Figure("each of 1000 against each of 100", each[3] / each[2], "x"),
    ]


def days(bench: Bench) -> list[Figure]:
    sizes = inside.call("week", bench.fleet(fleet.HOMELAB, "week"), "7")
    return [
        *(Figure(f"at the end of day {day}", size, "MB") for day, size in enumerate(sizes, 1)),
        Figure(
            "day 7 against day 5", sizes[6] / sizes[4], "x", 1.005, "by then what is kept of texts and times is full"
        ),
    ]


def start(bench: Bench) -> list[Figure]:
    root = bench.fleet(fleet.HOMELAB, "start")
    common = ["--event-log", f"{root}/agent-events.log", "--checkpoint", f"{root}/checkpoint.json"]
    common += ["--stale-after", inside.STALE_AFTER, "--resync-interval", inside.STALE_AFTER]
    ours = [sys.executable, "-m", "supervisor"]
    single = bench.folder / "one"
    shutil.rmtree(single, ignore_errors=True)
    shutil.copytree(root / "hosts" / "node0001", single / "hosts" / "node0001")
    (single / "world").mkdir()
    shutil.copy(root / "world" / "nodes" / "node0001.json", single / "world")
    subprocess.run(
        [*ours, "reconcile", *common, "--inventory", f"{root}/hosts", "--world", f"{root}/world"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    needs = "import argparse, supervisor.show.terminal, supervisor.passes.read_and_judge, supervisor.passes.recorder"
    short = {
        "python": [sys.executable, "-c", "import argparse, json"],
        "--help": [*ours, "--help"],
        "status": [*ours, "status", *common],
        "check": [*ours, "check", *common, "--inventory", f"{single}/hosts", "--world", f"{single}/world"],
        "imports": [sys.executable, "-c", f"{needs}, supervisor.core.announce.report, supervisor.process.clock"],
        "reconcile": [*ours, "reconcile", *common, "--inventory", f"{root}/hosts", "--world", f"{root}/world"],
    }
    took: dict[str, list[float]] = {name: [] for name in short}
    for _ in range(25):
        for name, command in short.items():
            took[name].append(commands.run(command).processor * 1e3)
    results = {name: median(values) for name, values in took.items()}
    return [
        Figure('python -c "import argparse, json"', results["python"], "ms"),
        Figure("--help", results["--help"] / results["python"], "x"),
        Figure("status", results["status"] / results["python"], "x"),
        Figure("check of one file", results["check"] / results["python"], "x"),
        Figure("the imports of reconcile", results["imports"], "ms"),
        Figure("reconcile of 5x20", results["reconcile"] / results["imports"], "x"),
    ]


def restart(bench: Bench) -> list[Figure]:
    root = bench.fleet(fleet.LARGE, "restart")
    runs: list[dict[str, float]] = [inside.call("restart", root, str(time.monotonic_ns())) for _ in range(9)]
    results = {name: median([run[name] for run in runs]) * 1e3 for name in runs[0]}
    kept = ("start and imports", "judgement", "bytes")
    whole = sum(value for name, value in results.items() if name not in ("bytes", "cache"))
    return [
        *(Figure(name, results[name], "ms") for name in ("start and imports", "inventory", "world", "judgement")),
        Figure("to the first verdict", whole, "ms"),
        Figure("a cache: reading the bytes, to know that they are the same", results["bytes"], "ms"),
        Figure("a cache: loading the parsed files", results["cache"], "ms"),
        Figure(
            "to the first verdict with it",
            (with_it := sum(results[kept_item] for kept_item in kept) + results["cache"]),
            "ms",
        ),
        Figure("what it would gain", whole / with_it, "x"),
        Figure("what a cache that loads in no time would gain", whole / (with_it - results["cache"]), "x"),
    ]


SECTIONS: dict[str, tuple[str, Callable[[Bench], list[Figure]]]] = {
    "instructions": ("Instructions, the same on every machine", counted),
    "cold": ("A pass from nothing, processor time, medians", cold),
    "change": ("One file changes: rename to durable event", change),
    "latency": ("One world document changes at 100x50: rename to durable event, everything included", latency),
    "nothing": ("Nothing changes: a resync, and memory", nothing),
    "idle": ("Idle", idle),
    "storm": ("20 000 rewrites of 20 documents at 100x50, three times", storm),
    "many": ("Many nodes change at once at 1000x100: reading, judging, durable events", many),
    "days": ("Seven simulated days at 5x20, a look and a pass each minute: resident memory", days),
    "start": ("Short commands, processor time, medians of 25", start),
    "restart": ("A restart at 100x50, medians of 9", restart),
}


def machine() -> str:
    """The machine that figures are of, in a line."""
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    versions = f"Python {platform.python_version()}, Linux {platform.release().split('-')[0]}, {release}"
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%d}; {os.cpu_count()} cores, {versions}"


def conclude(tables: list[Table], series: dict[str, Series], file: Path | None, write: bool) -> int:
    """Keep what was measured where it is asked for, and say which limits are missed; the exit status."""
    if file:
        result: dict[str, Any] = {"machine": machine(), "tables": [asdict(table) for table in tables], "series": series}
        file.write_text(json.dumps(result, indent=1) + "\n")
    if write:
        papers.write(machine(), tables, series)
    missed = [
        f"{table.name}: {figure.name}" for table in tables for figure in table.figures if figure.verdict == "MISSED"
    ]
    print("\n" + (f"missed: {'; '.join(missed)}" if missed else "every limit is met"))
    return 1 if missed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__, allow_abbrev=False)
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, separated by commas")
    parser.add_argument("--count", default=",".join(instructions.RUNS), help="what instructions are counted of")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--write", action="store_true", help="put tables and plots into docs/performance.md")
    parser.add_argument("--idle", type=float, default=600, help="seconds to idle (600)")
    parser.add_argument("--folder", type=Path, default=Path(".scratch/bench"), help="where fleets are made")
    options = parser.parse_args()
    bench = Bench(options.folder.resolve(), options.idle, options.count.split(","))
    tables = []
    print(machine(), flush=True)
    for name in options.only.split(","):
        title, measure = SECTIONS[name]
        bench.notes.clear()
        figures = measure(bench)
        tables.append(Table(name, title, tuple(figures), tuple(bench.notes)))
        print(f"\n{tables[-1].text()}", flush=True)
    shutil.rmtree(bench.folder, ignore_errors=True)
    return conclude(tables, bench.series, options.json, options.write)


if __name__ == "__main__":
    sys.exit(main())

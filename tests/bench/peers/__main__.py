"""``make bench-peers``: ours and what could be used instead, on the same fleet, on the same machine, in one run.

make bench-peers ARGS='[--only PEER,...] [--sizes SIZE,...] [--json FILE] [--write] [--idle SECONDS] [--folder DIR]'

Installs the peers itself, from Debian and PyPI, below the folder; one that it cannot have is skipped, with the reason.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench import commands, fleet
from tests.bench.daemons import Flipping
from tests.bench.figures import Figure, Table, median, number
from tests.bench.peers import ansible, cfengine, monit, ours, prometheus
from tests.bench.peers.given import Given
from tests.bench.peers.install import Programs, SkippedError
from tests.bench.peers.peer import PATIENCE, Command, Peer, Resident
from tests.bench.run import conclude, machine

PEERS = {item.name: item for item in (prometheus.PEER, monit.PEER, ansible.PEER, cfengine.PEER)}
SIZES = (fleet.HOMELAB, fleet.LARGE, "200x100")
"""At the last what a program has to hold takes more room than itself; beyond it monit takes minutes to start."""
TURNS = 20
"""Changes of which latencies are medians."""
ROUNDS, ENOUGH = 9, 20.0
"""How often a command is run, and the seconds after which it is not run again."""
FASTER = 1 / 50
"""What latency may be of Prometheus's."""
NO_INTERPRETER: Mapping[str, Mapping[str, float | None]] = {size: {"monit": None} for size in SIZES[:2]}
"""Where a small program in C takes less for everything than Python does before it has done anything."""


@dataclass(frozen=True)
class Bench:
    """Where fleets are made, which peers there are to be had, and how long is idled."""

    folder: Path
    peers: Mapping[str, Programs]
    idle: float

    def fleet(self, size: str, purpose: str) -> tuple[Path, Path]:
        """A new fleet, observed just now, and a folder of one's own beside it."""
        root, own = self.folder / f"{purpose}-{size}", self.folder / f"{purpose}-{size}.own"
        fleet.write(root, size, now=dt.datetime.now(dt.UTC))
        own.mkdir()
        return root, own

    def chosen(self) -> Iterator[tuple[Peer, Programs]]:
        for name, programs in self.peers.items():
            yield PEERS[name], programs


def passes(bench: Bench, size: str) -> list[Figure]:
    """Whole commands, in turn, so that whatever disturbs one disturbs all."""
    root, _ = bench.fleet(size, "ours")
    truth = Given(root).failed
    subjects: list[Command] = [ours.command(root)]
    for peer, programs in bench.chosen():
        if peer.commands:
            subjects += peer.commands(programs, *bench.fleet(size, f"command-{peer.name}"))
    took: dict[str, list[commands.Took]] = {subject.name: [] for subject in subjects}
    for _ in range(ROUNDS):
        for subject in subjects:
            if sum(run.wall for run in took[subject.name]) < ENOUGH:
                took[subject.name].append(run := commands.run(subject.argv, subject.environ, subject.status))
                _agree(subject.name, subject.drifted(run), truth)
    results = {
        name: (median([run.processor for run in runs]) * 1e3, f"{median([run.wall for run in runs]) * 1e3:.0f} ms wall")
        for name, runs in took.items()
    }
    served = ours.anew(bench.fleet(size, "anew")[0]) * 1e3
    return [
        *_against("full pass, processor time", results | {"ours": (served, "by the daemon, everything anew")}, "ms"),
        *_against("full pass as a command, processor time", results, "ms", dict.fromkeys(results)),
    ]


def residents(bench: Bench, size: str) -> list[Figure]:
    """All daemons run at the same time, idle at the same time, and are then changed in turn."""
    with ExitStack() as stack:
        root, _ = bench.fleet(size, "daemon-ours")
        truth = Given(root).failed
        own = stack.enter_context(ours.Ours(root))
        subjects: dict[str, Resident] = {"ours": own}
        changes = {"ours": Flipping(root, "node0001")}
        for peer, programs in bench.chosen():
            if peer.daemon:
                root, folder = bench.fleet(size, f"daemon-{peer.name}")
                subjects[peer.name] = stack.enter_context(peer.daemon(programs, root, folder))
                changes[peer.name] = Flipping(root, "node0001")
        own.listen_for(15)
        for name, subject in subjects.items():
            deadline = time.monotonic() + PATIENCE
            while (results := subject.drifted()) != truth and time.monotonic() < deadline:
                own.listen_for(1)
            _agree(name, results, truth)
        before = {name: subject.used() for name, subject in subjects.items()}
        own.listen_for(bench.idle)
        idle = {name: (subject.used() - before[name]) * 60 / bench.idle for name, subject in subjects.items()}
        memory = {name: (subject.resident(), "") for name, subject in subjects.items()}
        took, soon = _changed(own, subjects, changes)
    # Every other change is a failure, those between are recoveries.
    latency = {
        name: (
            median(values),
            f"{min(values):.0f} to {max(values):.0f} ms; of failures alone p50 {number(median(values[::2]))} ms",
        )
        for name, values in took.items()
    }
    resync = ours.resync(bench.fleet(size, "resync")[0]) * 1e3
    each = {name: (value * 1e3 / 60, "a sixtieth of a minute idle") for name, value in idle.items()}
    return [
        *_against("rename to notification, p50", latency, "ms", {"Prometheus": FASTER}),
        Figure("rename to notification, p50: ours, 50 ms after another change", median(soon), "ms"),
        *_against("idle, processor time a minute", {name: (value, "") for name, value in idle.items()}, "s"),
        *_against("daemon looks at everything, processor time", each | {"ours": (resync, "a resync")}, "ms"),
        *_against("memory", memory, "MB", NO_INTERPRETER.get(size)),
        Figure("memory: an interpreter that does nothing", ours.interpreter(), "MB"),
    ]


def _changed(
    own: ours.Ours, subjects: Mapping[str, Resident], changes: Mapping[str, Flipping]
) -> tuple[dict[str, list[float]], list[float]]:
    """Milliseconds that each took over changes at random moments, and ours over changes that follow another at once."""
    dice = random.Random(1)
    took: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(TURNS):
        for name, subject in subjects.items():
            own.listen_for(dice.uniform(0.6, 1.6))
            took[name].append(subject.change(*changes[name].document()) * 1e3)
    soon = []
    for _ in range(TURNS // 2):
        own.listen_for(0.6)
        own.change(*changes["ours"].document())
        own.listen_for(0.05)
        soon.append(own.change(*changes["ours"].document()) * 1e3)
    return took, soon


def _against(
    what: str, results: Mapping[str, tuple[float, str]], unit: str, limits: Mapping[str, float | None] | None = None
) -> list[Figure]:
    """What was found of each, with its note, and ours held against the others: at most the same, or the limit.

    A limit of None: shown, and not held to it.
    """
    figures = [Figure(f"{what}: {name}", value, unit, note=note) for name, (value, note) in results.items()]
    for name, (value, _) in results.items():
        if name != "ours":
            ratio = results["ours"][0] / value
            note = f"{number(1 / ratio)} to 1" if ratio < 1 else ""
            figures.append(Figure(f"{what}: ours against {name}", ratio, "x", (limits or {}).get(name, 1), note))
    return figures


def _agree(name: str, results: set[str], truth: set[str]) -> None:
    """Who finds something else has another task, and no figure of it means anything."""
    if results != truth:
        raise AssertionError(f"{name} differs in {len(results ^ truth)}, such as {sorted(results ^ truth)[:5]}")


def measure(bench: Bench, size: str, skipped: Sequence[str]) -> Table:
    figures = [*passes(bench, size), *residents(bench, size)]
    failed = len(Given(bench.folder / f"ours-{size}").failed)
    notes = [f"Each found the same {failed} of the fleet's services missing or unhealthy.", *skipped]
    notes += [f"{peer.name}: {programs.versions}." for peer, programs in bench.chosen()]
    notes += [note for peer, _ in bench.chosen() for note in peer.notes]
    return Table(f"peers-{size}", f"Peers at {size}: medians of one run", tuple(figures), tuple(notes))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__, allow_abbrev=False)
    parser.add_argument("--only", default=",".join(PEERS), help="peers, separated by commas")
    parser.add_argument("--sizes", default=",".join(SIZES), help="nodes x services, separated by commas")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--idle", type=float, default=60, help="seconds to idle (60)")
    parser.add_argument("--folder", type=Path, default=Path(".scratch/peers"), help="where peers and fleets are put")
    options = parser.parse_args()
    # Ended from outside, it still ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = options.folder.resolve()
    peers, skipped = {}, []
    for name in options.only.split(","):
        try:
            peers[name] = PEERS[name].install(folder)
        except SkippedError as error:
            skipped.append(f"{name}: skipped, {error}.")
    print("\n".join([machine(), *skipped]), flush=True)
    tables, bench = [], Bench(folder / "fleets", peers, options.idle)
    shutil.rmtree(folder / "fleets", ignore_errors=True)
    try:
        for size in options.sizes.split(","):
            tables.append(measure(bench, size, skipped))
            print(f"\n{tables[-1].text()}", flush=True)
    finally:
        shutil.rmtree(folder / "fleets", ignore_errors=True)
    return conclude(tables, {}, options.json, options.write)


if __name__ == "__main__":
    sys.exit(main())

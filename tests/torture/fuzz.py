"""``make fuzz``: broken inputs through reader, judgement and emitter; nothing but typed problems, none above a second.

    python -m tests.torture.fuzz --inputs 100000 --seed 1
    python -m tests.torture.fuzz --only 4711 --seed 1        # one of them again, in this process

An input is three files made of the seed and its number alone: an inventory, a node's own document, and one for all.
They are real bytes in real files. Each process that works on them can die of one; which it was is known, and said.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from queue import Empty
from random import Random
from typing import Any

from supervisor.core.announce.emissions import number, plan_emissions
from supervisor.core.announce.events import LINE_LIMIT, event_line, parse_line
from supervisor.core.announce.ledger import Ledger, fold
from supervisor.core.announce.report import report_json
from supervisor.core.judge.explain import explain
from supervisor.core.judge.reconcile import reconcile
from supervisor.core.model.findings import Summary, Thresholds
from supervisor.core.model.problems import Level
from supervisor.core.text import json_text
from supervisor.files.inventory.load import load_inventory
from supervisor.files.world.load import load_world

ROOT = Path(__file__).parents[2]
FILES = ("hosts/nas/services.yaml", "world/nodes/nas.json", "world/fleet.yaml")
LIMIT = 1 << 20
NOW = 1_762_000_000 * 10**9
HANG = 30.0
"""Seconds after which a process that works on one input is taken to hang."""

TOKENS = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b": ",
        b",",
        b"- ",
        b"\n",
        b"\n  ",
        b"\t",
        b"#",
        b"'",
        b'"',
        b"\\",
        b"&a ",
        b"*a",
        b"<<: ",
    ),
    *(
        b"!!binary ",
        b"!!python/object:os.system ",
        b"? ",
        b"| ",
        b"> ",
        b"---\n",
        b"...\n",
        b"%TAG ! x\n",
        b"~",
        b"null",
    ),
    *(
        b"\0",
        b"\x1b[2J",
        b"\x7f",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\r",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xe2\x80\xae",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"NaN",
        b"Infinity",
        b"-0",
        b"1e400",
        b"0x1F",
        b"0o17",
        b"22:22",
        b"2024-13-45",
        b"no",
    ),
    *(
        b"\\ud800",
        b"\\u0000",
        b"9" * 5000,
        b"[" * 2000,
        b'{"a":' * 500,
        b"a" * 5000,
        b"\n<2>",
        b"../../etc",
        b"services",
    ),
    *(
        b"depends_on: ",
        b"failover: ",
        b"critical: ",
        b"oneshot: ",
        b'"status": ',
        b'"observed_at": ',
        b"node:\n",
        b"x-y: ",
    ),
    *(
        b"2026-11-01T12:00:00Z",
        b"9999-12-31T23:59:59Z",
        b"0001-01-01T00:00:00+23:59",
        b"1d",
        b"true",
        b"false",
        b"services:\n",
    ),
]
WORDS = [
    "ok",
    "failed",
    "exited",
    "unknown",
    "absent",
    "starting",
    "completed",
    "online",
    "offline",
    "",
    "é",
    "a b",
    "\u202e",
]
NAMES = ["web", "db", "media/db", "nas/web", "8080", "on", "~", "a" * 200, "a" * 201, "..", "a//b", "é", "\n", "\ud800"]


def corpus() -> list[bytes]:
    """Files that mean something, from the bundled homelab, real labs and the scenarios."""
    results = [*ROOT.glob("config/homelab/**/*"), *ROOT.glob("tests/real/**/*"), *ROOT.glob("tests/scenarios/**/*")]
    kept = sorted(item for item in results if item.suffix in (".yaml", ".yml", ".json") and item.is_file())
    return [
        kept_item.read_bytes()
        for kept_item in kept
        if kept_item.stat().st_size < 20_000 and kept_item.name != "expected.json"
    ]


def _value(chance: Random, depth: int = 0) -> Any:
    kind = chance.randrange(9 if depth < 4 else 6)
    if kind < 2:
        return chance.choice(WORDS)
    if kind == 2:
        return chance.choice([None, True, False, 0, -1, 1e308, 10**30, 0.1])
    if kind == 3:
        return chance.choice(NAMES)
    if kind in (4, 5):
        return chance.choice(["2026-11-01T12:00:00Z", "d-1", "INC-1", "nas", "critical"])
    if kind == 6:
        return [_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    keys = ["services", "nodes", "status", "node", "deployments", "incidents", "id", "service", "at", "since", "name"]
    keys += ["depends_on", "critical", "oneshot", "enabled", "failover", "always_on", "severity", "observed_at", *NAMES]
    return {chance.choice(keys): _value(chance, depth + 1) for _ in range(chance.randrange(6))}


def _mutated(chance: Random, data: bytes, others: list[bytes]) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        begin = chance.randrange(len(data) + 1)
        end = min(len(data), begin + chance.choice((0, 1, 3, 10, 100)))
        kind = chance.randrange(8)
        if kind < 3:
            data = data[:begin] + chance.choice(TOKENS) + data[end:]
        elif kind == 3:
            data = data[:begin] + data[end:]
        elif kind == 4:
            data = data[:end] + data[begin:end] * chance.choice((1, 2, 50)) + data[end:]
        elif kind == 5:
            data = data[:begin] + chance.randbytes(chance.choice((1, 2, 8))) + data[end:]
        elif kind == 6:
            other = chance.choice(others)
            cut = chance.randrange(len(other) + 1)
            data = data[:begin] + other[cut : cut + chance.choice((10, 100, 1000))] + data[end:]
        else:
            data = data[:begin]
    return data


def make(seed: int, count: int, seeds: list[bytes]) -> dict[str, bytes]:
    """The files of one input."""
    chance = Random(f"{seed}:{count}")
    files = {}
    for name in FILES:
        data = json.dumps(_value(chance)).encode() if chance.random() < 0.2 else chance.choice(seeds)
        files[name] = data if chance.random() < 0.2 else _mutated(chance, data, seeds)
    return files


def check(folder: Path, files: dict[str, bytes]) -> set[str]:
    """Put one input through everything; the problems it gave, with what differs taken out. Raises what is a fault."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    desired, actual = load_inventory(str(folder / "hosts"), LIMIT), load_world(str(folder / "world"), LIMIT)
    problems = (*desired.problems, *actual.problems)
    for results in problems:
        assert results.message.isprintable(), results.message
        assert results.file in (*files, "hosts/", "world/"), results.file
        assert results.line is None or results.line >= 1
    judgement = reconcile(desired.value, actual.value, Thresholds(), NOW, problems)
    report = judgement.report
    if any(problem.level is Level.ERROR for problem in problems):
        assert report.summary is Summary.UNSTABLE
    text = json_text(report_json(report))
    assert text.isprintable()
    text.encode()
    events = number(plan_emissions(Ledger(), judgement, NOW, 0), Ledger(), "/runtime-supervisor/x", NOW)
    lines = [event_line(event) for event in events]
    for line in lines:
        assert len(line) <= LINE_LIMIT
        assert line.count(b"\n") == 1
        assert parse_line(line) is not None
    rebuilt = fold(Ledger(), [json.loads(line) for line in lines]).open
    assert set(rebuilt) == {recommendation.fingerprint for recommendation in report.recommendations}
    for recommendation in report.recommendations[:3]:
        explain(judgement, recommendation.subject)
    return {re.sub(r"'.*'|\d+", "…", problem.message) for problem in problems}


def _folder() -> Path:
    folder = Path(
        tempfile.mkdtemp(prefix="runtime-supervisor-fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    )
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass
class Found:
    """What a run came to."""

    inputs: int = 0
    messages: set[str] = field(default_factory=set)
    slowest: tuple[float, int] = (0.0, -1)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.inputs} inputs, {len(self.faults)} faults, {len(self.messages)} kinds of problems, "
            f"slowest {1000 * self.slowest[0]:.0f} ms (input {self.slowest[1]})"
        )


def _work(seed: int, numbers: range, at: Synchronized[int], results: Any) -> None:
    """One process: all numbers in turn; ``at`` is the one it works on."""
    seeds, folder, outcome = corpus(), _folder(), Found()
    for count in numbers:
        at.value = count
        files = make(seed, count, seeds)
        began = time.perf_counter()
        try:
            outcome.messages |= check(folder, files)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            outcome.faults.append(f"input {count}: {type(error).__name__}: {error}"[:500])
        outcome.slowest = max(outcome.slowest, (time.perf_counter() - began, count))
        outcome.inputs += 1
    at.value = -1
    results.put(outcome)


def run(inputs: int, seed: int) -> Found:
    """Put that many inputs through, on all cores; what hangs or kills its process is a fault of that input."""
    spawn = multiprocessing.get_context("spawn")
    results, total = spawn.Queue(), Found()
    cores = os.cpu_count() or 1
    pending = [range(first, inputs, cores) for first in range(min(cores, inputs))]
    workers: dict[Any, tuple[Any, range, list[float]]] = {}

    def start(numbers: range) -> None:
        at = spawn.Value("q", -1)
        process = spawn.Process(target=_work, args=(seed, numbers, at, results))
        process.start()
        workers[process] = (at, numbers, [-1, time.monotonic()])

    for numbers in pending:
        start(numbers)
    owed = 0
    while workers or owed:
        try:
            outcome = results.get(timeout=0.5)
        except Empty:
            pass
        else:
            owed -= 1
            total.inputs += outcome.inputs
            total.messages |= outcome.messages
            total.faults += outcome.faults
            total.slowest = max(total.slowest, outcome.slowest)
        for process, (at, numbers, seen) in list(workers.items()):
            if at.value != seen[0]:
                seen[:] = [at.value, time.monotonic()]
            hangs = seen[0] >= 0 and time.monotonic() - seen[1] > HANG
            if process.is_alive() and not hangs:
                continue
            process.kill()
            process.join()
            del workers[process]
            owed += not hangs and process.exitcode == 0
            if hangs or process.exitcode:
                culprit = int(at.value)
                total.faults.append(
                    f"input {culprit}: {'hangs' if hangs else f'the process died ({process.exitcode})'}"
                )
                rest = numbers[numbers.index(culprit) + 1 :] if culprit >= 0 else range(0)
                if rest:
                    start(rest)
    return total


def slow(seed: int, count: int) -> bool:
    """Above a second, also when it has the machine to itself?"""
    folder, files = _folder(), make(seed, count, corpus())
    times = []
    for _ in range(3):
        began = time.perf_counter()
        check(folder, files)
        times.append(time.perf_counter() - began)
    return min(times) > 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one input")
    options = parser.parse_args()
    if options.only is not None:
        files = make(options.seed, options.only, corpus())
        for name, data in files.items():
            print(f"--- {name}\n{data!r}")
        print("\n".join(sorted(check(_folder(), files))))
        return 0
    outcome = run(options.inputs, options.seed)
    if outcome.slowest[0] > 1 and slow(options.seed, outcome.slowest[1]):
        outcome.faults.append(f"input {outcome.slowest[1]}: takes more than a second")
    for fault in outcome.faults[:20]:
        print(f"{fault}\n    python -m tests.torture.fuzz --seed {options.seed} --only {fault.split()[1].rstrip(':')}")
    print(f"seed {options.seed}: {outcome}")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())

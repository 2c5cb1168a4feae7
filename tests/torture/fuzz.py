"""``make fuzz``: broken inputs through reader, judgement and emitter; nothing but typed problems, none above a second.

    python -m tests.torture.fuzz --inputs 100000 --seed 1
    python -m tests.torture.fuzz --only 4711 --seed 1        # one of them again, in this process
    python -m tests.torture.fuzz --saved .scratch/fuzz/1-4711

An input is three files made of the seed and its number alone: an inventory, a node's own document, and one for all.
They are real bytes in real files. Each process that works on them can die of one; which it was is known, and said.
An input that is a fault is kept below .scratch/fuzz, for the files that it was made from may change.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from random import Random
from typing import Any

from supervisor.core.announce import number, plan_emissions
from supervisor.core.events import LINE_LIMIT, event_line, parse_line
from supervisor.core.explain import explain
from supervisor.core.ledger import Ledger, fold
from supervisor.core.model import Level, Summary, Thresholds
from supervisor.core.reconcile import reconcile
from supervisor.core.report import report_json
from supervisor.core.text import json_text
from supervisor.files.inventory import load_inventory
from supervisor.files.world import load_world

ROOT = Path(__file__).parents[2]
FILES = ("hosts/nas/services.yaml", "world/nodes/nas.json", "world/fleet.yaml")
LIMIT = 1 << 20
NOW = 1_762_000_000 * 10**9
HANG = 30.0
"""Seconds after which a process that works on one input is taken to hang."""
MEMORY = 2 << 30
"""Bytes of address space of such a process: one input of some kilobytes needs no more."""
SAVED = ROOT / ".scratch" / "fuzz"

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
    *(
        b"%TAG ! x\n" * 200,
        b'"' + b"k" * 5000 + b'": [' + b"0," * 2000,
        b"x: [" + b"[" * 50 + b"0," * 2000,
        b"? " + b"k" * 3000 + b"\n: ",
        b"a/" * 1000,
        b"&a [*a, ",
        b"*a, " * 500,
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
    found = [*ROOT.glob("config/homelab/**/*"), *ROOT.glob("tests/real/**/*"), *ROOT.glob("tests/scenarios/**/*")]
    kept = sorted(one for one in found if one.suffix in (".yaml", ".yml", ".json") and one.is_file())
    return [one.read_bytes() for one in kept if one.stat().st_size < 20_000 and one.name != "expected.json"]


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
    for one in problems:
        assert one.message.isprintable(), one.message
        assert 0 < len(one.message) <= 500, one.message
        assert len(one.pointer) <= 2000, one.pointer
        assert one.file in (*files, "hosts/", "world/"), one.file
        assert one.line is None or one.line >= 1
    judgement = reconcile(desired.value, actual.value, Thresholds(), NOW, problems)
    report = judgement.report
    if any(one.level is Level.ERROR for one in problems):
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
    assert set(rebuilt) == {one.fingerprint for one in report.recommendations}
    for recommendation in report.recommendations[:3]:
        explain(judgement, recommendation.subject)
    return {re.sub(r"'.*'|\d+", "…", one.message) for one in problems}


Put = Callable[[Path, dict[str, bytes]], set[str]]
"""What an input is put through, in a folder of its own."""


@contextmanager
def _folder() -> Iterator[Path]:
    """A scratch folder with the folders of an input, in memory if it can be."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="runtime-supervisor-fuzz-", dir=where) as name:
        _make_folders(Path(name))
        yield Path(name)


def _make_folders(folder: Path) -> None:
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)


@dataclass
class Found:
    """What a run, or a part of it, came to."""

    inputs: int = 0
    messages: set[str] = field(default_factory=set)
    slowest: tuple[float, int] = (0.0, -1)
    slow: list[int] = field(default_factory=list)
    """The inputs above a second; on a busy machine they may be none."""
    faults: dict[int, str] = field(default_factory=dict)

    def add(self, other: Found) -> None:
        self.inputs += other.inputs
        self.messages |= other.messages
        self.slowest = max(self.slowest, other.slowest)
        self.slow += other.slow
        self.faults |= other.faults

    def __str__(self) -> str:
        return (
            f"{self.inputs} inputs, {len(self.faults)} faults, {len(self.messages)} kinds of problems, "
            f"slowest {1000 * self.slowest[0]:.0f} ms (input {self.slowest[1]})"
        )


def _work(seed: int, numbers: range, put: Put, at: Synchronized[int], results: Connection, folder: Path) -> None:
    """One process: all numbers in turn; ``at`` is the one it works on. What it found goes out before it can die."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seeds, told = corpus(), set[str]()
    for count in numbers:
        found = Found(inputs=1)
        at.value = count
        files = make(seed, count, seeds)
        began = time.perf_counter()
        try:
            found.messages = put(folder, files) - told
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            found.faults[count] = f"{type(error).__name__}: {error}"[:500]
        found.slowest = (time.perf_counter() - began, count)
        if found.slowest[0] > 1:
            found.slow = [count]
        told |= found.messages
        results.send(found)
        at.value = -1


class _Worker:
    """A process on its way through some numbers, and another one for the rest when it dies."""

    def __init__(self, seed: int, numbers: range, put: Put, patience: float, folder: Path) -> None:
        _make_folders(folder)
        self._seed, self._put, self._patience, self._folder = seed, put, patience, folder
        self.found = Found()
        self._start(numbers)

    def _start(self, numbers: range) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._numbers = numbers
        self._at = spawn.Value("q", -1)
        self.results, theirs = spawn.Pipe(duplex=False)
        self._process = spawn.Process(
            target=_work, args=(self._seed, numbers, self._put, self._at, theirs, self._folder)
        )
        self._process.start()
        theirs.close()
        self._heard = time.monotonic()

    @property
    def hangs(self) -> bool:
        return time.monotonic() - self._heard > self._patience

    def take(self) -> bool:
        """Take in what it found; False when it is at its end."""
        try:
            self.found.add(self.results.recv())
        except EOFError:
            return self._gone("the process died")
        self._heard = time.monotonic()
        return True

    def kill(self) -> bool:
        self._process.kill()
        return self._gone(f"nothing after {self._patience:g} s")

    def _gone(self, how: str) -> bool:
        """Say what it died of, and go on behind that; False when there is nothing to go on with."""
        self._process.join()
        self.results.close()
        if self._process.exitcode == 0:
            return False
        culprit = int(self._at.value)
        self.found.faults[culprit] = f"{how} ({self._process.exitcode})"
        if culprit < 0:
            return False
        self.found.inputs += 1
        rest = self._numbers[self._numbers.index(culprit) + 1 :]
        if rest:
            self._start(rest)
        return bool(rest)


def run(inputs: int, seed: int, put: Put = check, patience: float = HANG) -> Found:
    """Put that many inputs through, on all cores; what hangs or kills its process is a fault of that input."""
    cores, total = os.cpu_count() or 1, Found()
    with _folder() as folder:
        workers = [
            _Worker(seed, range(first, inputs, cores), put, patience, folder / str(first))
            for first in range(min(cores, inputs))
        ]
        going = list(workers)
        while going:
            ready = wait([one.results for one in going], timeout=1)
            going = [
                one for one in going if (one.take() if one.results in ready else one.kill() if one.hangs else True)
            ]
    for one in workers:
        total.add(one.found)
    for count in total.slow:
        if count not in total.faults and too_slow(seed, count, put):
            total.faults[count] = "takes more than a second, also alone"
    for count in total.faults:
        if count >= 0:
            _save(seed, count)
    return total


def too_slow(seed: int, count: int, put: Put) -> bool:
    """Above a second, also when it has the machine to itself?"""
    files = make(seed, count, corpus())
    times = []
    with _folder() as folder:
        for _ in range(2):
            began = time.perf_counter()
            put(folder, files)
            times.append(time.perf_counter() - began)
    return min(times) > 1


def _save(seed: int, count: int) -> None:
    folder = SAVED / f"{seed}-{count}"
    _make_folders(folder)
    for name, data in make(seed, count, corpus()).items():
        (folder / name).write_bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one input")
    parser.add_argument("--saved", type=Path, help="the folder of one that was kept")
    options = parser.parse_args()
    if options.only is not None or options.saved is not None:
        if options.saved is not None:
            files = {name: (options.saved / name).read_bytes() for name in FILES}
        else:
            files = make(options.seed, options.only, corpus())
        for name, data in files.items():
            print(f"--- {name}\n{data!r}")
        with _folder() as folder:
            print("\n".join(sorted(check(folder, files))))
        return 0
    found = run(options.inputs, options.seed)
    for count, fault in sorted(found.faults.items())[:20]:
        kept = (SAVED / f"{options.seed}-{count}").relative_to(ROOT)
        print(f"input {count}: {fault}\n    {sys.executable} -m tests.torture.fuzz --saved {kept}")
    print(f"seed {options.seed}: {found}")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())

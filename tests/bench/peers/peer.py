"""What a peer is to the benchmark: how to come by it, its whole commands, and its daemon if it has one."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from tests.bench.commands import Took
from tests.bench.daemons import used
from tests.bench.inside import resident
from tests.bench.peers.install import Programs

PATIENCE = 60.0
"""Seconds after which waiting is given up."""


@dataclass(frozen=True)
class Command:
    """A full pass as a command of its own, which ends with ``status`` when it finds something.

    ``drifted`` gives, from what it said, ``node/service`` of what is not well.
    """

    name: str
    argv: Sequence[str]
    drifted: Callable[[Took], set[str]]
    environ: Mapping[str, str] | None = None
    status: int = 0


class Resident(Protocol):
    """A daemon that looks after a fleet."""

    def change(self, relative: str, text: str) -> float:
        """Rename new content into place; seconds until somebody was told about it."""

    def drifted(self) -> set[str]:
        """What it holds to be not well now."""

    def used(self) -> float:
        """Seconds of processor time so far."""

    def resident(self) -> float:
        """Megabytes of memory now."""


@dataclass(frozen=True)
class Peer:
    """``commands`` and ``daemon`` take the programs, a fleet, and a folder of their own that is there already."""

    name: str
    install: Callable[[Path], Programs]
    commands: Callable[[Programs, Path, Path], Sequence[Command]] | None = None
    daemon: Callable[[Programs, Path, Path], AbstractContextManager[Resident]] | None = None
    notes: Sequence[str] = field(default=())


class Process:
    """A process that ends with its context at the latest; what it says is in ``folder/NAME.log``."""

    def __init__(self, folder: Path, argv: Sequence[str], environ: Mapping[str, str], name: str) -> None:
        self._said = folder / f"{name}.log"
        with self._said.open("w") as said:
            self._process = subprocess.Popen(
                argv, env=environ, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._said.name}: not ready: {self._said.read_text()[-2000:]}")
            time.sleep(0.1)

    def used(self) -> float:
        return used(self._process.pid)

    def resident(self) -> float:
        return resident(self._process.pid)

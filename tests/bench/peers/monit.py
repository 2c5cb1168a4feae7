"""Monit, each second: it cannot hold one set against another, so it is given a file for each service that is well.

That is the least that it can be asked: whether each expected file is there.
"""

from __future__ import annotations

import os
import re
import select
import time
from pathlib import Path

from tests.bench.commands import Took
from tests.bench.peers.given import Given
from tests.bench.peers.install import Programs, debian
from tests.bench.peers.peer import PATIENCE, Command, Peer, Process


def configuration(given: Given, folder: Path, failed: str, recovered: str) -> str:
    """What monit is to check, and which commands it is to run when a service fails, and when it is back."""
    lines = ["set daemon 1"]
    lines += [f"set {what}file {folder}/{what}" for what in ("log", "pid", "id", "state")]
    for node, services in given.desired.items():
        for service in services:
            lines += [
                f'check file "{node}/{service}" with path {flag(folder, f"{node}/{service}")}',
                f'  if not exist then exec "{failed}" else if succeeded then exec "{recovered}"',
            ]
    return "\n".join(lines) + "\n"


def flag(folder: Path, name: str) -> Path:
    return folder / "well" / name


def drifted(took: Took) -> set[str]:
    return set(re.findall(r"^'(\S+)' file doesn't exist$", took.complaints, re.MULTILINE))


def write(given: Given, folder: Path, failed: str, recovered: str) -> Path:
    for node, services in given.actual.items():
        flag(folder, node).mkdir(parents=True, exist_ok=True)
        for service, well in services.items():
            if well:
                flag(folder, f"{node}/{service}").touch()
    path = folder / "monitrc"
    path.touch(0o600)
    path.write_text(configuration(given, folder, failed, recovered))
    return path


def _commands(programs: Programs, root: Path, folder: Path) -> list[Command]:
    path = write(Given(root), folder, "/bin/true", "/bin/true")
    argv = [programs.path("monit"), "-c", str(path), "validate"]
    return [Command("monit", argv, drifted, programs.environ(), status=1)]


class Monit(Process):
    """The daemon, and a pipe to which it has the news written."""

    def __init__(self, programs: Programs, root: Path, folder: Path) -> None:
        self._given = Given(root)
        self._folder = folder
        self._failed: set[str] = set()
        os.mkfifo(folder / "news")
        self._news = os.open(folder / "news", os.O_RDWR)
        say = f"/bin/sh -c 'echo {{}} $MONIT_SERVICE >{folder}/news'"
        path = write(self._given, folder, say.format("failed"), say.format("recovered"))
        super().__init__(folder, [programs.path("monit"), "-I", "-c", str(path)], programs.environ(), "monit")

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        os.close(self._news)

    def change(self, relative: str, text: str) -> float:
        self._listen(0)
        moment = self._given.change(relative, text)
        for name in moment.failed:
            flag(self._folder, name).unlink()
        for name in moment.recovered:
            flag(self._folder, name).touch()
        deadline = moment.at + PATIENCE
        while not (moment.failed <= self._failed and self._failed.isdisjoint(moment.recovered)):
            if time.monotonic() > deadline:
                raise RuntimeError(f"monit says nothing after {relative} changed")
            self._listen(1)
        return time.monotonic() - moment.at

    def drifted(self) -> set[str]:
        self._listen(0)
        return set(self._failed)

    def _listen(self, seconds: float) -> None:
        """Take in what it says within so many seconds, until it has said something and no more."""
        while select.select([self._news], [], [], seconds)[0]:
            seconds = 0
            for line in os.read(self._news, 1 << 16).decode().splitlines():
                word, name = line.split()
                (self._failed.add if word == "failed" else self._failed.discard)(name)


PEER = Peer("monit", lambda scratch: debian(scratch, "monit", "monit"), _commands, Monit)

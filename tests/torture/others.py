"""Other programs around the event log, each a process: one that writes lines, one that rotates, and a busy recorder.

``python -m tests.torture.others write LOG NAME COUNT``, ``… press LOG NAME``, ``… rename LOG SECONDS``, ``… record
FOLDER COUNT``. The last three go on until their standard input ends.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from supervisor.core.instant import SECOND
from supervisor.files import checkpoint
from supervisor.files.settings import Settings, load_settings
from supervisor.passes.read_and_judge import judge
from supervisor.passes.recorder import Recorder
from tests.acceptance.harness import environment

NAMES = [f"s{number:02}" for number in range(12)]
"""The services of ``settle``; with the summary a change of all of them is one event more."""

RESTART = 50
"""Passes after which the recorder is another one, which reads the log again."""


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.torture.others", *arguments],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def busy(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """One of them in the background; at the end its standard input ends, and it must end well."""
    process = started(*arguments)
    try:
        yield process
        process.communicate(timeout=600)
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def where(place: Path) -> str:
    """On what the fixture ``place`` is."""
    return "in memory" if place.is_relative_to("/dev/shm") else "on disk"


def line_of(name: str, number: int) -> bytes:
    """What another writer says: short lines, lines across pages, and a long one now and then."""
    length = 9000 if number % 500 == 0 else number * 37 % 1500
    return json.dumps({"writer": name, "number": number, "text": "x" * length}).encode() + b"\n"


def write(log: str, name: str, count: int) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for number in range(count):
        line = line_of(name, number)
        assert os.write(descriptor, line) == len(line)


def press(log: str, name: str) -> None:
    """Write on and on, also on a full disk; says the numbers of the lines that went in whole."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for number in itertools.count():
        with suppress(OSError):
            line = line_of(name, number % 500)
            if os.write(descriptor, line) == len(line):
                print(number % 500)
        if _told_to_stop(0.002):
            return


def rename(log: str, seconds: float) -> None:
    """As logrotate does, but all the time; the fifth is given up."""
    while not _told_to_stop(seconds):
        for number in range(4, -1, -1):
            with suppress(FileNotFoundError):
                os.rename(f"{log}.{number}" if number else log, f"{log}.{number + 1}")


def settle(folder: Path, word: str) -> Settings:
    """A node whose services all have this status, and the settings for it; its outputs are in the folder, too."""
    for path, document in (
        (folder / "hosts" / "nas" / "services.yaml", {"services": NAMES}),
        (folder / "world" / "nodes" / "nas.json", {"services": dict.fromkeys(NAMES, word)}),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
    places = {"inventory": "hosts", "world": "world", "event_log": "agent-events.log", "checkpoint": "checkpoint.json"}
    return load_settings({key: str(folder / name) for key, name in places.items()}, {}, None)


def record(folder: Path, count: int) -> None:
    """Append at least so many events; the last pass leaves everything ill."""
    well, ill = (judge(settle(folder, word), os.stat(folder).st_mtime_ns) for word in ("ok", "failed"))
    settings = settle(folder, "failed")
    now, passes = ill.picture.now, 0
    while True:
        with Recorder(settings) as recorder:
            for _ in range(RESTART):
                passes += 1
                now += SECOND
                recorder.record(ill if passes % 2 else well, now, 0, None)
        saved = checkpoint.load(settings.checkpoint)
        assert saved is not None
        if saved.ledger.sequence >= count and _told_to_stop(0):
            with Recorder(settings) as recorder:
                recorder.record(ill, now + SECOND, 0, None)
            return


def _told_to_stop(seconds: float) -> bool:
    return bool(select.select([sys.stdin], [], [], seconds)[0])


def main(what: str, *rest: str) -> Any:
    if what == "write":
        write(rest[0], rest[1], int(rest[2]))
    elif what == "press":
        press(*rest)
    elif what == "rename":
        rename(rest[0], float(rest[1]))
    else:
        record(Path(rest[0]), int(rest[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])

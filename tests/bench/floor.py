"""The least that can be done about a change: watchdog's callback, reading that file, one append with its fdatasync.

``BENCH_FLOOR=bytes``: the file's bytes are read, and nobody asks what they say.
"""

from __future__ import annotations

import json
import os
import signal
import time

import sdnotify
import yaml
from watchdog.events import FileMovedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers.inotify import InotifyObserver

from tests.bench.daemons import STAMP

_LINE = b"x" * 700 + b"\n"
"""As long as an event."""


class _Floor(FileSystemEventHandler):
    def __init__(self, log: str) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND)
        self._inode = os.fstat(self._log).st_ino
        self._pipe = int(os.environ["BENCH_STAMPS"])
        self._parses = os.environ.get("BENCH_FLOOR") != "bytes"

    def on_any_event(self, event: FileSystemEvent) -> None:
        with open(event.dest_path, "rb") as file:
            data = file.read()
        if self._parses:
            _parse(str(event.dest_path), data)
        os.write(self._log, _LINE)
        os.fdatasync(self._log)
        os.write(self._pipe, STAMP.pack(time.monotonic_ns(), self._inode))


def _parse(path: str, data: bytes) -> None:
    """As far as the libraries' C code goes: no values are made of YAML's events."""
    if path.endswith(".json"):
        json.loads(data)
        return
    loader = yaml.CSafeLoader(data)
    while type(loader.get_event()) is not yaml.StreamEndEvent:
        pass


def main() -> None:
    root = os.environ["BENCH_ROOT"]
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    observer = InotifyObserver()
    for folder in ("hosts", "world"):
        observer.schedule(
            _Floor(f"{root}/agent-events.log"), f"{root}/{folder}", recursive=True, event_filter=[FileMovedEvent]
        )
    observer.start()
    sdnotify.SystemdNotifier().notify("READY=1")
    signal.sigwait([signal.SIGTERM])
    observer.stop()
    observer.join()


if __name__ == "__main__":
    main()

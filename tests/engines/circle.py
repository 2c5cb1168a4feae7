"""The closed circle: an engine, the observer that looks at it, the world folder, the supervisor, its events."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from tests.acceptance.harness import Daemon, Lab, environment
from tests.systemd.machine import until

NODE = "nas"


class Circle:
    """Observer and supervisor as processes. ``events`` are what an operator reads of it."""

    def __init__(self, folder: Path, socket: Path, *options: str) -> None:
        self.lab = Lab(folder)
        self._options = [
            *("--inventory", str(folder / "hosts"), "--world", str(folder / "world"), "--node", NODE),
            *("--engines", str(socket), "--systemd", "false", "--interval", "200ms", "--timeout", "5s"),
            *("--crash-window", "4s", *options),
        ]
        self.document = folder / "world" / "nodes" / f"{NODE}.json"
        self.document.unlink()
        self._observer: subprocess.Popen[bytes] | None = None
        self._daemon: Daemon | None = None
        self._told = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._daemon is not None:
            self._daemon.__exit__()
        self.stop_observing()

    def look_through(self, socket: Path, *options: str) -> None:
        """What the observer is told when it is started: another socket, other settings."""
        self._options += ["--engines", str(socket), *options]

    def close(self, inventory: str, *options: str) -> None:
        """All processes, and the first pass: from here on nothing is out of order."""
        self.lab.declare(NODE, inventory)
        self.observe()
        often = ("--resync-interval", "300ms", "--quiet-period", "50ms")
        self._daemon = Daemon(self.lab, *often, *options)
        self._daemon.__enter__()
        assert self.events() == []
        assert self.summary() == "nominal"

    def observe(self) -> None:
        """Start the observer; it has looked once when this returns."""
        before = self.document.stat().st_mtime_ns if self.document.exists() else 0
        self._observer = subprocess.Popen(
            [sys.executable, "-m", "supervisor", "observe", *self._options], env=environment(), cwd=self.lab.folder
        )
        until(lambda: self.document.exists() and self.document.stat().st_mtime_ns > before, "the first document")

    def stop_observing(self) -> None:
        if self._observer is not None:
            self._observer.send_signal(signal.SIGTERM)
            assert self._observer.wait(20) == 0
            self._observer = None

    def look(self, count: int = 2) -> None:
        """Until the observer has looked at what is now: the second document from here on began later."""
        for _ in range(count):
            before = self.observed()["observed_at"]
            until(lambda before=before: self.observed()["observed_at"] != before, "a look")  # type: ignore[misc]

    def observed(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.document.read_text())
        return document

    def service(self, name: str) -> dict[str, Any]:
        entry: dict[str, Any] = self.observed()["services"].get(name, {})
        return entry

    def summary(self) -> str:
        return str(json.loads(self.lab.command("status", "-o", "json").stdout)["summary"])

    def events(self) -> list[tuple[str, str, str]]:
        """New ones: type, subject, and the action or why it is over; changes of the summary are but the consequence."""
        return [
            (
                event["type"].removeprefix("reconcile_"),
                event["subject"],
                event["data"].get("resolution") or event["data"]["action"],
            )
            for event in self.lab.events()
            if event["type"] != "summary_changed"
        ][self._told :]

    def expect(self, *events: tuple[str, str, str]) -> None:
        """These events and no others, also after some more looks and passes."""
        until(lambda: len(self.events()) >= len(events), f"{events}, having {self.events()}")
        self.look(4)
        assert sorted(self.events()) == sorted(events), f"{events}, and not {self.events()}"
        self._told += len(events)

"""The real program as its users meet it: processes, files, signals, and the datagrams it sends to systemd."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

PATIENCE = 20.0
"""Seconds after which a test gives up waiting; nothing is ever asserted to be faster than that."""

WELL = {"status": "ok"}


class Lab:
    """A small homelab in a scratch folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "agent-events.log"
        self.checkpoint = folder / "checkpoint.json"
        self.options = [
            *("--inventory", str(folder / "hosts"), "--world", str(folder / "world")),
            *("--event-log", str(self.log), "--checkpoint", str(self.checkpoint)),
        ]
        (folder / "world" / "nodes").mkdir(parents=True)
        self.declare("nas", "services:\n  traefik:\n  jellyfin:\n    depends_on: [traefik]\n")
        self.observe("nas", traefik="ok", jellyfin="ok")

    def declare(self, node: str, text: str) -> None:
        """Rename a services.yaml into place."""
        folder = self.folder / "hosts" / node
        folder.mkdir(parents=True, exist_ok=True)
        self._replace(folder / "services.yaml", text)

    def observe(self, node: str, status: str = "online", **services: str) -> None:
        """Rename a node's own document into place."""
        document = {"status": status, "services": {name: {"status": word} for name, word in services.items()}}
        self._replace(self.folder / "world" / "nodes" / f"{node}.json", json.dumps(document))

    def events(self) -> list[dict[str, Any]]:
        """Our events, in order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]

    def kinds(self) -> list[tuple[str, str]]:
        return [(event["type"], event["subject"]) for event in self.events()]

    def command(
        self, name: str, *arguments: str, environ: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "supervisor", name, *self.options, *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            cwd=self.folder,
            env=environment(**(environ or {})),
        )

    @staticmethod
    def _replace(path: Path, text: str) -> None:
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_text(text)
        temporary.rename(path)


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would set the program up, but able to import it from anywhere; empty values are left out."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RUNTIME_SUPERVISOR_", "NOTIFY_"))}
    kept["PYTHONPATH"] = str(Path(__file__).parents[2])
    # So that each pass can be waited for, also one that changes nothing.
    kept["RUNTIME_SUPERVISOR_LOG_LEVEL"] = "debug"
    return {name: value for name, value in (kept | more).items() if value}


class Daemon:
    """``runtime-supervisor run`` with a real notify socket. ``with Daemon(lab) as daemon:`` ends it by SIGTERM."""

    def __init__(
        self,
        lab: Lab,
        *arguments: str,
        environ: dict[str, str] | None = None,
        ready: bool = True,
        python: str = sys.executable,
        command: Sequence[str] | None = None,
        user: int | None = None,
    ) -> None:
        self.lab = lab
        self.notices: list[str] = []
        self._path = lab.folder / "notify"
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))
        self._path.chmod(0o777)
        self.stderr = (lab.folder / "stderr").open("w+")
        self.process = subprocess.Popen(
            [*(command or (python, "-m", "supervisor")), "run", *lab.options, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=self.stderr,
            cwd=lab.folder,
            env=environment(NOTIFY_SOCKET=str(self._path), **(environ or {})),
            user=user,
        )
        if ready:
            self.wait_for(lambda: "READY=1" in self.notices)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        self._socket.close()
        self.stderr.close()

    def wait_for(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Until ``condition`` holds; looked at again at every datagram, for each pass sends one."""
        deadline = time.monotonic() + seconds
        while not condition():
            self._socket.settimeout(max(0.001, min(0.2, deadline - time.monotonic())))
            try:
                self.notices += self._socket.recv(65536).decode("ascii").splitlines()
            except TimeoutError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"waited in vain; it says: {self.said()[-3000:]}") from None

    def wait_for_events(self, count: int) -> list[dict[str, Any]]:
        self.wait_for(lambda: len(self.lab.events()) >= count)
        return self.lab.events()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def said(self) -> str:
        return (self.lab.folder / "stderr").read_text()

    def lines(self) -> list[dict[str, Any]]:
        """The log's lines, each one JSON object."""
        return [json.loads(line) for line in self.said().splitlines()]

    def passes(self) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == "pass"]


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that no process tells of."""
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.02)


def copy_homelab(folder: Path) -> None:
    """The bundled homelab, observed just now."""
    shutil.copytree(Path(__file__).parents[2] / "config" / "homelab", folder, dirs_exist_ok=True)
    for path in folder.rglob("*.json"):
        os.utime(path)

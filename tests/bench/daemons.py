"""Real daemons to be measured from outside: what they are told, when their events are on disk, what they use."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.bench.inside import STALE_AFTER, replace, resident

PATIENCE = 120.0
"""Seconds after which waiting is given up."""

STAMP = struct.Struct("=qq")
"""A moment on the monotonic clock in nanoseconds, and the inode that was synced."""


class Daemon:
    """A process that watches a fleet: ours by default, or ``module``, which takes the fleet's folder.

    ``stamped``: it tells the moment of each fsync that returned.
    """

    def __init__(
        self,
        root: Path,
        *options: str,
        stamped: bool = False,
        module: str = "",
        watchdog: float = 0,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.root = root
        self.log = root / "agent-events.log"
        self.beats: list[float] = []
        self.statuses = 0
        self.log.touch(0o600)
        self._inode = self.log.stat().st_ino
        path = root / "notify"
        path.unlink(missing_ok=True)
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notices.bind(str(path))
        # With a line for each pass, which ``passes`` counts; it makes ours look dearer, never cheaper.
        environ = {**os.environ, "RUNTIME_SUPERVISOR_LOG_LEVEL": "debug", **(environ or {}), "NOTIFY_SOCKET": str(path)}
        if watchdog:
            environ["WATCHDOG_USEC"] = str(round(watchdog * 1e6))
        command = [sys.executable, "-m", module or ("tests.bench.stamped" if stamped else "supervisor")]
        if not module:
            command += ["run", "--inventory", f"{root}/hosts", "--world", f"{root}/world", "--event-log", str(self.log)]
            command += ["--checkpoint", f"{root}/checkpoint.json", "--stale-after", STALE_AFTER, *options]
        self._stamps, writing = os.pipe()
        environ |= {"BENCH_STAMPS": str(writing), "BENCH_ROOT": str(root)}
        self._said = root / "stderr"
        with self._said.open("w") as said:
            self.process = subprocess.Popen(command, env=environ, stderr=said, pass_fds=[writing])
        os.close(writing)
        self.wait_ready()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        os.close(self._stamps)
        self._notices.close()

    def wait_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while "READY=1" not in self.listen(1):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"not ready: {self._said.read_text()[-2000:]}")

    def listen(self, seconds: float) -> list[str]:
        """The datagrams of so many seconds at most, until there is one and no other."""
        ends = time.monotonic() + seconds
        said: list[str] = []
        while (left := (0 if said else ends - time.monotonic())) >= 0:
            if not select.select([self._notices], [], [], left)[0]:
                break
            said += self._notices.recv(65536).decode().splitlines()
            if said[-1] == "WATCHDOG=1":
                self.beats.append(time.monotonic())
            self.statuses += said[-1].startswith("STATUS")
        return said

    def listen_for(self, seconds: float) -> None:
        """All datagrams of so many seconds."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            self.listen(left)

    def change(self, relative: str, text: str) -> float:
        """Rename new content into place; seconds until an event about it was on disk."""
        path = self.root / relative
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_text(text)
        while select.select([self._stamps], [], [], 0)[0]:
            os.read(self._stamps, 1 << 16)
        began = time.monotonic_ns()
        temporary.rename(path)
        while True:
            if not select.select([self._stamps], [], [], PATIENCE)[0]:
                raise RuntimeError(f"no event after {relative} changed: {self._said.read_text()[-2000:]}")
            stamp, inode = STAMP.unpack(os.read(self._stamps, STAMP.size))
            if inode == self._inode:
                return (int(stamp) - began) / 1e9

    def resident(self, key: str = "VmRSS") -> float:
        return resident(self.process.pid, key)

    def used(self) -> float:
        return used(self.process.pid)

    def wakeups(self) -> int:
        """How often its threads have waited for something so far."""
        lines = [line for thread in threads(self.process.pid) for line in (thread / "status").read_text().splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))

    def passes(self, trigger: str = "") -> list[dict[str, Any]]:
        lines = []
        for line in self._said.read_text().splitlines():
            with suppress(ValueError):
                lines.append(json.loads(line))
        return [line for line in lines if line.get("event") == "pass" and trigger in {"", line["trigger"]}]


def used(pid: int) -> float:
    """Seconds of processor time so far, of all threads of a process."""
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads(pid)) / 1e9


def threads(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


class Flipping:
    """Changes that an event follows, each the other way than the one before: a service fails, or is well again."""

    def __init__(self, root: Path, node: str, service: str = "traefik") -> None:
        self.root = root
        self._node = node
        self._service = service
        self._failed = self._more = False
        self._declared = (root / "hosts" / node / "services.yaml").read_text()
        self._document = json.loads((root / "world" / "nodes" / f"{node}.json").read_text())

    def document(self) -> tuple[str, str]:
        """A world document, whole, with another word for one service."""
        self._failed = not self._failed
        self._document["services"][self._service] = {"status": "failed" if self._failed else "ok"}
        return f"world/nodes/{self._node}.json", json.dumps(self._document, indent=1) + "\n"

    def inventory(self) -> tuple[str, str]:
        """A services.yaml, whole, with one more service, which is missing then."""
        self._more = not self._more
        more = "  one-more:\n    critical: true\n" if self._more else ""
        return f"hosts/{self._node}/services.yaml", self._declared + more


__all__ = ["Daemon", "Flipping", "replace"]

"""What systemd is told: READY, STATUS, RELOADING, STOPPING, and WATCHDOG only after verified progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sdnotify import SystemdNotifier


class Notifier(Protocol):
    """Sends datagrams of sd_notify; tests have a fake."""

    def notify(self, state: str) -> None: ...


class SdNotifier:
    """sdnotify, but it never blocks. Callers send plain ASCII: sdnotify drops what is not latin-1 without a word."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._inner = SystemdNotifier() if environ.get("NOTIFY_SOCKET") else None
        if self._inner is not None and self._inner.socket is not None:
            self._inner.socket.setblocking(False)

    def notify(self, state: str) -> None:
        if self._inner is not None:
            self._inner.notify(state)

    def close(self) -> None:
        if self._inner is not None and self._inner.socket is not None:
            self._inner.socket.close()


def ascii_line(text: str) -> str:
    """One line of printable ASCII of at most 500 characters."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:500]


class Systemd:
    """What systemd is told; without systemd, nothing is sent."""

    def __init__(self, notifier: Notifier, environ: Mapping[str, str], pid: int) -> None:
        self._notifier = notifier
        self.interval = _watchdog_interval(environ, pid)
        """Seconds between heartbeats, a third of what systemd waits for; None without a watchdog."""

    def extend_start(self, duration: int) -> None:
        """Ask for more time to start: ``duration`` in nanoseconds from now."""
        self._notifier.notify(f"EXTEND_TIMEOUT_USEC={duration // 1000}")

    def ready(self) -> None:
        self._notifier.notify("READY=1")

    def status(self, text: str) -> None:
        self._notifier.notify(f"STATUS={ascii_line(text)}")

    def reloading(self, monotonic: int) -> None:
        self._notifier.notify(f"RELOADING=1\nMONOTONIC_USEC={monotonic // 1000}")

    def stopping(self) -> None:
        self._notifier.notify("STOPPING=1")

    def alive(self) -> None:
        self._notifier.notify("WATCHDOG=1")


def _watchdog_interval(environ: Mapping[str, str], pid: int) -> float | None:
    text, owner = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not text.isdigit() or int(text) == 0 or (owner and owner != str(pid)):
        return None
    return int(text) / 3_000_000

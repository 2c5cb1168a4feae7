"""The observer's process: look, say what is out of order, wait.

It polls. A look costs milliseconds, and what was missed is seen at the next one; a stream of events would have to be
trusted never to hang, lose or reorder anything, and the looks would be needed all the same.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from supervisor.core.instant import SECOND, Duration, format_instant
from supervisor.errors import SupervisorError
from supervisor.files.reading import printable_path
from supervisor.observe.observer import Observer
from supervisor.observe.settings import ObserverSettings
from supervisor.process import logs, signals
from supervisor.process.clock import Clock
from supervisor.process.heartbeat import SdNotifier, Systemd

IDENTIFIER = f"{logs.IDENTIFIER}-observer"
_STOP = frozenset((signal.SIGTERM, signal.SIGINT))
_START: Duration = 60 * SECOND
"""How much longer a start may take, counted from each moment of the first look."""


def look_once(settings: ObserverSettings) -> None:
    """One look, for cron; what is out of order goes to standard error. ObserverError as ``Observer.look`` raises it."""
    clock = Clock()
    observer = Observer(settings, clock, clock.settle)
    observer.sweep()
    try:
        observer.look()
    finally:
        for notice in observer.notices:
            print(f"runtime-supervisor observe: {notice}", file=sys.stderr)


def run(settings: ObserverSettings) -> None:
    """A look every ``interval`` and at SIGHUP, until SIGTERM or SIGINT; ``signals.block`` was called before."""
    logs.configure(identifier=IDENTIFIER)
    clock = Clock()
    systemd = Systemd(SdNotifier(os.environ), os.environ, os.getpid())
    waiting = _Waiting(systemd)
    observer = Observer(settings, clock, clock.settle, waiting)
    observer.sweep()
    logs.get_logger().info("observing", node=settings.node, world=printable_path(settings.world))
    with suppress(_AskedToStop):
        _look_again_and_again(settings, observer, clock, systemd, waiting)
    systemd.stopping()
    logs.get_logger().info("stopped")


def _look_again_and_again(
    settings: ObserverSettings, observer: Observer, clock: Clock, systemd: Systemd, waiting: _Waiting
) -> None:
    told = _Told()
    due = clock.monotonic()
    while True:
        try:
            observer.look()
            told.say((), observer.notices)
            systemd.status(
                f"last look {format_instant(clock.now())}; {'; '.join(observer.notices) or 'all sources answer'}"
            )
        except SupervisorError as error:
            told.say(str(error).splitlines(), observer.notices)
            systemd.status(str(error))
        systemd.ready()
        waiting.starting = False
        due = max(due + settings.interval, clock.monotonic())
        got = _wait(due, clock, systemd)
        if got in _STOP:
            return
        if got is not None:
            due = clock.monotonic()


class _AskedToStop(Exception):  # noqa: N818 - it is not an error
    """SIGTERM or SIGINT came while a look waits for others. The look is not needed any more."""


class _Waiting:
    """What goes on while a look waits for its sources, each of which has a deadline: heartbeats, and the will to stop.

    Waiting for them is all that the observer has to do then, so a heartbeat is due, however long ``timeout`` is.
    """

    def __init__(self, systemd: Systemd) -> None:
        self._systemd = systemd
        self.starting = True

    def __call__(self) -> None:
        if signal.sigpending() & _STOP:
            raise _AskedToStop
        if self.starting:
            self._systemd.extend_start(_START)
        self._systemd.alive()


def _wait(due: int, clock: Clock, systemd: Systemd) -> signal.Signals | None:
    """The signal that ends the wait until ``due``, or None. Heartbeats go on, for waiting is what it has to do."""
    while True:
        systemd.alive()
        left = (due - clock.monotonic()) / SECOND
        got = signals.wait(min(left, systemd.interval or left))
        if got is not None or clock.monotonic() >= due:
            return got


class _Told:
    """Says what is out of order once, and that it is over."""

    def __init__(self) -> None:
        self._open: dict[str, str] = {}

    def say(self, errors: Sequence[str], notices: Sequence[str]) -> None:
        log = logs.get_logger()
        now = dict.fromkeys(notices, "warning") | dict.fromkeys(errors, "error")
        for text, level in now.items():
            if text not in self._open:
                getattr(log, level)(text)
        for text in self._open:
            if text not in now:
                log.info("recovered", what=text)
        self._open = now

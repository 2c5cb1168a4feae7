"""The main thread between two signals: when it looks, what it looks at, and what systemd hears of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from supervisor.core.instant import SECOND, Duration
from supervisor.process.heartbeat import Systemd

LOOK = 10.0
"""Seconds between two looks at the watch's threads when systemd wants no heartbeat; they may die in any case."""
_LATE = 1.0
"""Seconds between two looks at a pass that takes too long for a heartbeat: the next one must not wait for its turn."""
_START_STEP = 5 * SECOND
_LONGEST_WITHOUT_LOCK = 60 * SECOND
"""After that the start has failed: a service that calls itself active and records nothing would hide every drift."""
_LONGEST_START = 600 * SECOND
"""A first pass may take this long before systemd's own time-out for the start holds again."""


@dataclass
class Pulse:
    """Tells systemd of progress, and only of progress. Times are nanoseconds of the monotonic clock.

    ``watch_died`` says that a thread of the watch died unasked, ``rescan`` asks for a pass that looks at everything and
    watches anew; ``pass_began`` is when the pass that runs began, None between passes; ``overdue`` how long a pass has
    been due that nobody took; ``holds_lock`` whether the outputs are ours to write, ``give_up`` ends the daemon.
    """

    systemd: Systemd
    monotonic: Callable[[], int]
    watch_died: Callable[[], bool]
    rescan: Callable[[], None]
    pass_began: Callable[[], int | None]
    overdue: Callable[[], Duration]
    holds_lock: Callable[[], bool]
    give_up: Callable[[], None]
    ready: bool = field(default=False, init=False)
    """A pass is over, and it held the lock."""
    _withheld: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._started = self.monotonic()

    def pause(self) -> float:
        """Seconds until the next ``beat`` is due."""
        interval = self.systemd.interval
        if not self.ready:
            # The first pass may be over at any moment, and the first heartbeat is due an interval later.
            return min(_START_STEP / SECOND, LOOK if interval is None else interval)
        if interval is None:
            return LOOK
        return min(interval, _LATE) if self._withheld else interval

    def beat(self) -> None:
        """Before it is ready, ask systemd for more time, up to a limit; afterwards, look and say so.

        A heartbeat is sent only when the worker is not stuck in a pass and takes what is due.
        """
        now = self.monotonic()
        if not self.ready:
            if now - self._started >= _LONGEST_WITHOUT_LOCK and not self.holds_lock():
                self.give_up()
            elif now - self._started < _LONGEST_START:
                self.systemd.extend_start(4 * _START_STEP)
            return
        if self.watch_died():
            self.rescan()
        interval = self.systemd.interval
        if interval is None:
            return
        patience = int(2 * interval * SECOND)
        began = self.pass_began()
        self._withheld = (began is not None and now - began > patience) or self.overdue() > patience
        if not self._withheld:
            self.systemd.alive()

"""The reconcile queue.

Promises: (1) requests that come before a pass is taken are one pass, and the strongest trigger is its trigger; (2) a
request that comes while a pass runs is a pass after it, never lost; (3) at most one pass runs; (4) a pass that looks at
everything begins ``resync_interval`` after the last such pass began, whatever changes meanwhile; (5) changes are paced
by ``supervise.pacing``, what is requested comes at once; (6) a pass comes when time alone changes the verdict, at most
one a second, and none of its own while changes wait; (7) after ``close`` ``take`` returns None, a pass that runs is
finished.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from supervisor.core.instant import SECOND, Duration
from supervisor.supervise.pacing import Pacing

_LONGEST_WAIT = 3600 * SECOND
_BETWEEN_TURNS = SECOND
"""At least from one pass by time to the next: services that start one after another are not a pass each."""


class Trigger(StrEnum):
    """Why a pass is made, the strongest first. It decides how much is read again, never what the verdict is."""

    SIGNAL = "signal"
    START = "start"
    RESYNC = "resync"
    RETRY = "retry"
    CHANGE = "change"
    TIME = "time"


def _strongest(triggers: Iterable[Trigger]) -> Trigger:
    """The trigger that reads most: its pass serves the others as well."""
    return min(triggers, key=list(Trigger).index)


@dataclass(frozen=True, slots=True)
class Task:
    """A pass to make. ``changes`` are the files that changed, True for those renamed into place; None: all files."""

    trigger: Trigger
    changes: Mapping[str, bool] | None = None


class Workqueue:
    """See the module's promises. ``monotonic`` gives nanoseconds."""

    def __init__(self, monotonic: Callable[[], int], quiet: Duration, max_delay: Duration, resync: Duration) -> None:
        self._monotonic = monotonic
        self._condition = threading.Condition()
        self._pacing = Pacing(quiet, max_delay)
        self._resync = resync
        self._changes: dict[str, bool] | None = {}
        self._asked: Trigger | None = None
        self._asked_at = 0
        self._retry_at: int | None = None
        self._resync_at: int = monotonic() + resync
        self._turns_at: int | None = None
        self._next_turn_at = monotonic()
        self._running = False
        self._closed = False

    def request(self, trigger: Trigger) -> None:
        """A pass now. A weaker request is part of one that waits already, and does not take its place."""
        with self._condition:
            if self._asked is None:
                self._asked, self._asked_at = trigger, self._monotonic()
            self._asked = _strongest((self._asked, trigger))
            self._condition.notify()

    def began(self, path: str) -> None:
        """A write to ``path`` is in progress."""
        with self._condition:
            self._pacing = self._pacing.began(path, self._monotonic())
            self._note(path, False)

    def stirred(self) -> None:
        """A folder appeared or vanished."""
        with self._condition:
            self._pacing = self._pacing.stirred(self._monotonic())
            self._changes = None
            self._condition.notify()

    def ended(self, path: str) -> None:
        """The writer of ``path`` closed it."""
        with self._condition:
            self._pacing = self._pacing.ended(path, self._monotonic())
            self._note(path, False)

    def renamed(self, path: str) -> None:
        """``path`` was renamed into place."""
        with self._condition:
            self._pacing = self._pacing.ended(path, self._monotonic())
            self._note(path, True)

    def take(self) -> Task | None:
        """Wait until a pass is due; None once closed."""
        with self._condition:
            while not self._closed:
                now, waiting = self._monotonic(), self._waiting()
                if due := [trigger for trigger, at in waiting.items() if at <= now]:
                    return self._start(_strongest(due), now)
                # Bounded: a wait cannot be longer than the platform's largest timeout.
                self._condition.wait(min(min(waiting.values()) - now, _LONGEST_WAIT) / SECOND)
            return None

    def _start(self, trigger: Trigger, now: int) -> Task:
        task = Task(trigger, self._changes if trigger is Trigger.CHANGE else None)
        self._asked = self._retry_at = self._turns_at = None
        if trigger is Trigger.TIME:
            self._next_turn_at = now + _BETWEEN_TURNS
        self._pacing, self._changes = self._pacing.taken(), {}
        if task.changes is None:
            # Only a pass that looks at everything is a resync: others must not put it off.
            self._resync_at = now + self._resync
        self._running = True
        return task

    def done(self, retry_after: Duration | None = None, turns_at: int | None = None) -> None:
        """The pass is over.

        ``retry_after`` asks for another one, because it is not durable; ``turns_at`` is the moment, by the monotonic
        clock, from which on its verdict no longer holds though nothing changes.
        """
        with self._condition:
            self._running = False
            self._turns_at = turns_at
            if retry_after is not None:
                self._retry_at = self._monotonic() + retry_after

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify()

    def tune(self, quiet: Duration, max_delay: Duration, resync: Duration) -> None:
        """Use other durations from now on. What waits keeps waiting."""
        with self._condition:
            self._pacing = replace(self._pacing, quiet_period=quiet, max_delay=max_delay)
            self._resync_at += resync - self._resync
            self._resync = resync
            self._condition.notify()

    def overdue(self) -> Duration:
        """How long a pass has been due that nobody took, in nanoseconds; 0 while one runs or none is due."""
        with self._condition:
            if self._running or self._closed:
                return 0
            return max(0, self._monotonic() - min(self._waiting().values()))

    def _note(self, path: str, whole: bool) -> None:
        if self._changes is not None:
            self._changes[path] = whole
        self._condition.notify()

    def _waiting(self) -> dict[Trigger, int]:
        """What asks for a pass, and when each is due."""
        waiting = {Trigger.RESYNC: self._resync_at}
        if self._retry_at is not None:
            waiting[Trigger.RETRY] = self._retry_at
        if self._pacing.due is not None:
            waiting[Trigger.CHANGE] = self._pacing.due
        elif self._turns_at is not None:
            # What changed may make another verdict of it: time alone decides only while no change waits.
            waiting[Trigger.TIME] = max(self._turns_at, self._next_turn_at)
        if self._asked is not None:
            waiting[self._asked] = min(self._asked_at, waiting.get(self._asked, self._asked_at))
        return waiting

"""Crash loops: what is remembered of each container or unit, from look to look, to tell that it is restarted again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from supervisor.core.instant import Duration, Instant
from supervisor.observe.sighting import Sighting

CRASH_LOOP = 2
"""Restarts of one container or unit within the window that make a crash loop; a single one may be an accident."""


@dataclass(frozen=True, slots=True)
class Course:
    """What is remembered of one container or unit, by its place.

    ``restarts`` is what the engine has counted, ``more`` what was seen and the engine does not count. ``restarted``
    are the last restarts within the window, ``looping`` since when it is a crash loop, None while it is none.
    """

    source: str
    seen_at: Instant
    restarts: int | None = None
    more: int = 0
    created: Instant = 0
    started: Instant | None = None
    restarted: tuple[Instant, ...] = ()
    looping: Instant | None = None

    @property
    def count(self) -> int | None:
        """All restarts that are known of; None where nobody counts any."""
        return None if self.restarts is None and not self.more else (self.restarts or 0) + self.more


def followed(seen: Sighting, before: Course | None, now: Instant, window: Duration, *, starts_count: bool) -> Course:
    """The course of a container or unit after one more look.

    ``starts_count``: to be started again is to be restarted. It is not for what is meant to end.
    """
    course = Course(seen.source, now, seen.restarts, 0, seen.created, seen.started)
    if before is None:
        # What it counted before the first look is of another time.
        return course
    risen, more = _restarts(seen, before, starts_count=starts_count)
    if risen is None:
        return course
    # Of restarts in a longer time than the window, as between two looks from cron, its share counts.
    gap = max(window, now - before.seen_at)
    new = [now] * min(risen * window // gap, CRASH_LOOP)
    restarted = tuple(moment for moment in (*before.restarted, *new) if now - window <= moment <= now)[-CRASH_LOOP:]
    looping = None
    # Once it is one, it is over only after a whole window without a restart.
    if restarted and (before.looping is not None or len(restarted) >= CRASH_LOOP):
        looping = before.looping if before.looping is not None else restarted[0]
    return replace(course, more=before.more + more, restarted=restarted, looping=looping)


def _restarts(seen: Sighting, before: Course, *, starts_count: bool) -> tuple[int | None, int]:
    """How often it was restarted since the look before, and how many of these the engine does not count.

    None: it was rebuilt, or started by hand where nothing tells that from being rebuilt; it counts from the start.
    """
    if seen.created != before.created:
        # In the slot of a swarm every restart is a new container; elsewhere it is an update.
        fallen = sum(created >= before.created for created in seen.fallen)
        return (fallen, fallen) if fallen else (None, 0)
    counted = 0
    if seen.restarts is not None and before.restarts is not None:
        counted = seen.restarts - before.restarts
    if counted > 0:
        return counted, 0
    if seen.started is not None and before.started is not None and seen.started > before.started:
        # `docker restart` and autoheal are not counted by the engine, and set its count to 0.
        return (1, 1 + max(0, -counted)) if starts_count else (0, 0)
    return (0, 0) if counted == 0 else (None, 0)

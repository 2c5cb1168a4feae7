"""Moments as people read them: local time with its offset, and how long ago that is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from supervisor.core.instant import EPOCH, SECOND, Duration, Instant

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


class Here(NamedTuple):
    """When and where somebody reads. ``offset``: seconds that local time is ahead of UTC, at a moment in seconds."""

    now: Instant
    offset: Callable[[int], int]

    def moment(self, instant: Instant) -> str:
        """``2026-11-23 13:00:00 +01:00 (3h ago)``."""
        return f"{self.local(instant)} ({age(self.now - instant)})"

    def local(self, instant: Instant) -> str:
        """``2026-11-23 13:00:00 +01:00``."""
        seconds = instant // SECOND
        offset = self.offset(seconds)
        try:
            text = (EPOCH + timedelta(seconds=seconds + offset)).isoformat(" ")[:19]
        except OverflowError:
            # The last hours of the year 9999 are in a year that has no name here.
            return (EPOCH + timedelta(seconds=seconds)).isoformat(" ")[:19] + " +00:00"
        hours, minutes = divmod(abs(offset) // 60, 60)
        return f"{text} {'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def age(duration: Duration) -> str:
    """``3h ago``, in the largest unit that there is a whole one of; ``in 3h`` for what is to come."""
    seconds = abs(duration) // SECOND
    if not seconds:
        return "just now"
    unit, size = next((unit, size) for unit, size in _UNITS if seconds >= size)
    text = f"{seconds // size}{unit}"
    return f"{text} ago" if duration > 0 else f"in {text}"

"""The one module that reads a clock."""

from __future__ import annotations

import time

from supervisor.core.instant import SECOND, Duration, Instant

SETTLED: Duration = 50 * SECOND // 1000
"""A file that was modified longer ago counts as complete: a writer pauses for less between two writes of a file."""


class Clock:
    """The real clocks; tests pass a hand-written one of the same shape."""

    def now(self) -> Instant:
        """The moment, for judgement and records."""
        return time.time_ns()

    def monotonic(self) -> int:
        """Nanoseconds that only grow, for waiting and intervals."""
        return time.monotonic_ns()

    def offset(self, seconds: int) -> int:
        """Seconds that the local time is ahead of UTC, at a moment in seconds since 1970."""
        try:
            return time.localtime(seconds).tm_gmtoff
        except (OverflowError, OSError, ValueError):
            return 0

    def settle(self, modified_at: Instant | None) -> bool:
        """Wait for a file that was modified a moment ago, or nobody knows when (None). True when there was a wait."""
        age = 0 if modified_at is None else self.now() - modified_at
        if not 0 <= age < SETTLED:
            return False
        time.sleep((SETTLED - age) / SECOND)
        return True

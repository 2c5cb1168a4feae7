"""The one module that reads a clock."""

from __future__ import annotations

import time

from supervisor.core.instant import Instant


class Clock:
    """The real clocks; tests pass a hand-written one of the same shape."""

    def now(self) -> Instant:
        """The moment, for judgement and records."""
        return time.time_ns()

    def monotonic(self) -> int:
        """Nanoseconds that only ever grow, for waiting and intervals."""
        return time.monotonic_ns()

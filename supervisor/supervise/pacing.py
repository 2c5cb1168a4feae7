"""When a pass is due after changes: at once after the first finished write, later for those that follow, bounded."""

from __future__ import annotations

from dataclasses import dataclass, replace

from supervisor.core.instant import Duration


@dataclass(frozen=True, slots=True)
class Pacing:
    """Times are nanoseconds of any monotonic clock.

    ``quiet_period`` coalesces changes that follow one another; ``max_delay`` bounds how long a writer that never
    pauses can put a pass off. ``first`` is when the oldest change not yet reconciled came, ``finished`` when the last
    write came to its end, ``writing`` the paths whose writes have begun and not ended.
    """

    quiet_period: Duration
    max_delay: Duration
    first: int | None = None
    finished: int | None = None
    due: int | None = None
    writing: frozenset[str] = frozenset()

    def began(self, path: str, at: int) -> Pacing:
        """A write is in progress, or the file is gone and may come back at once: it may be incomplete now."""
        first = at if self.first is None else self.first
        return replace(self, first=first, due=self._later(first, at), writing=self.writing | {path})

    def stirred(self, at: int) -> Pacing:
        """A folder appeared or vanished. Changes of files in it may follow."""
        first = at if self.first is None else self.first
        return replace(self, first=first, due=self._later(first, at))

    def ended(self, path: str, at: int) -> Pacing:
        """A file is complete: closed, or renamed into place."""
        first = at if self.first is None else self.first
        writing = self.writing - {path}
        after_quiet = self.finished is None or at - self.finished >= self.quiet_period
        due = at if after_quiet and not writing else self._later(first, at)
        return replace(self, first=first, finished=at, due=due, writing=writing)

    def taken(self) -> Pacing:
        """A pass takes all changes up to here: nothing waits any more."""
        return replace(self, first=None, due=None, writing=frozenset())

    def _later(self, first: int, at: int) -> int:
        # A pass that is due stays due: it takes this change as well.
        if self.due is not None and self.due <= at:
            return self.due
        return min(at + self.quiet_period, first + self.max_delay)

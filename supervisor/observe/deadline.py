"""How long a look may still take. Whoever looks asks it before every wait."""

from __future__ import annotations

from collections.abc import Callable

from supervisor.core.instant import SECOND, Duration


class Deadline:
    """A moment of the monotonic clock, ``timeout`` nanoseconds from now; ``monotonic`` gives nanoseconds too."""

    def __init__(self, timeout: Duration, monotonic: Callable[[], int]) -> None:
        self._timeout = timeout
        self._monotonic = monotonic
        self._at = monotonic() + timeout

    def left(self) -> Duration:
        """Nanoseconds that are left; never less than 0."""
        return max(0, self._at - self._monotonic())

    def missed(self) -> str:
        """What is told of a source that was not in time. It reads on after the source's name, always the same."""
        return f"did not answer within {self._timeout / SECOND:g} s"

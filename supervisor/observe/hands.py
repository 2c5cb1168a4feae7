"""Work in threads of its own, so that whatever hangs there, the observer goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from supervisor.core.instant import SECOND
from supervisor.errors import AwayError, SourceError
from supervisor.observe.deadline import Deadline

T = TypeVar("T")

_SLICE = 0.25
_PAUSE = 0.25


class Hand(Generic[T]):
    """One piece of work. When it is over, either ``failure`` says why there is nothing, or ``result`` holds."""

    def __init__(self, name: str, work: Callable[[], T]) -> None:
        self.result: T
        self.failure: str | None = "gave up"
        self._work = work
        self._over = threading.Event()
        threading.Thread(target=self._do, name=name, daemon=True).start()

    def wait(self, deadline: Deadline, waiting: Callable[[], None]) -> bool:
        """True as soon as it is over, False when the time is up; ``waiting`` is called again and again meanwhile."""
        while not self._over.wait(min(_SLICE, deadline.left() / SECOND)):
            waiting()
            if not deadline.left():
                return self._over.is_set()
        return True

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def _do(self) -> None:
        try:
            self.result = self._work()
            self.failure = None
        except SourceError as error:
            self.failure = str(error)
        except Exception as error:  # noqa: BLE001 - one source's surprise is not the others'; it is told as its failure
            self.failure = f"gave something that cannot be understood ({type(error).__name__})"
        finally:
            self._over.set()


def patiently(work: Callable[[], T], deadline: Deadline) -> T:
    """The work, done again while it says that the other side may be back in a moment, as long as there is time."""
    while True:
        try:
            return work()
        except AwayError:
            if deadline.left() <= _PAUSE * SECOND:
                raise
            threading.Event().wait(_PAUSE)

"""Work that ends, fails, hangs, or may be done again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from supervisor.core.instant import SECOND
from supervisor.errors import AwayError, SourceError
from supervisor.observe.deadline import Deadline
from supervisor.observe.hands import Hand, patiently
from supervisor.process.clock import Clock


def within(seconds: float) -> Deadline:
    return Deadline(int(seconds * SECOND), Clock().monotonic)


def nothing() -> None:
    pass


def raising(error: Exception) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


def test_what_comes_of_it_is_there_when_it_is_over() -> None:
    hand = Hand("seven", lambda: 7)
    assert hand.wait(within(60), nothing)
    assert (hand.over, hand.failure, hand.result) == (True, None, 7)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (SourceError("answered 500"), "answered 500"),
        (AwayError("is away"), "is away"),
        (KeyError("secret"), "gave something that cannot be understood (KeyError)"),
    ],
)
def test_why_there_is_nothing_is_told_in_words(error: Exception, why: str) -> None:
    hand = Hand("broken", raising(error))
    assert hand.wait(within(60), nothing)
    assert hand.failure == why


def test_work_that_hangs_is_given_up_and_the_rest_goes_on_meanwhile() -> None:
    free = threading.Event()
    beats: list[int] = []
    hand = Hand("hanging", lambda: free.wait(60))
    assert not hand.wait(within(0.6), lambda: beats.append(1))
    assert beats
    assert not hand.over
    free.set()
    assert hand.wait(within(60), nothing)


class Back:
    """Something that is away for some calls."""

    def __init__(self, away: int) -> None:
        self.calls = 0
        self._away = away

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self._away:
            raise AwayError("is away")
        return "here"


def test_what_is_away_is_asked_again_until_it_is_back() -> None:
    back = Back(2)
    assert patiently(back, within(60)) == "here"
    assert back.calls == 3


def test_what_stays_away_is_said_when_the_time_is_up() -> None:
    with pytest.raises(AwayError, match=r"^is away$"):
        patiently(Back(1000), within(0.6))
    never = Back(1000)
    with pytest.raises(AwayError):
        patiently(never, within(0.1))
    assert never.calls == 1


def test_what_asking_again_would_not_mend_is_asked_once() -> None:
    calls: list[int] = []

    def refuse() -> None:
        calls.append(1)
        raise SourceError("answered 403")

    with pytest.raises(SourceError):
        patiently(refuse, within(60))
    assert calls == [1]

"""How long a look may still take."""

from __future__ import annotations

from supervisor.core.instant import SECOND
from supervisor.observe.deadline import Deadline


def test_what_is_left_shrinks_and_is_never_less_than_nothing() -> None:
    moments = iter([100 * SECOND, 103 * SECOND, 109 * SECOND])
    deadline = Deadline(5 * SECOND, lambda: next(moments))
    assert [deadline.left(), deadline.left()] == [2 * SECOND, 0]


def test_a_source_that_was_late_is_told_of_in_the_same_words_each_time() -> None:
    assert Deadline(SECOND // 2, lambda: 0).missed() == "did not answer within 0.5 s"

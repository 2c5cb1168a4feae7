"""When a pass is due after changes; times in milliseconds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervisor.supervise.pacing import Pacing

FRESH = Pacing(quiet_period=500, max_delay=5000)


def test_the_first_finished_write_is_due_at_once() -> None:
    assert FRESH.ended("a", 1000).due == 1000


def test_what_follows_waits_until_it_is_quiet() -> None:
    pacing = FRESH.ended("a", 1000).taken().ended("a", 1100)
    assert pacing.due == 1600
    assert pacing.ended("b", 1500).due == 2000


def test_a_write_in_progress_waits_for_its_end() -> None:
    pacing = FRESH.began("a", 1000)
    assert pacing.due == 1500
    assert pacing.ended("a", 1200).due == 1200


def test_the_end_of_one_write_does_not_cut_another_short() -> None:
    pacing = FRESH.began("a", 1000).began("b", 1001).ended("b", 1002)
    assert pacing.due == 1502
    assert pacing.ended("a", 1003).due == 1503


def test_a_folder_that_comes_does_not_put_a_finished_write_off() -> None:
    pacing = FRESH.stirred(1000)
    assert pacing.due == 1500
    assert pacing.ended("a", 1001).due == 1001


def test_a_writer_that_never_pauses_is_due_after_the_longest_delay() -> None:
    pacing = FRESH.ended("a", 1000).taken()
    for at in range(1100, 6000, 100):
        pacing = pacing.ended("a", at)
    assert pacing.due == 6100


def test_a_pass_already_due_stays_due() -> None:
    pacing = FRESH.ended("a", 1000)
    assert pacing.ended("b", 1001).due == 1000


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.integers(0, 700)), min_size=1))
def test_a_pass_is_always_due_in_time(changes: list[tuple[bool, str, int]]) -> None:
    pacing, now = FRESH, 0
    for ended, path, later in changes:
        now += later
        if pacing.due is not None and pacing.due <= now:
            pacing = pacing.taken()
        pacing = pacing.ended(path, now) if ended else pacing.began(path, now)
        assert pacing.due is not None
        assert pacing.first is not None
        assert pacing.due <= min(now + 500, pacing.first + 5000)

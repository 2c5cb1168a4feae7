"""The course of one container or unit from look to look: restarts of every kind, and when they are a crash loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from supervisor.core.instant import SECOND
from supervisor.observe.crashes import Course, followed
from supervisor.observe.sighting import Sighting

WINDOW = 300 * SECOND
NOW = 1_795_000_000 * SECOND


def looks(*seen: dict[str, Any], seconds: int = 60, starts_count: bool = True) -> list[Course]:
    """The courses of something after looks that far apart."""
    courses: list[Course] = []
    for number, facts in enumerate(seen):
        sighting = Sighting("/engine", "web", "ok", **facts)
        before = courses[-1] if courses else None
        now = NOW + number * seconds * SECOND
        courses.append(followed(sighting, before, now, WINDOW, starts_count=starts_count))
    return courses


def loops(courses: Iterable[Course]) -> list[bool]:
    return [course.looping is not None for course in courses]


def counts(*restarts: int, seconds: int = 60) -> list[bool]:
    return loops(looks(*({"restarts": count, "created": 1} for count in restarts), seconds=seconds))


def starts(*moments: int, **more: Any) -> list[Course]:
    """Looks at a container whose restarts nobody counts, as with `docker restart`."""
    return looks(*({"restarts": 0, "created": 1, "started": moment} for moment in moments), **more)


def test_two_restarts_within_the_window_are_a_crash_loop_and_one_is_none() -> None:
    assert counts(0, 1, 1, 1) == [False] * 4
    assert counts(0, 1, 2) == [False, False, True]
    assert counts(0, 9) == [False, True]
    # What was counted before the first look is of another time.
    assert counts(500, 500, 501) == [False] * 3
    # Two that are further apart than the window.
    assert counts(0, 1, 1, 1, 1, 1, 1, 2) == [False] * 8


def test_a_crash_loop_is_over_only_after_a_whole_window_without_a_restart() -> None:
    # A crash every four minutes, of a window of five: never two looks apart for long, never well in between.
    every = [minute // 4 for minute in range(25)]
    said = counts(*every)
    assert said[:8] == [False] * 8
    assert said[8:] == [True] * 17
    # The window counts from the last restart.
    assert counts(0, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3) == [False, *[True] * 9, False]


def test_a_crash_loop_is_since_its_first_restart_as_long_as_it_lasts() -> None:
    courses = looks(*({"restarts": count, "created": 1} for count in range(12)))
    assert {course.looping for course in courses if course.looping is not None} == {NOW + 60 * SECOND}


def test_of_restarts_between_two_looks_far_apart_their_share_counts() -> None:
    assert counts(0, 2, seconds=3600) == [False, False]
    assert counts(0, 60, seconds=3600) == [False, True]


def test_the_same_container_with_a_later_start_was_restarted() -> None:
    courses = starts(10, 10, 20, 30)
    assert loops(courses) == [False, False, False, True]
    # The engine counts none of these.
    assert [course.count for course in courses] == [0, 0, 1, 2]
    # A clock that was set back is no restart.
    assert loops(starts(30, 20, 10)) == [False] * 3


def test_a_restart_that_the_engine_counts_is_counted_once() -> None:
    courses = looks(*({"restarts": count, "created": 1, "started": count} for count in (0, 1, 1)))
    assert ([course.count for course in courses], loops(courses)) == ([0, 1, 1], [False] * 3)


def test_a_restart_by_hand_does_not_end_a_crash_loop() -> None:
    # `docker restart` sets the count to 0.
    facts = [(0, 1), (3, 4), (0, 5), (0, 5)]
    courses = looks(*({"restarts": count, "created": 1, "started": started} for count, started in facts))
    assert loops(courses) == [False, True, True, True]
    assert [course.count for course in courses] == [0, 3, 4, 4]


def test_what_is_meant_to_end_is_not_restarted_by_being_started() -> None:
    assert loops(starts(10, 20, 30, 40, starts_count=False)) == [False] * 4


def test_a_container_that_is_rebuilt_counts_from_the_start() -> None:
    # An update makes a new container of the same name.
    updates = looks(*({"restarts": 0, "created": number, "started": number} for number in range(1, 6)))
    assert loops(updates) == [False] * 5
    ended = looks({"restarts": 0, "created": 1}, {"restarts": 5, "created": 1}, {"restarts": 0, "created": 2})
    assert loops(ended) == [False, True, False]


def test_a_unit_that_is_started_by_hand_counts_from_the_start() -> None:
    assert loops(looks(*({"restarts": count} for count in (0, 2, 0, 1)))) == [False, True, False, False]


def test_in_the_slot_of_a_swarm_each_task_that_fell_is_a_restart() -> None:
    courses = looks(
        {"restarts": 0, "created": 1},
        {"restarts": 0, "created": 2, "fallen": (1,)},
        {"restarts": 0, "created": 2, "fallen": (1,)},
        {"restarts": 0, "created": 3, "fallen": (1, 2)},
    )
    assert loops(courses) == [False, False, False, True]
    assert [course.count for course in courses] == [0, 1, 1, 2]
    # Several between two looks.
    assert loops(looks({"created": 1}, {"created": 4, "fallen": (1, 2, 3)})) == [False, True]
    # What fell before the first look, or an update in the same slot, is none.
    assert loops(looks({"created": 3, "fallen": (1, 2)}, {"created": 4, "fallen": (1, 2)})) == [False, False]


def test_nothing_is_known_of_restarts_that_nobody_counts() -> None:
    assert [course.count for course in looks({}, {})] == [None, None]

"""Moments in local time, with their offset and their age."""

from __future__ import annotations

import pytest

from supervisor.core.instant import SECOND, parse_instant
from supervisor.show.moments import Here, age

NOON = parse_instant("2026-11-23T12:00:00.5Z")


@pytest.mark.parametrize(
    ("offset", "text"),
    [
        (0, "2026-11-23 12:00:00 +00:00 (3h ago)"),
        (3600, "2026-11-23 13:00:00 +01:00 (3h ago)"),
        (-12600, "2026-11-23 08:30:00 -03:30 (3h ago)"),
        (50400, "2026-11-24 02:00:00 +14:00 (3h ago)"),
    ],
)
def test_a_moment_has_its_offset_and_its_age(offset: int, text: str) -> None:
    assert Here(NOON + 3 * 3600 * SECOND, lambda _: offset).moment(NOON) == text


def test_the_offset_is_the_one_of_that_moment() -> None:
    asked: list[int] = []

    def offset(seconds: int) -> int:
        asked.append(seconds)
        return 0

    Here(0, offset).local(NOON)
    assert asked == [NOON // SECOND]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("offset", [-50400, 50400])
def test_the_first_and_the_last_day_can_be_shown(moment: str, offset: int) -> None:
    assert Here(NOON, lambda _: offset).moment(parse_instant(moment))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (0.9, "just now"),
        (1, "1s ago"),
        (59, "59s ago"),
        (60, "1m ago"),
        (3599, "59m ago"),
        (3600, "1h ago"),
        (86399, "23h ago"),
        (86400, "1d ago"),
        (400 * 86400, "400d ago"),
        (-90, "in 1m"),
    ],
)
def test_an_age_is_in_the_largest_unit_that_there_is_a_whole_one_of(seconds: float, text: str) -> None:
    assert age(int(seconds * SECOND)) == text

"""Moments and durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.instant import SECOND, format_duration, format_instant, parse_duration, parse_instant


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01.5z", 1_500_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59.999999999-00:00", -1),
        ("2016-12-31T23:59:60Z", 1_483_228_800 * SECOND),
        ("2026-11-23T12:00:00.123456789+05:45", 1_795_414_500_123_456_789),
    ],
)
def test_a_time_is_a_count_of_nanoseconds(text: str, nanoseconds: int) -> None:
    assert parse_instant(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-11-23T12:00:00", "has no offset"),
        ("2026-11-23 12:00:00Z", "is not an RFC 3339 time"),
        ("2026-11-23", "is not an RFC 3339 time"),
        ("2026-11-23T12:00:00.1234567890Z", "is not an RFC 3339 time"),
        ("2026-02-29T12:00:00Z", "day is out of range"),
        ("2026-11-23T24:00:00Z", "hour must be in"),
        ("2026-11-23T12:00:00+24:00", "impossible offset"),
        ("9999-12-31T23:59:59-01:00", "outside the years"),
        ("\u0662026-11-23T12:00:00Z", "is not an RFC 3339 time"),
    ],
)
def test_what_is_no_time_is_said_to_be_none(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_instant(text)


@given(st.integers(-62_135_596_800 * SECOND, 253_402_300_799 * SECOND))
def test_every_instant_reads_back(instant: int) -> None:
    assert parse_instant(format_instant(instant)) == instant


@given(st.integers(0, 10**17))
def test_every_duration_reads_back(duration: int) -> None:
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("30s", 30), ("5m", 300), ("4h", 14400), ("1.5d", 129600)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds * SECOND


@pytest.mark.parametrize("text", ["5", "0", "1.5", "", "m", "-5m", "5 m", "5M", "5m30s", "1e3s", "\u0665m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"has no unit|is not a duration"):
        parse_duration(text)


def test_a_duration_longer_than_a_life_is_refused() -> None:
    with pytest.raises(ValueError, match="is longer than 36500d"):
        parse_duration("200000d")

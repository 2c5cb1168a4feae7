"""Moments as whole nanoseconds since 1970-01-01T00:00:00Z, so that RFC 3339's nine fraction digits compare exactly."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

Instant = int
"""Nanoseconds since the epoch, UTC."""

Duration = int
"""Nanoseconds."""

SECOND: Duration = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = EPOCH.toordinal()
_FIRST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1)
_LAST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1)

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))?", re.ASCII
)
_UNITS: dict[str, Duration] = {
    "ms": SECOND // 1000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
    "d": 86400 * SECOND,
}
_LONGEST: Duration = 36500 * 86400 * SECOND
_DURATION = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?(ms|s|m|h|d)", re.ASCII)


def parse_instant(text: str) -> Instant:
    """Read an RFC 3339 time with an offset and 0-9 fraction digits; ValueError says what is wrong with it."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:60]!r} is not an RFC 3339 time such as 2026-11-23T12:00:00Z")
    day, hour, minute, second, fraction, zulu, sign, off_hours, off_minutes = match.groups()
    if zulu is None and sign is None:
        raise ValueError(f"{text!r} has no offset: write Z or +01:00 at its end")
    # RFC 3339 allows the leap second 23:59:60.
    if hour > "23" or minute > "59" or second > "60":
        raise ValueError(f"{text!r}: hour must be in 0..23, minute in 0..59, second in 0..60")
    seconds = _day(day) * 86400 + int(hour) * 3600 + int(minute) * 60 + int(second)
    if sign is not None:
        if int(off_hours) > 23 or int(off_minutes) > 59:
            raise ValueError(f"{text!r} has an impossible offset")
        offset = int(off_hours) * 3600 + int(off_minutes) * 60
        seconds += offset if sign == "-" else -offset
    if not _FIRST <= seconds <= _LAST:
        raise ValueError(f"{text!r} is outside the years 1 to 9999")
    return seconds * SECOND + int((fraction or "0").ljust(9, "0"))


@lru_cache(maxsize=1 << 10)
def _day(text: str) -> int:
    """Days since the epoch; the same few are met again and again."""
    return date.fromisoformat(text).toordinal() - _EPOCH_DAY


def format_instant(instant: Instant) -> str:
    """RFC 3339 in UTC; a fraction only where there is one, without trailing zeros."""
    seconds, nanos = divmod(instant, SECOND)
    text = (EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
    return text + (f".{nanos:09d}".rstrip("0") if nanos else "") + "Z"


def parse_duration(text: str) -> Duration:
    """Read ``500ms``, ``30s``, ``5m``, ``4h``, ``1d`` (or ``1.5h``); a number without a unit is a ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
            raise ValueError(f"{text!r} has no unit: write {text}s, {text}m, {text}h, {text}d or {text}ms")
        raise ValueError(f"{text[:60]!r} is not a duration such as 500ms, 30s, 5m, 4h or 1d")
    whole, fraction, unit = match.groups()
    scale = _UNITS[unit]
    duration = int(whole) * scale + int((fraction or "0").ljust(9, "0")) * scale // SECOND
    if duration > _LONGEST:
        raise ValueError(f"{text!r} is longer than 36500d")
    return duration


def format_duration(duration: Duration) -> str:
    """The shortest exact spelling that ``parse_duration`` reads back."""
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(duration, _UNITS[unit])
        if rest == 0 and (count or unit == "s"):
            return f"{count}{unit}"
    seconds, nanos = divmod(duration, SECOND)
    return f"{seconds}.{nanos:09d}".rstrip("0") + "s"

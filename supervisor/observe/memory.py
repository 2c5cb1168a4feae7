"""What the document before remembers. It may be anybody's, so nothing in it is taken for granted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supervisor.core.instant import Instant, format_instant, parse_instant
from supervisor.files.names import name_fault
from supervisor.observe.crashes import Course

_LONGEST = 1 << 32


class Memory:
    """A document as it was written one look ago; empty where there was none."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._observed_at = moment(document.get("observed_at"))
        services = _object(document, "services")
        self.services: Mapping[str, Mapping[str, Any]] = {
            name: entry for name, entry in services.items() if isinstance(entry, dict) and name_fault(name) is None
        }

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that there were: one that is gone now does not answer."""
        return tuple(sorted(_object(self._document, "sources")))

    @property
    def silent(self) -> frozenset[str]:
        """The sources that did not answer."""
        return frozenset(name for name, word in _object(self._document, "sources").items() if word != "ok")

    def entry(self, name: str) -> Mapping[str, Any]:
        return self.services.get(name, {})

    def courses(self, name: str) -> dict[str, Course]:
        """What is remembered of the containers and units of a service, by their places."""
        parts = _object(self.entry(name), "parts")
        seen_at = self._observed_at or 0
        return {place: _course(part, seen_at) for place, part in parts.items() if isinstance(part, dict)}

    def source_of(self, name: str) -> str | None:
        source = self.entry(name).get("source")
        return source if isinstance(source, str) else None

    def last_success(self, name: str, now: Instant) -> Instant | None:
        """When a service is known to have ended well; not in a time to come."""
        success = moment(self.entry(name).get("last_success"))
        return success if success is not None and success <= now else None

    def since(self, name: str, status: str, now: Instant) -> Instant | None:
        """Since when a service has been what it is, where it was so before."""
        entry = self.entry(name)
        since = moment(entry.get("since")) if entry.get("status") == status else None
        return since if since is not None and since <= now else None


def written(course: Course, now: Instant) -> dict[str, Any]:
    """A course as it stands in the document, below ``parts``."""
    part: dict[str, Any] = {"source": course.source}
    if course.restarts is not None:
        part["restarts"] = course.restarts
    if course.more:
        part["uncounted"] = course.more
    if course.created:
        part["created"] = format_instant(course.created)
    if course.started is not None:
        part["started"] = format_instant(course.started)
    if course.restarted:
        part["restarted_at"] = [format_instant(restart) for restart in course.restarted]
    if course.looping is not None:
        part["crash_loop_since"] = format_instant(course.looping)
    if course.seen_at != now:
        part["seen_at"] = format_instant(course.seen_at)
    return part


def _course(part: Mapping[str, Any], seen_at: Instant) -> Course:
    source, restarted = part.get("source"), part.get("restarted_at")
    moments = [moment(restart) for restart in restarted] if isinstance(restarted, list) else []
    return Course(
        source if isinstance(source, str) else "",
        moment(part.get("seen_at")) or seen_at,
        number(part.get("restarts")),
        number(part.get("uncounted")) or 0,
        moment(part.get("created")) or 0,
        moment(part.get("started")),
        tuple(sorted(restart for restart in moments if restart is not None)),
        moment(part.get("crash_loop_since")),
    )


def moment(value: Any) -> Instant | None:
    """A time of the document; None for what is none."""
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


def number(value: Any) -> int | None:
    """A count of the document; None for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LONGEST else None


def _object(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = mapping.get(key)
    return value if isinstance(value, dict) else {}

"""What is written: a node's own document, made of what its sources gave and of what was written before.

The document is the observer's only memory: the restarts it has seen, and which sources there have been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from supervisor.core.instant import Duration, Instant, format_duration, format_instant
from supervisor.core.model.desired import DesiredService
from supervisor.core.text import printable
from supervisor.observe.crashes import Course, followed
from supervisor.observe.identity import identify
from supervisor.observe.memory import Memory, number, written
from supervisor.observe.places import place_of
from supervisor.observe.sighting import Raw, Sighting
from supervisor.observe.sources import could_have, kind_of

_DETAIL_LIMIT = 200
_NAMED = 4
"""Of the things that a name could mean, so many are named."""
_WORST = ("failed", "unhealthy", "stopped", "unknown", "created", "starting", "absent", "completed", "ok")
_LOOPING = ("ok", "created", "starting", "unhealthy", "failed")
"""What a service may be called in the middle of a crash loop; what was stopped, or has done its work, is in none."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look gave: sightings of the sources that answered, and why the others did not, by the source's name."""

    at: Instant
    sightings: tuple[Sighting, ...] = ()
    answered: frozenset[str] = frozenset()
    failed: Mapping[str, str] = field(default_factory=dict)

    def why_silent(self, source: str) -> str:
        return f"{source} {self.failed[source]}"


def node_document(
    look: Look, services: Mapping[str, DesiredService], previous: Mapping[str, Any], window: Duration
) -> dict[str, Any]:
    """The document ``nodes/<node>.json``; ``previous`` is the one before, ``window`` the time a crash loop is told by.

    A service is left out only when every source that could have it has answered, and has it not.
    """
    memory = Memory(previous)
    identified = identify(services, look.sightings)
    entries = {
        name: _seen(name, sightings, services.get(name), look, memory, window)
        for name, sightings in identified.services.items()
    }
    for name in sorted({*services, *memory.services} - set(entries)):
        entry = _unseen(name, services.get(name), identified.ambiguous.get(name, ()), look, memory)
        if entry is not None:
            entries[name] = entry
    return {
        "observed_at": format_instant(look.at),
        "status": "online",
        "services": {name: entries[name] for name in sorted(entries)},
        "sources": {
            name: short(look.failed[name]) if name in look.failed else "ok"
            for name in sorted({*look.answered, *look.failed})
        },
    }


# --- what was seen ----------------------------------------------------------------------------------------------------


class _Part(NamedTuple):
    """One container or unit of a service, as it counts in it."""

    status: str
    since: Instant | None
    detail: str
    source: str
    name: str = ""
    exit_code: int | None = None
    raw: Raw | None = None
    course: Course | None = None


def _seen(
    name: str,
    sightings: Sequence[Sighting],
    declared: DesiredService | None,
    look: Look,
    memory: Memory,
    window: Duration,
) -> dict[str, Any]:
    """The entry of a service of which something was seen: the worst of its parts."""
    before = memory.courses(name)
    oneshot = declared is not None and declared.oneshot
    places = {place_of(sighting): sighting for sighting in sightings}
    courses = {
        place: followed(sighting, before.get(place), look.at, window, starts_count=not oneshot)
        for place, sighting in places.items()
    }
    parts = [_part(sighting, courses[place], window) for place, sighting in places.items()]
    # What a source had of it that does not answer now is neither well nor gone.
    silent = {place: course for place, course in before.items() if course.source in look.failed}
    gone = {course.source for course in silent.values()}
    parts += [_Part("unknown", None, look.why_silent(source), source) for source in sorted(gone)]
    courses |= silent
    worst = min(parts, key=lambda part: (_WORST.index(part.status), part.source, part.name))
    since = worst.since
    if since is None and worst.status == "starting":
        # Nobody says since when: it is so since the first look that saw it so.
        since = memory.since(name, "starting", look.at) or look.at
    exit_code = worst.exit_code
    if exit_code is None and worst.course is not None and worst.course.looping is not None:
        # Of what runs again no engine says how it ended.
        exit_code = number(memory.entry(name).get("exit_code"))
    return {
        "status": worst.status,
        **({"since": format_instant(since)} if since is not None and since <= look.at else {}),
        "detail": short(_of_several(worst, parts)),
        **_restarts(courses, worst),
        **({"exit_code": exit_code} if exit_code is not None else {}),
        **_success([sighting.last_success for sighting in sightings], name, look.at, memory),
        "source": worst.source,
        "raw": {key: short(value) if isinstance(value, str) else value for key, value in (worst.raw or {}).items()},
        "parts": {place: written(courses[place], look.at) for place in sorted(courses)},
    }


def _part(sighting: Sighting, course: Course, window: Duration) -> _Part:
    status, since, detail = sighting.status, sighting.since, sighting.detail
    if course.looping is not None and status in _LOOPING:
        detail = f"crash loop: restarted again and again within {format_duration(window)}; now {detail}"
        status, since = "unhealthy", course.looping
    return _Part(status, since, detail, sighting.source, sighting.name, sighting.exit_code, sighting.raw, course)


def _of_several(worst: _Part, parts: Sequence[_Part]) -> str:
    """The worst one's detail, and how many replicas are as bad; a unit and its container are no replicas."""
    replicas = [part for part in parts if kind_of(part.source) is kind_of(worst.source)]
    alike = sum(part.status == worst.status for part in replicas)
    return f"{alike} of {len(replicas)}: {worst.detail}" if len(replicas) > 1 else worst.detail


def _restarts(courses: Mapping[str, Course], worst: _Part) -> dict[str, Any]:
    counts = [course.count for course in courses.values() if course.count is not None]
    restarted = worst.course.restarted if worst.course is not None else ()
    return {
        **({"restarts": sum(counts)} if counts else {}),
        **({"restarted_at": [format_instant(restart) for restart in restarted]} if restarted else {}),
    }


def _success(ends: Sequence[Instant | None], name: str, now: Instant, memory: Memory) -> dict[str, Any]:
    """When it last ended well, kept over its next runs and until its container is gone."""
    known = [end for end in (*ends, memory.last_success(name, now)) if end is not None and end <= now]
    return {"last_success": format_instant(max(known))} if known else {}


# --- what was not seen ------------------------------------------------------------------------------------------------


def _unseen(
    name: str, declared: DesiredService | None, candidates: Sequence[str], look: Look, memory: Memory
) -> dict[str, Any] | None:
    """The entry of a service of which nothing was seen; None when it is known not to be there, or not expected."""
    success = _success((), name, look.at, memory)
    if declared is not None and not declared.enabled:
        return None
    source = _silent_source(name, declared, look, memory)
    if source is not None:
        return _unknown(look.why_silent(source), success, source=source, **_kept(name, look, memory))
    if declared is None:
        return None
    if candidates:
        return _unknown(
            f"{_either(candidates)} could be it: say which in the inventory", success, could_be=[*candidates]
        )
    if not any(could_have(answering, declared) for answering in look.answered):
        return _unknown("no source that could have it is on this machine", success)
    if declared.oneshot and success:
        return {"status": "absent", "detail": "not there any more", **success}
    return None


def _silent_source(name: str, declared: DesiredService | None, look: Look, memory: Memory) -> str | None:
    """The source without which it cannot be told whether a service is there; the one that had it before first."""
    before = memory.source_of(name)
    if declared is None:
        return before if before in look.failed else None
    could = sorted(source for source in look.failed if could_have(source, declared))
    return before if before in could else next(iter(could), None)


def _unknown(detail: str, success: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"status": "unknown", "detail": short(detail), **success, **more}


def _kept(name: str, look: Look, memory: Memory) -> dict[str, Any]:
    """What an entry must not forget while its source does not answer."""
    courses = memory.courses(name)
    counts = [course.count for course in courses.values() if course.count is not None]
    return {
        **({"restarts": sum(counts)} if counts else {}),
        **({"parts": {place: written(courses[place], look.at) for place in sorted(courses)}} if courses else {}),
    }


def _either(candidates: Sequence[str]) -> str:
    named = [*candidates[:_NAMED]]
    if len(candidates) > _NAMED:
        named.append(f"{len(candidates) - _NAMED} more")
    return f"{', '.join(named[:-1])} and {named[-1]}"


def short(text: str) -> str:
    """Engines' text on its way into a document: one short line that can be printed."""
    text = printable(text)
    return text if len(text) <= _DETAIL_LIMIT else text[: _DETAIL_LIMIT - 1] + "…"

"""What a document remembers, and that nobody's document does any harm."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.core.instant import SECOND, parse_instant
from supervisor.observe.crashes import Course
from supervisor.observe.memory import Memory, written

NOW = parse_instant("2026-11-23T12:00:00Z")


@pytest.mark.parametrize(
    "course",
    [
        Course("/engine", NOW),
        Course("/engine", NOW, restarts=3, more=2, created=NOW - 9, started=NOW - 8, restarted=(NOW - 2, NOW)),
        Course("systemd", NOW - SECOND, restarts=3, restarted=(NOW - 7,), looping=NOW - 9),
    ],
    ids=["plain", "restarted", "silent since then"],
)
def test_a_course_survives_being_written(course: Course) -> None:
    document = {"observed_at": "2026-11-23T12:00:00Z", "services": {"web": {"parts": {"a": written(course, NOW)}}}}
    assert Memory(document).courses("web") == {"a": course}


def test_the_sources_and_those_that_were_silent() -> None:
    memory = Memory({"sources": {"systemd": "ok", "/b": "is silent", "/a": "ok"}})
    assert memory.sources == ("/a", "/b", "systemd")
    assert memory.silent == {"/b"}


def test_a_success_in_a_time_to_come_is_none() -> None:
    memory = Memory({"services": {"job": {"last_success": "2026-11-23T12:00:00Z"}}})
    assert memory.last_success("job", NOW) == NOW
    assert memory.last_success("job", NOW - 1) is None
    assert memory.last_success("other", NOW) is None


def test_since_when_it_is_so_holds_only_while_it_is_so() -> None:
    memory = Memory({"services": {"web": {"status": "starting", "since": "2026-11-23T12:00:00Z"}}})
    assert memory.since("web", "starting", NOW) == NOW
    assert memory.since("web", "ok", NOW) is None
    assert memory.since("web", "starting", NOW - 1) is None


ODD: list[Any] = [
    {},
    {"services": [], "sources": 4, "observed_at": 7},
    {"services": {"web": 1, "a b": {}, "": {}}},
    {"services": {"web": {"parts": [], "last_success": "soon", "source": [], "since": 3}}},
    {"services": {"web": {"parts": {"a": 3, "b": {"restarts": True, "restarted_at": ["soon", None, 7]}}}}},
    {"services": {"web": {"parts": {"a": {"source": {}, "created": -1, "uncounted": 1 << 80, "started": "x"}}}}},
]


@pytest.mark.parametrize("document", ODD, ids=str)
def test_what_somebody_else_wrote_is_taken_for_what_it_can_be(document: dict[str, Any]) -> None:
    memory = Memory(document)
    for course in memory.courses("web").values():
        assert course.restarts is None
        assert (course.more, course.created, course.started, course.restarted) == (0, 0, None, ())
    assert memory.last_success("web", NOW) is None
    assert memory.source_of("web") is None
    assert set(memory.services) <= {"web"}

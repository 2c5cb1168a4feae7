"""Events: an identity that follows from what is said, lines that fit, and whose lines are ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.announce.events import LINE_LIMIT, Event, event_line, event_source, make_event, parse_line
from supervisor.core.instant import parse_instant
from supervisor.core.model.findings import EventType

SOURCE = event_source("nas")
NOW = parse_instant("2026-11-23T12:00:00.123456789Z")


def event(sequence: int = 1, subject: str = "node:nas", now: int = NOW, **data: Any) -> Event:
    return make_event(SOURCE, sequence, now, EventType.REQUIRED, subject, {"fingerprint": "f" * 16, **data})


def test_an_event_is_a_cloud_event() -> None:
    assert {key: value for key, value in event().items() if key != "id"} == {
        "specversion": "1.0",
        "source": "/runtime-supervisor/nas",
        "type": "reconcile_required",
        "subject": "node:nas",
        "time": "2026-11-23T12:00:00.123456789Z",
        "datacontenttype": "application/json",
        "sequence": "1",
        "data": {"fingerprint": "f" * 16},
    }


def test_an_id_follows_from_what_is_said_and_nothing_else() -> None:
    assert event()["id"] == event(reason="other words")["id"]
    others = [
        event(sequence=2),
        event(subject="node:nuc"),
        event(now=NOW + 1),
        event(fingerprint="e" * 16),
        make_event(SOURCE, 1, NOW, EventType.RESOLVED, "node:nas", {"fingerprint": "f" * 16}),
        make_event(event_source("nuc"), 1, NOW, EventType.REQUIRED, "node:nas", {"fingerprint": "f" * 16}),
    ]
    assert len({other["id"] for other in (event(), *others)}) == len(others) + 1


# --- lines


def test_a_line_is_utf_8_without_blanks_and_ends_once() -> None:
    line = event_line(event(reason="café\nat 5 °C"))
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert "café\\nat 5 °C".encode() in line
    assert b'": ' not in line


@pytest.mark.parametrize("length", range(-2, 3))
def test_a_line_is_cut_exactly_where_it_no_longer_fits(length: int) -> None:
    room = LINE_LIMIT - len(event_line(event(affects=["x"]))) + 1
    line = event_line(event(affects=["x" * (room + length)]))
    assert len(line) <= LINE_LIMIT
    data = json.loads(line)["data"]
    assert data.get("truncated", False) == (length > 0)
    assert data["affects"] == ([] if length > 0 else ["x" * (room + length)])


@pytest.mark.parametrize("length", range(-1, 3))
def test_a_line_that_was_cut_once_is_cut_again_where_it_still_does_not_fit(length: int) -> None:
    room = LINE_LIMIT - len(event_line(event(affects=["x"], truncated=True))) + 1
    line = event_line(event(affects=["x" * (room + length), "y" * LINE_LIMIT]))
    assert len(line) <= LINE_LIMIT
    assert json.loads(line)["data"]["affects"] == ([] if length > 0 else ["x" * (room + length)])


def test_what_is_cut_is_the_longest_list_and_what_is_kept_is_its_beginning() -> None:
    many = [f"service:nas/{number:06}" for number in range(10_000)]
    data = json.loads(event_line(event(affects=many, blocked_by=many[:3], candidates=["node:nuc"])))["data"]
    assert data["affects"] == many[: len(data["affects"])]
    assert (data["blocked_by"], data["candidates"], data["truncated"]) == (many[:3], ["node:nuc"], True)


def test_a_resolution_whose_reason_is_too_long_is_cut_as_well() -> None:
    made = make_event(SOURCE, 1, NOW, EventType.RESOLVED, "node:nas", {"fingerprint": "f" * 16, "reason": "x" * 70_000})
    data = json.loads(event_line(made))["data"]
    assert (len(data["reason"]), data["truncated"]) == (1000, True)


text = st.text(max_size=3)
lists = st.lists(text, max_size=5).map(lambda some: some * 4000)


@given(st.fixed_dictionaries({}, optional={"affects": lists, "evidence": lists, "blocked_by": lists, "reason": text}))
def test_every_line_fits_and_reads_back(data: dict[str, Any]) -> None:
    made = event(**data)
    line = event_line(made)
    assert len(line) <= LINE_LIMIT
    read = parse_line(line)
    assert read is not None
    assert {key: value for key, value in read.items() if key != "data"} == {
        key: value for key, value in made.items() if key != "data"
    }
    if "truncated" not in read["data"]:
        assert read == made


# --- whose lines are ours


@pytest.mark.parametrize(
    "odd",
    [
        {"source": "/another/nas"},
        {"type": "reconcile_started"},
        {"type": ["reconcile_required"]},
        {"subject": 5},
        {"id": None},
        {"time": "noon"},
        {"time": 5},
        {"sequence": 5},
        {"sequence": "-1"},
        {"sequence": "\u0665"},
        {"sequence": "1" * 19},
        {"data": []},
    ],
    ids=str,
)
def test_a_line_that_is_not_quite_ours_is_skipped(odd: dict[str, Any]) -> None:
    assert parse_line(event_line(event())) is not None
    assert parse_line(json.dumps({**event(), **odd}).encode()) is None


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"rubbish",
        b"[]",
        b'"/runtime-supervisor/"',
        b'{"source":"/runtime-supervisor/nas"',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_line_of_others_is_skipped(line: bytes) -> None:
    assert parse_line(line) is None
    assert parse_line(line + b'"/runtime-supervisor/nas"') is None


def test_another_host_on_the_same_log_is_told_apart() -> None:
    line = event_line(event())
    assert parse_line(line, event_source("nas")) == event()
    assert parse_line(line, event_source("na")) is None


@given(st.binary())
def test_any_bytes_are_an_event_or_none(line: bytes) -> None:
    for some in (line, event_line(event())[: len(line)] + line, line + event_line(event())):
        read = parse_line(some)
        assert read is None or read["source"] == SOURCE

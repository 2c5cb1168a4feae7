"""The ledger: our events, taken in one after another, rebuild what is open."""

from __future__ import annotations

import json
from typing import Any

from supervisor.core.announce.events import Event, event_source, make_event
from supervisor.core.announce.ledger import Folding, Ledger, OpenEntry, fold, open_sources
from supervisor.core.instant import SECOND
from supervisor.core.model.findings import EventType, Summary

NOW = 1_800_000_000 * SECOND
A, B = "a" * 16, "b" * 16


def event(sequence: int, type_: EventType = EventType.REQUIRED, **data: Any) -> Event:
    subject = "summary" if type_ is EventType.SUMMARY_CHANGED else "node:nas"
    return make_event(event_source("nas"), sequence, NOW + sequence * SECOND, type_, subject, data)


def opened(sequence: int, fingerprint: str = A) -> Event:
    data = {"fingerprint": fingerprint, "action": "failover_review", "reason": f"reason {sequence}"}
    return event(sequence, EventType.REQUIRED, **data, emit_reason="first_seen", summary="unstable")


def test_an_announcement_opens_and_a_resolution_closes() -> None:
    ledger = fold(Ledger(), [opened(1), opened(2, B), event(3, EventType.RESOLVED, fingerprint=A)])
    assert (ledger.sequence, list(ledger.open)) == (3, [B])


def test_an_entry_is_the_recommendation_without_what_belongs_to_the_pass() -> None:
    (entry,) = fold(Ledger(), [opened(1)]).open.values()
    assert entry.recommendation() == {
        "fingerprint": A,
        "action": "failover_review",
        "reason": "reason 1",
        "subject": "node:nas",
    }


def test_what_is_announced_again_keeps_its_first_moment_and_takes_the_new_words() -> None:
    (entry,) = fold(Ledger(), [opened(1), opened(5)]).open.values()
    assert (entry.first_seen, entry.last_event) == (NOW + SECOND, NOW + 5 * SECOND)
    assert entry.recommendation()["reason"] == "reason 5"


def test_a_resolution_of_what_is_not_open_only_advances_the_sequence() -> None:
    assert fold(Ledger(), [event(7, EventType.RESOLVED, fingerprint=A)]) == Ledger(7)


def test_the_summary_is_that_of_the_last_change() -> None:
    changes = [event(1, EventType.SUMMARY_CHANGED, to="unstable"), event(2, EventType.SUMMARY_CHANGED, to="degraded")]
    assert fold(Ledger(), changes).summary is Summary.DEGRADED


def test_events_that_are_not_understood_only_advance_the_sequence() -> None:
    ledger = fold(Ledger(), [opened(1), event(2, EventType.SUMMARY_CHANGED, to="unstable")])
    odd: list[Event] = [
        {**opened(8, B), "time": "never"},
        event(9),
        event(10, EventType.SUMMARY_CHANGED, to="splendid"),
    ]
    after = fold(ledger, odd)
    assert (after.sequence, after.summary, after.open) == (10, Summary.UNSTABLE, ledger.open)


def test_a_folding_leaves_the_ledger_that_it_began_with_alone() -> None:
    before = fold(Ledger(), [opened(1)])
    folding = Folding(before)
    passed = list(folding.through([event(2, EventType.RESOLVED, fingerprint=A)]))
    assert [event["sequence"] for event in passed] == ["2"]
    assert (list(before.open), list(folding.ledger().open)) == ([A], [])


def test_what_is_unannounced_keeps_everything_but_that() -> None:
    ledger = fold(Ledger(), [opened(1)])
    (entry,), (again,) = ledger.open.values(), ledger.unannounced().open.values()
    assert again == entry._replace(announced=False, line=again.line)
    assert json.loads(f"{{{again.line}}}")[A]["announced"] is False
    assert again.recommendation() == entry.recommendation()


def test_the_line_of_an_entry_is_json_that_breaks_no_line() -> None:
    entry = OpenEntry.of({"fingerprint": A, "subject": "node:nas", "reason": "two\nlines\u2028"}, NOW, NOW)
    assert entry.line.isprintable()
    assert entry.recommendation()["reason"] == "two\nlines\u2028"


def test_the_sources_that_leave_something_open_are_told_apart() -> None:
    """Each has a sequence of its own, and only it resolves what it opened."""
    of_old, of_new, calm = ([{**opened(1), "source": event_source(name)}] for name in ("old", "new", "calm"))
    resolved = {**event(2, EventType.RESOLVED, fingerprint=A), "source": event_source("calm")}
    assert open_sources([*of_old, *of_new, *calm, resolved]) == ["/runtime-supervisor/new", "/runtime-supervisor/old"]

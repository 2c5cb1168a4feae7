"""What is to be announced now, and why: the difference between what is open and what a judgement recommends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from supervisor.core.announce.events import Event, make_event
from supervisor.core.announce.ledger import Entry, Ledger
from supervisor.core.announce.report import recommendation_json
from supervisor.core.instant import Duration, Instant
from supervisor.core.judge.reconcile import Closure, Judgement
from supervisor.core.model.findings import EventType, Recommendation, Summary
from supervisor.core.model.subjects import Subject, parse_subject


class EmitReason(StrEnum):
    """Why an event is appended."""

    FIRST_SEEN = "first_seen"
    CHANGED = "changed"
    REPEATED = "repeated"
    RESOLVED = "resolved"


class Emission(NamedTuple):
    """One event to append, still without its place in the sequence. ``news`` is what it tells."""

    type: EventType
    subject: str
    reason: EmitReason
    summary: Summary
    news: Recommendation | Mapping[str, Any]

    def data(self) -> dict[str, Any]:
        """The event's data, made when asked for: of thousands of emissions only one at a time is written."""
        news = recommendation_json(self.news) if isinstance(self.news, Recommendation) else self.news
        return {**news, "emit_reason": self.reason.value, "summary": self.summary.value}


def plan_emissions(
    ledger: Ledger,
    judgement: Judgement,
    now: Instant,
    repeat_interval: Duration,
    settled: Judgement | None = None,
) -> list[Emission]:
    """What to announce, sorted by subject, what is no longer open before what takes its place, the summary last.

    ``settled`` is a judgement whose recommendations the ledger has taken in: what is the same in both is no news.
    """
    summary = judgement.summary
    emissions: list[Emission] = []
    held: dict[str, list[Entry]] = {}
    entries, recommendations = _in_question(ledger, judgement, now, repeat_interval, settled)
    for entry in sorted(entries, key=lambda one: one.fingerprint):
        held.setdefault(entry.subject, []).append(entry)
    recommended = {str(one.subject): one for one in recommendations}
    for subject in sorted({*held, *recommended}):
        recommendation = recommended.get(subject)
        entries = held.get(subject, [])
        if recommendation is None:
            closure = _closure(judgement, subject)
            if closure is not None:
                emissions += [_resolved(entry, *closure, summary) for entry in entries]
            continue
        same = [entry for entry in entries if entry.fingerprint == recommendation.fingerprint]
        others = [entry for entry in entries if entry.fingerprint != recommendation.fingerprint]
        emissions += [_resolved(entry, Closure.REPLACED, None, summary) for entry in others]
        reason = _reason_to_announce(same[0] if same else None, bool(others), now, repeat_interval)
        if reason is not None:
            emissions.append(Emission(recommendation.type, subject, reason, summary, recommendation))
    # Health that was never put in doubt is no news.
    if summary is not ledger.summary and not (ledger.summary is None and summary is Summary.NOMINAL):
        news = {
            "from": None if ledger.summary is None else ledger.summary.value,
            "to": summary.value,
            "counts": dict(judgement.counts),
        }
        emissions.append(Emission(EventType.SUMMARY_CHANGED, "summary", EmitReason.CHANGED, summary, news))
    return emissions


def _in_question(
    ledger: Ledger, judgement: Judgement, now: Instant, repeat_interval: Duration, settled: Judgement | None
) -> tuple[Iterable[Entry], Iterable[Recommendation]]:
    """The entries and recommendations that may be news: all of them, if it is not certain that most are none."""
    # Where more is open than was recommended, something is not judged at present: that may change for other reasons.
    if (
        settled is None
        or len(ledger.open) != settled.counts["recommendations"]
        or not ledger.span.announced
        or (
            repeat_interval and ledger.open and not now - repeat_interval < ledger.span.first <= ledger.span.last <= now
        )
    ):
        return ledger.open.values(), judgement.recommendations
    parts = list(judgement.changes_since(settled))
    entries = [ledger.open.get(one.fingerprint) for old, _ in parts for one in old.recommendations]
    return filter(None, entries), (one for _, new in parts for one in new.recommendations)


def _reason_to_announce(
    entry: Entry | None, replaces: bool, now: Instant, repeat_interval: Duration
) -> EmitReason | None:
    if entry is None:
        return EmitReason.CHANGED if replaces else EmitReason.FIRST_SEEN
    if not entry.announced:
        return EmitReason.FIRST_SEEN
    # An event from the future was announced by a clock that had jumped: it silences nothing.
    if repeat_interval and not 0 <= now - entry.last_event < repeat_interval:
        return EmitReason.REPEATED
    return None


def _closure(judgement: Judgement, subject: str) -> tuple[Closure, Subject | None] | None:
    parsed = parse_subject(subject)
    return (Closure.REMOVED, None) if parsed is None else judgement.closure(parsed)


def _resolved(entry: Entry, closure: Closure, cause: Subject | None, summary: Summary) -> Emission:
    news = {
        "fingerprint": entry.fingerprint,
        "subject": entry.subject,
        "action": entry.action,
        "resolution": closure.value,
    }
    if cause is not None:
        news["inhibited_by"] = str(cause)
    return Emission(EventType.RESOLVED, entry.subject, EmitReason.RESOLVED, summary, news)


def number(emissions: Iterable[Emission], ledger: Ledger, source: str, now: Instant) -> Iterator[Event]:
    """Give emissions their place in the sequence: one more with every event."""
    for sequence, one in enumerate(emissions, ledger.sequence + 1):
        yield make_event(source, sequence, now, one.type, one.subject, one.data())

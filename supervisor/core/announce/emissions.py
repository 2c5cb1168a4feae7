"""What is to be announced now, and why: the difference between what is open and what a judgement recommends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from supervisor.core.announce.events import Event, make_event
from supervisor.core.announce.ledger import Ledger, OpenEntry
from supervisor.core.announce.report import recommendation_json
from supervisor.core.instant import Duration, Instant, format_instant
from supervisor.core.judge.closure import REMOVED, Closure, Resolution, closure_of
from supervisor.core.judge.reconcile import Judgement
from supervisor.core.model.findings import EventType, Recommendation, Summary
from supervisor.core.model.subjects import parse_subject

_WORD_LIMIT = 100
"""Characters."""


class EmitReason(StrEnum):
    """Why an event is appended."""

    FIRST_SEEN = "first_seen"
    CHANGED = "changed"
    REPEATED = "repeated"
    RESOLVED = "resolved"


class Ending(NamedTuple):
    """An open recommendation that ends, and how."""

    entry: OpenEntry
    closure: Closure

    def data(self) -> dict[str, Any]:
        """With severity, action, reason and ``first_seen`` of what it ends: nobody has to look that up."""
        ended = self.entry.recommendation()
        data: dict[str, Any] = {
            "fingerprint": self.entry.fingerprint,
            "subject": self.entry.subject,
            "resolution": self.closure.resolution.value,
            "first_seen": format_instant(self.entry.first_seen),
        }
        # Words of a line that somebody else wrote under our name may be anything, and the event has to fit its line.
        words = {key: ended.get(key) for key in ("action", "severity")}
        data |= {key: word for key, word in words.items() if isinstance(word, str) and len(word) <= _WORD_LIMIT}
        data["reason"] = str(ended.get("reason", ""))
        if self.closure.inhibited_by is not None:
            data["inhibited_by"] = str(self.closure.inhibited_by)
        return data


class Emission(NamedTuple):
    """One event to append, still without its place in the sequence. ``news`` is what it tells."""

    type: EventType
    subject: str
    reason: EmitReason
    summary: Summary
    news: Recommendation | Ending | Mapping[str, Any]

    def data(self) -> dict[str, Any]:
        """The event's data, made when asked for: of thousands of emissions only one at a time is written."""
        match self.news:
            case Recommendation():
                news: Mapping[str, Any] = recommendation_json(self.news)
            case Ending():
                news = self.news.data()
            case _:
                news = self.news
        return {**news, "emit_reason": self.reason.value, "summary": self.summary.value}


def plan_emissions(ledger: Ledger, judgement: Judgement, now: Instant, repeat_interval: Duration) -> list[Emission]:
    """What to announce, sorted by subject, what is no longer open before what takes its place, the summary last.

    ``repeat_interval`` in nanoseconds, 0: nothing is repeated.
    """
    return plan_among(ledger.open.values(), judgement.recommendations, ledger.summary, judgement, now, repeat_interval)


def plan_among(
    entries: Iterable[OpenEntry],
    recommendations: Iterable[Recommendation],
    summary_before: Summary | None,
    judgement: Judgement,
    now: Instant,
    repeat_interval: Duration,
) -> list[Emission]:
    """The same, when it is known that all other entries and recommendations are no news."""
    emissions: list[Emission] = []
    open_entries: dict[str, list[OpenEntry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.fingerprint):
        open_entries.setdefault(entry.subject, []).append(entry)
    recommended = {str(recommendation.subject): recommendation for recommendation in recommendations}
    for subject in sorted({*open_entries, *recommended}):
        recommendation, held = recommended.get(subject), open_entries.get(subject, [])
        if recommendation is not None:
            emissions += _announced(recommendation, held, judgement.summary, now, repeat_interval)
        elif (closure := _closure(judgement, subject)) is not None:
            emissions += [_resolved(entry, closure, judgement.summary) for entry in held]
    return [*emissions, *_summary_change(summary_before, judgement)]


def _announced(
    recommendation: Recommendation, held: list[OpenEntry], summary: Summary, now: Instant, repeat_interval: Duration
) -> Iterator[Emission]:
    """What is to be said of a subject with a recommendation, ``held`` being what is open of it."""
    same = [entry for entry in held if entry.fingerprint == recommendation.fingerprint]
    others = [entry for entry in held if entry.fingerprint != recommendation.fingerprint]
    for entry in others:
        yield _resolved(entry, Closure(Resolution.REPLACED), summary)
    reason = _reason_to_announce(same[0] if same else None, bool(others), now, repeat_interval)
    if reason is not None:
        yield Emission(recommendation.type, str(recommendation.subject), reason, summary, recommendation)


def _summary_change(before: Summary | None, judgement: Judgement) -> Iterator[Emission]:
    summary = judgement.summary
    # Health that was never put in doubt is no news.
    if summary is not before and not (before is None and summary is Summary.NOMINAL):
        news = {
            "from": None if before is None else before.value,
            "to": summary.value,
            "counts": dict(judgement.counts),
        }
        yield Emission(EventType.SUMMARY_CHANGED, "summary", EmitReason.CHANGED, summary, news)


def _reason_to_announce(
    entry: OpenEntry | None, replaces: bool, now: Instant, repeat_interval: Duration
) -> EmitReason | None:
    if entry is None:
        return EmitReason.CHANGED if replaces else EmitReason.FIRST_SEEN
    if not entry.announced:
        return EmitReason.FIRST_SEEN
    # An event from the future was announced by a clock that had jumped: it silences nothing.
    if repeat_interval and not 0 <= now - entry.last_event < repeat_interval:
        return EmitReason.REPEATED
    return None


def _closure(judgement: Judgement, subject: str) -> Closure | None:
    parsed = parse_subject(subject)
    return REMOVED if parsed is None else closure_of(judgement.picture, parsed)


def _resolved(entry: OpenEntry, closure: Closure, summary: Summary) -> Emission:
    return Emission(EventType.RESOLVED, entry.subject, EmitReason.RESOLVED, summary, Ending(entry, closure))


def number(emissions: Iterable[Emission], ledger: Ledger, source: str, now: Instant) -> Iterator[Event]:
    """Give emissions their place in the sequence: one more with every event."""
    for sequence, emission in enumerate(emissions, ledger.sequence + 1):
        yield make_event(source, sequence, now, emission.type, emission.subject, emission.data())

"""What has been announced and is still open; what is to be announced now, and why.

The ledger is the fold of our events, in order: ``plan_emissions`` says what to announce, ``fold`` takes each event in,
and folding the log's lines from an empty ledger rebuilds it. It never takes part in the judgement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from supervisor.core.events import Event, make_event
from supervisor.core.instant import Duration, Instant, parse_instant
from supervisor.core.model import EventType, Subject, Summary, parse_subject
from supervisor.core.reconcile import Closure, Judgement
from supervisor.core.report import recommendation_json


class EmitReason(StrEnum):
    """Why an event is appended."""

    FIRST_SEEN = "first_seen"
    CHANGED = "changed"
    REPEATED = "repeated"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Entry:
    """An open recommendation. ``announced`` is False after the checkpoint was lost: it is to be announced anew."""

    recommendation: Mapping[str, Any]
    first_seen: Instant
    last_event: Instant
    announced: bool = True

    @property
    def fingerprint(self) -> str:
        return str(self.recommendation["fingerprint"])

    @property
    def subject(self) -> str:
        return str(self.recommendation["subject"])


@dataclass(frozen=True, slots=True)
class Ledger:
    """``sequence`` is that of the last event; ``open`` is by fingerprint."""

    sequence: int = 0
    summary: Summary | None = None
    open: Mapping[str, Entry] = field(default_factory=dict)

    def unannounced(self) -> Ledger:
        """The same, with everything open to be announced anew."""
        return replace(self, open={key: replace(entry, announced=False) for key, entry in self.open.items()})


@dataclass(frozen=True, slots=True)
class Emission:
    """One event to append, still without its place in the sequence."""

    type: EventType
    subject: str
    reason: EmitReason
    data: Mapping[str, Any]


def plan_emissions(ledger: Ledger, judgement: Judgement, now: Instant, repeat_interval: Duration) -> list[Emission]:
    """What to announce, sorted by subject, what is no longer open before what takes its place, the summary last."""
    summary = judgement.report.summary
    emissions: list[Emission] = []
    held: dict[str, list[Entry]] = {}
    for entry in sorted(ledger.open.values(), key=lambda one: one.fingerprint):
        held.setdefault(entry.subject, []).append(entry)
    recommended = {str(one.subject): one for one in judgement.report.recommendations}
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
            data = recommendation_json(recommendation) | {"emit_reason": reason.value, "summary": summary.value}
            emissions.append(Emission(recommendation.type, subject, reason, data))
    # Health that was never put in doubt is no news.
    if summary is not ledger.summary and not (ledger.summary is None and summary is Summary.NOMINAL):
        data = {
            "from": None if ledger.summary is None else ledger.summary.value,
            "to": summary.value,
            "counts": dict(judgement.report.counts),
            "emit_reason": EmitReason.CHANGED.value,
            "summary": summary.value,
        }
        emissions.append(Emission(EventType.SUMMARY_CHANGED, "summary", EmitReason.CHANGED, data))
    return emissions


def _reason_to_announce(
    entry: Entry | None, replaces: bool, now: Instant, repeat_interval: Duration
) -> EmitReason | None:
    if entry is None:
        return EmitReason.CHANGED if replaces else EmitReason.FIRST_SEEN
    if not entry.announced:
        return EmitReason.FIRST_SEEN
    if repeat_interval and now - entry.last_event >= repeat_interval:
        return EmitReason.REPEATED
    return None


def _closure(judgement: Judgement, subject: str) -> tuple[Closure, Subject | None] | None:
    parsed = parse_subject(subject)
    return (Closure.REMOVED, None) if parsed is None else judgement.closure(parsed)


def _resolved(entry: Entry, closure: Closure, cause: Subject | None, summary: Summary) -> Emission:
    data = {
        "fingerprint": entry.fingerprint,
        "subject": entry.subject,
        "action": entry.recommendation.get("action"),
        "resolution": closure.value,
        "emit_reason": EmitReason.RESOLVED.value,
        "summary": summary.value,
    }
    if cause is not None:
        data["inhibited_by"] = str(cause)
    return Emission(EventType.RESOLVED, entry.subject, EmitReason.RESOLVED, data)


def number(emissions: Iterable[Emission], ledger: Ledger, source: str, now: Instant) -> list[Event]:
    """Give emissions their place in the sequence: one more with every event."""
    return [
        make_event(source, sequence, now, one.type, one.subject, dict(one.data))
        for sequence, one in enumerate(emissions, ledger.sequence + 1)
    ]


def fold(ledger: Ledger, events: Iterable[Event]) -> Ledger:
    """Take events in, in order. Events that this version does not understand only advance the sequence."""
    sequence, summary = ledger.sequence, ledger.summary
    open_ = dict(ledger.open)
    for event in events:
        sequence = int(event["sequence"])
        data = event["data"]
        fingerprint = data.get("fingerprint")
        if event["type"] == EventType.SUMMARY_CHANGED:
            summary = Summary(data["to"]) if data.get("to") in set(Summary) else summary
        elif not isinstance(fingerprint, str):
            continue
        elif event["type"] == EventType.RESOLVED:
            open_.pop(fingerprint, None)
        else:
            try:
                time = parse_instant(event["time"])
            except ValueError:
                continue
            known = open_.get(fingerprint)
            kept = {key: value for key, value in data.items() if key not in ("emit_reason", "summary")}
            kept["subject"] = event["subject"]
            open_[fingerprint] = Entry(kept, known.first_seen if known is not None else time, time)
    return Ledger(sequence, summary, open_)

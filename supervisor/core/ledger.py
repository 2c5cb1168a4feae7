"""What has been announced and is still open: the fold of our events, in order.

Folding the log's lines from an empty ledger rebuilds it. It never takes part in the judgement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from supervisor.core.events import Event
from supervisor.core.instant import Instant, format_instant, parse_instant
from supervisor.core.model import EventType, Summary
from supervisor.core.text import json_text


@dataclass(frozen=True)
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

    @cached_property
    def line(self) -> str:
        """Its line in a checkpoint, fingerprint and JSON: written often, made once."""
        value: dict[str, Any] = {
            "recommendation": dict(self.recommendation),
            "first_seen": format_instant(self.first_seen),
            "last_event": format_instant(self.last_event),
        }
        if not self.announced:
            value["announced"] = False
        return f"{json_text(self.fingerprint)}: {json_text(value)}"


class Span(NamedTuple):
    """What is known of all open entries: no event of theirs came before ``first`` or after ``last``."""

    first: Instant
    last: Instant
    announced: bool

    @classmethod
    def of(cls, entries: Collection[Entry]) -> Span:
        if not entries:
            return _EMPTY
        times = [entry.last_event for entry in entries]
        return cls(min(times), max(times), all(entry.announced for entry in entries))


_EMPTY = Span(1 << 80, -1 << 80, True)


@dataclass(frozen=True)
class Ledger:
    """``sequence`` is that of the last event; ``open`` is by fingerprint. ``known`` spares the look at all of it."""

    sequence: int = 0
    summary: Summary | None = None
    open: Mapping[str, Entry] = field(default_factory=dict)
    known: Span | None = field(default=None, compare=False)

    @cached_property
    def span(self) -> Span:
        return self.known or Span.of(self.open.values())

    def unannounced(self) -> Ledger:
        """The same, with everything open to be announced anew."""
        open_ = {key: replace(entry, announced=False) for key, entry in self.open.items()}
        return Ledger(self.sequence, self.summary, open_)


def fold(ledger: Ledger, events: Iterable[Event]) -> Ledger:
    """Take events in, in order. Events that this version does not understand only advance the sequence."""
    sequence, summary, span = ledger.sequence, ledger.summary, ledger.span
    open_ = dict(ledger.open)
    lost: list[Entry] = []
    for event in events:
        sequence = int(event["sequence"])
        data = event["data"]
        fingerprint = data.get("fingerprint")
        if event["type"] == EventType.SUMMARY_CHANGED:
            known_words = [word for word in Summary if word == data.get("to")]
            summary = known_words[0] if known_words else summary
        elif not isinstance(fingerprint, str):
            continue
        elif event["type"] == EventType.RESOLVED:
            if fingerprint in open_:
                lost.append(open_.pop(fingerprint))
        else:
            try:
                time = parse_instant(event["time"])
            except ValueError:
                continue
            known = open_.get(fingerprint)
            if known is not None:
                lost.append(known)
            span = Span(min(span.first, time), max(span.last, time), span.announced)
            kept = {key: value for key, value in data.items() if key not in ("emit_reason", "summary")}
            kept["subject"] = event["subject"]
            open_[fingerprint] = Entry(kept, known.first_seen if known is not None else time, time)
    # What is gone may have been the first, or what was not announced. That it was the last changes little.
    if any(one.last_event <= span.first or not one.announced for one in lost):
        span = Span.of(open_.values())
    return Ledger(sequence, summary, open_, span)

"""What has been announced and is still open: the fold of our events, in order.

Folding the log's lines from an empty ledger rebuilds it. It never takes part in the judgement.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from supervisor.core.announce.events import Event
from supervisor.core.instant import Instant, format_instant, parse_instant
from supervisor.core.model.findings import EventType, Summary
from supervisor.core.text import json_text


class Entry(NamedTuple):
    """An open recommendation. ``announced`` is False after the checkpoint was lost: it is to be announced anew.

    ``line`` is its line in a checkpoint, fingerprint and JSON: written often, made once. There may be thousands, of
    which hardly one is looked at again, so nothing else is kept of the recommendation but what a pass asks for.
    """

    fingerprint: str
    subject: str
    action: str | None
    first_seen: Instant
    last_event: Instant
    announced: bool
    line: str

    @classmethod
    def of(
        cls, recommendation: Mapping[str, Any], first_seen: Instant, last_event: Instant, *, announced: bool = True
    ) -> Entry:
        fingerprint, action = recommendation["fingerprint"], recommendation.get("action")
        value: dict[str, Any] = {
            "recommendation": recommendation,
            "first_seen": format_instant(first_seen),
            "last_event": format_instant(last_event),
        }
        if not announced:
            value["announced"] = False
        return cls(
            fingerprint,
            recommendation["subject"],
            action if isinstance(action, str) else None,
            first_seen,
            last_event,
            announced,
            f"{json_text(fingerprint)}: {json_text(value)}",
        )

    def recommendation(self) -> Mapping[str, Any]:
        """As it was announced, read from the line."""
        found: Mapping[str, Any] = json.loads(f"{{{self.line}}}")[self.fingerprint]["recommendation"]
        return found

    def unannounced(self) -> Entry:
        return Entry.of(self.recommendation(), self.first_seen, self.last_event, announced=False)


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
        open_ = {key: entry.unannounced() for key, entry in self.open.items()}
        return Ledger(self.sequence, self.summary, open_)


class Folding:
    """A ledger that takes events in, in order, one after another."""

    def __init__(self, ledger: Ledger) -> None:
        self._sequence, self._summary, self._span = ledger.sequence, ledger.summary, ledger.span
        self._open = dict(ledger.open)
        self._lost: list[Entry] = []

    def through(self, events: Iterable[Event]) -> Iterator[Event]:
        """The same events; each is taken in as it goes by."""
        for event in events:
            self.take(event)
            yield event

    def take(self, event: Event) -> None:
        """An event that this version does not understand only advances the sequence."""
        self._sequence = int(event["sequence"])
        data = event["data"]
        fingerprint = data.get("fingerprint")
        if event["type"] == EventType.SUMMARY_CHANGED:
            known_words = [word for word in Summary if word == data.get("to")]
            self._summary = known_words[0] if known_words else self._summary
        elif not isinstance(fingerprint, str):
            return
        elif event["type"] == EventType.RESOLVED:
            if fingerprint in self._open:
                self._lost.append(self._open.pop(fingerprint))
        else:
            try:
                time = parse_instant(event["time"])
            except ValueError:
                return
            known = self._open.get(fingerprint)
            if known is not None:
                self._lost.append(known)
            self._span = Span(min(self._span.first, time), max(self._span.last, time), self._span.announced)
            kept = {key: value for key, value in data.items() if key not in ("emit_reason", "summary")}
            kept["subject"] = event["subject"]
            self._open[fingerprint] = Entry.of(kept, known.first_seen if known is not None else time, time)

    def ledger(self) -> Ledger:
        """With all that was taken in; it takes in no more."""
        span = self._span
        # What is gone may have been the first, or what was not announced. That it was the last changes little.
        if any(one.last_event <= span.first or not one.announced for one in self._lost):
            span = Span.of(self._open.values())
        return Ledger(self._sequence, self._summary, self._open, span)


def fold(ledger: Ledger, events: Iterable[Event]) -> Ledger:
    """Take events in, in order."""
    folding = Folding(ledger)
    for event in events:
        folding.take(event)
    return folding.ledger()

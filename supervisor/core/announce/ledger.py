"""What was announced and is still open: our events, taken in one after another.

Taking in the log's lines from an empty ledger rebuilds it. It never takes part in the judgement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from supervisor.core.announce.events import Event
from supervisor.core.instant import Instant, format_instant, parse_instant
from supervisor.core.model.findings import EventType, Summary
from supervisor.core.text import json_text


class OpenEntry(NamedTuple):
    """An open recommendation. ``announced`` is False after the checkpoint was lost: it is to be announced again.

    ``needed_by``: the healthy services on other nodes that need it, as text. ``line`` is its line in a checkpoint,
    fingerprint and JSON: written often, made once. There may be thousands, of which hardly any is looked at again, so
    nothing else is kept of the recommendation but what a pass asks for.
    """

    fingerprint: str
    subject: str
    first_seen: Instant
    last_event: Instant
    announced: bool
    needed_by: tuple[str, ...]
    line: str

    @classmethod
    def of(
        cls,
        recommendation: Mapping[str, Any],
        first_seen: Instant,
        last_event: Instant,
        *,
        announced: bool = True,
        needed_by: tuple[str, ...] = (),
    ) -> OpenEntry:
        """``recommendation`` as the report has it (``report.recommendation_json``)."""
        fingerprint = recommendation["fingerprint"]
        value: dict[str, Any] = {
            "recommendation": recommendation,
            "first_seen": format_instant(first_seen),
            "last_event": format_instant(last_event),
            "needed_by": needed_by,
        }
        if not announced:
            value["announced"] = False
        line = f"{json_text(fingerprint)}: {json_text(value)}"
        return cls(fingerprint, recommendation["subject"], first_seen, last_event, announced, needed_by, line)

    def recommendation(self) -> Mapping[str, Any]:
        """As it was judged last, read from the line."""
        recommendation: Mapping[str, Any] = json.loads(f"{{{self.line}}}")[self.fingerprint]["recommendation"]
        return recommendation

    def with_recommendation(self, recommendation: Mapping[str, Any]) -> OpenEntry:
        """The same fingerprint in other words."""
        return self._rebuilt(recommendation, self.announced, self.needed_by)

    def with_needs(self, needed_by: tuple[str, ...]) -> OpenEntry:
        return self._rebuilt(self.recommendation(), self.announced, needed_by)

    def unannounced(self) -> OpenEntry:
        return self._rebuilt(self.recommendation(), False, self.needed_by)

    def _rebuilt(self, recommendation: Mapping[str, Any], announced: bool, needed_by: tuple[str, ...]) -> OpenEntry:
        return OpenEntry.of(recommendation, self.first_seen, self.last_event, announced=announced, needed_by=needed_by)


@dataclass(frozen=True)
class Ledger:
    """``sequence`` is that of the last event, ``summary`` the last that is known, ``open`` is by fingerprint."""

    sequence: int = 0
    summary: Summary | None = None
    open: Mapping[str, OpenEntry] = field(default_factory=dict)

    def unannounced(self) -> Ledger:
        """The same, with everything open to be announced again."""
        open_ = {fingerprint: entry.unannounced() for fingerprint, entry in self.open.items()}
        return Ledger(self.sequence, self.summary, open_)


class Folding:
    """A ledger that takes events in, in order, one after another."""

    def __init__(self, ledger: Ledger) -> None:
        self._sequence, self._summary = ledger.sequence, ledger.summary
        self._open = dict(ledger.open)

    def through(self, events: Iterable[Event]) -> Iterator[Event]:
        """The same events; each is taken in as it goes by."""
        for event in events:
            self.take(event)
            yield event

    def take(self, event: Event) -> None:
        """An event that this version does not understand only advances the sequence."""
        self._sequence = int(event["sequence"])
        fingerprint = event["data"].get("fingerprint")
        if event["type"] == EventType.SUMMARY_CHANGED:
            known_words = [word for word in Summary if word == event["data"].get("to")]
            self._summary = known_words[0] if known_words else self._summary
        elif not isinstance(fingerprint, str):
            return
        elif event["type"] == EventType.RESOLVED:
            self._open.pop(fingerprint, None)
        else:
            self._take_announcement(event, fingerprint)

    def _take_announcement(self, event: Event, fingerprint: str) -> None:
        try:
            time = parse_instant(event["time"])
        except ValueError:
            return
        recommendation = {key: value for key, value in event["data"].items() if key not in ("emit_reason", "summary")}
        recommendation["subject"] = event["subject"]
        before = self._open.get(fingerprint)
        first_seen, needed_by = (time, ()) if before is None else (before.first_seen, before.needed_by)
        self._open[fingerprint] = OpenEntry.of(recommendation, first_seen, time, needed_by=needed_by)

    def ledger(self) -> Ledger:
        """With all that was taken in; it takes in no more."""
        return Ledger(self._sequence, self._summary, self._open)


def fold(ledger: Ledger, events: Iterable[Event]) -> Ledger:
    """Take events in, in order."""
    folding = Folding(ledger)
    for event in events:
        folding.take(event)
    return folding.ledger()


def open_sources(events: Iterable[Event]) -> list[str]:
    """The sources of which these events, in order, leave something open; sorted."""
    by_source: dict[str, list[Event]] = {}
    for event in events:
        by_source.setdefault(event["source"], []).append(event)
    return sorted(source for source, own in by_source.items() if fold(Ledger(), own).open)

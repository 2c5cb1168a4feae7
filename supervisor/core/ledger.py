"""What has been announced and is still open: the fold of our events, in order.

Folding the log's lines from an empty ledger rebuilds it. It never takes part in the judgement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

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


@dataclass(frozen=True)
class Ledger:
    """``sequence`` is that of the last event; ``open`` is by fingerprint."""

    sequence: int = 0
    summary: Summary | None = None
    open: Mapping[str, Entry] = field(default_factory=dict)

    @cached_property
    def announced(self) -> bool:
        """Whether everything that is open was announced."""
        return all(entry.announced for entry in self.open.values())

    @cached_property
    def oldest(self) -> Instant:
        """When the event came that is the longest ago of those of open entries; 0 when there are none."""
        return min((entry.last_event for entry in self.open.values()), default=0)

    @cached_property
    def newest(self) -> Instant:
        return max((entry.last_event for entry in self.open.values()), default=0)

    def unannounced(self) -> Ledger:
        """The same, with everything open to be announced anew."""
        return replace(self, open={key: replace(entry, announced=False) for key, entry in self.open.items()})


def fold(ledger: Ledger, events: Iterable[Event]) -> Ledger:
    """Take events in, in order. Events that this version does not understand only advance the sequence."""
    sequence, summary = ledger.sequence, ledger.summary
    open_ = dict(ledger.open)
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

"""What people see on a terminal. Everything out of an input is escaped on the way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from supervisor.core.announce.events import Event
from supervisor.core.announce.ledger import Ledger, OpenEntry
from supervisor.core.instant import format_instant
from supervisor.core.model.findings import Evidence, Report
from supervisor.core.text import json_text, printable
from supervisor.files.checkpoint import Checkpoint

if TYPE_CHECKING:
    # `status` and `events` judge nothing.
    from supervisor.core.judge.explain import Explanation

_COLOURS = {
    "nominal": "32",
    "degraded": "33",
    "unstable": "31",
    "critical": "31",
    "warning": "33",
    "reconcile_resolved": "32",
}


@dataclass(frozen=True, slots=True)
class Style:
    """Colour only on a terminal, and never with NO_COLOR."""

    colour: bool

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        return cls(stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")

    def paint(self, word: str, width: int = 0) -> str:
        code = _COLOURS.get(word)
        text = word.ljust(width)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text


def _table(rows: Sequence[Sequence[str]], style: Style) -> list[str]:
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(style.paint(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


# --- reports ----------------------------------------------------------------------------------------------------------


def report(found: Report, style: Style) -> list[str]:
    """Summary, recommendations, problems, and what is muted or unmanaged."""
    counts = found.counts
    shown = ", ".join(f"{counts[key]} {key}" for key in ("nodes", "services", "drift", "inhibited", "recommendations"))
    lines = [f"{style.paint(found.summary.value)}: {shown}"]
    if found.recommendations:
        rows = [("SEVERITY", "TYPE", "ACTION", "SUBJECT", "REASON")]
        rows += [(r.severity, r.type, r.action, str(r.subject), r.reason) for r in found.recommendations]
        lines += ["", *_table(rows, style)]
    muted: dict[str, int] = {}
    for drift in found.drift:
        if drift.inhibited_by is not None:
            muted[str(drift.inhibited_by)] = muted.get(str(drift.inhibited_by), 0) + 1
    if muted:
        lines += ["", *(f"inhibited by {printable(name)}: {count}" for name, count in sorted(muted.items()))]
    if found.problems:
        lines += ["", *(printable(str(problem)) for problem in found.problems)]
    if found.unmanaged:
        lines += ["", "unmanaged: " + ", ".join(printable(str(ref)) for ref in found.unmanaged)]
    return lines


# --- status -----------------------------------------------------------------------------------------------------------


def _open(ledger: Ledger) -> list[OpenEntry]:
    return sorted(ledger.open.values(), key=lambda one: (one.subject, one.fingerprint))


def status_json(saved: Checkpoint) -> dict[str, Any]:
    """What ``status -o json`` prints."""
    return {
        "version": 1,
        "summary": saved.ledger.summary,
        "updated": format_instant(saved.updated),
        "watch": saved.watch,
        "open": [
            {
                **entry.recommendation(),
                "first_seen": format_instant(entry.first_seen),
                "last_event": format_instant(entry.last_event),
            }
            for entry in _open(saved.ledger)
        ],
    }


def status(saved: Checkpoint, style: Style) -> list[str]:
    ledger = saved.ledger
    watch = f", watch={printable(saved.watch)}" if saved.watch else ""
    summary = style.paint(ledger.summary) if ledger.summary else "nothing judged yet"
    lines = [f"{summary}: {len(ledger.open)} open, last change {format_instant(saved.updated)}{watch}"]
    if ledger.open:
        rows = [("SEVERITY", "ACTION", "SUBJECT", "SINCE", "REASON", "FINGERPRINT")]
        for entry in _open(ledger):
            known = entry.recommendation()
            severity, action, reason = (str(known.get(key, "")) for key in ("severity", "action", "reason"))
            since = format_instant(entry.first_seen)
            rows.append((severity, action, entry.subject, since, reason, entry.fingerprint))
        lines += ["", *_table(rows, style)]
    return lines


# --- events -----------------------------------------------------------------------------------------------------------


def event_json(event: Event) -> str:
    """One line, as it stands in the log."""
    return json_text(event)


def event(event: Event, style: Style) -> str:
    data = event["data"]
    if event["type"] == "summary_changed":
        counts = data.get("counts")
        count = counts.get("recommendations") if isinstance(counts, dict) else None
        what = f"{data.get('from') or 'unknown'} -> {data.get('to')} ({count} recommendations)"
    elif event["type"] == "reconcile_resolved":
        cause = f" by {data['inhibited_by']}" if data.get("inhibited_by") else ""
        what = f"{data.get('resolution')}{cause} [{data.get('fingerprint')}]"
    else:
        what = f"{data.get('severity')} {data.get('action')} ({data.get('emit_reason')}): {data.get('reason')}"
    time, subject = printable(event["time"]), printable(event["subject"])
    return f"{time}  {style.paint(event['type'])}  {subject}  {printable(what)}"


# --- explain ----------------------------------------------------------------------------------------------------------


def explanation(found: Explanation) -> list[str]:
    """State, rows with their verdict, evidence at file:line."""
    lines = [f"{printable(str(found.subject))}: {printable(found.state)}"]
    if found.rows:
        lines.append("")
        for row in found.rows:
            mark = "=>" if row.decides else "  "
            verdict = "applies" if row.applies else "no"
            if row.applies and not row.decides:
                verdict = "applies, but an earlier row decides"
            lines.append(f"{mark} {row.number}. {row.situation}: {verdict}: {printable(row.because)}")
    if found.evidence:
        lines += ["", "evidence:", *(f"  {_place(place)}" for place in found.evidence)]
    return lines


def _place(place: Evidence) -> str:
    line = f":{place.line}" if place.line is not None else ""
    value = f" = {place.value}" if place.value is not None else ""
    return printable(f"{place.file}{line}  {place.pointer or '(the whole file)'}{value}")

"""What people see on a terminal. Everything out of an input is escaped on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supervisor.core.announce.events import Event
from supervisor.core.announce.last_pass import Doubt, LastPass
from supervisor.core.announce.ledger import Ledger, OpenEntry
from supervisor.core.instant import Duration, format_duration, format_instant, parse_instant
from supervisor.core.model.findings import Evidence, Recommendation, Report
from supervisor.core.text import json_text, printable
from supervisor.files.checkpoint import Checkpoint
from supervisor.show.moments import Here
from supervisor.show.sentence import counted
from supervisor.show.table import INDENT, Style, table, wrapped
from supervisor.show.worst_first import Urgency, worst_first

if TYPE_CHECKING:
    # `status` and `events` judge nothing.
    from supervisor.core.judge.explain import Explanation


# --- reports ----------------------------------------------------------------------------------------------------------


def report_lines(report: Report, style: Style) -> list[str]:
    """Summary, recommendations, problems, and what is muted or unmanaged."""
    lines = [f"{style.paint(report.summary.value)}: {_counts(report)}"]
    if report.recommendations:
        rows = [("SEVERITY", "TYPE", "ACTION", "SUBJECT", "REASON")]
        rows += [
            (known.severity, known.type, known.action, str(known.subject), known.reason)
            for known in worst_first(report.recommendations, _urgency)
        ]
        lines += ["", *table(rows, style)]
    muted: dict[str, int] = {}
    for drift in report.drift:
        if drift.inhibited_by is not None:
            muted[str(drift.inhibited_by)] = muted.get(str(drift.inhibited_by), 0) + 1
    if muted:
        lines += ["", *(f"inhibited by {printable(name)}: {count}" for name, count in sorted(muted.items()))]
    if report.problems:
        lines += ["", *(printable(str(problem)) for problem in report.problems)]
    if report.unmanaged:
        lines += ["", "unmanaged: " + ", ".join(printable(str(ref)) for ref in report.unmanaged)]
    return lines


def _counts(report: Report) -> str:
    counts = report.counts
    nodes, services = counted(counts["nodes"], "node"), counted(counts["services"], "service")
    recommendations = counted(counts["recommendations"], "recommendation")
    return f"{nodes}, {services}, {counts['drift']} drift, {counts['inhibited']} inhibited, {recommendations}"


def _urgency(known: Recommendation) -> Urgency:
    since = getattr(known, "since", None)
    return Urgency(known.severity, str(known.subject), map(str, known.affects), map(str, known.root_causes), since)


# --- status -----------------------------------------------------------------------------------------------------------


def status_json(saved: Checkpoint, last_pass: LastPass, doubt: Doubt | None) -> dict[str, Any]:
    """What ``status -o json`` prints."""
    summary = saved.ledger.summary
    return {
        "version": 1,
        "summary": summary if doubt is None else "unknown",
        "last_summary": summary,
        "last_pass": None if last_pass.at is None else format_instant(last_pass.at),
        "running": last_pass.running,
        "updated": format_instant(saved.updated),
        "watch": saved.watch,
        "open": [
            {
                **entry.recommendation(),
                "first_seen": format_instant(entry.first_seen),
                "last_event": format_instant(entry.last_event),
            }
            for entry in sorted(saved.ledger.open.values(), key=lambda entry: (entry.subject, entry.fingerprint))
        ],
    }


def status_lines(
    saved: Checkpoint, last_pass: LastPass, doubt: Doubt | None, here: Here, interval: Duration, style: Style
) -> list[str]:
    """The summary and how old it is, and what is open. ``interval``: from one resync to the next."""
    ledger = saved.ledger
    known = f"{style.paint(ledger.summary or 'nothing judged yet')}: {len(ledger.open)} open"
    changed = f"last change {here.moment(saved.updated)}"
    if doubt is None:
        watch = f", watch={printable(saved.watch)}" if saved.watch else ""
        passed = "" if last_pass.at is None else f", last pass {here.moment(last_pass.at)}"
        lines = [f"{known}{passed}, {changed}{watch}"]
    else:
        lines = [f"{style.paint('unknown')}: {_doubt(doubt, last_pass, here, interval)}"]
        lines.append(f"what was known then: {known}, {changed}")
    if ledger.open:
        head = ("SEVERITY", "ACTION", "SUBJECT", "SINCE", "FINGERPRINT", "REASON")
        rows = [_open_row(entry, recommendation, here) for entry, recommendation in _worst_open(ledger)]
        lines += ["", *table([head, *rows], style)]
    return lines


def _doubt(doubt: Doubt, last_pass: LastPass, here: Here, interval: Duration) -> str:
    """What happened, what it means, and what to type next."""
    if last_pass.at is None:
        return "no pass is known: does the supervisor run?; to see: systemctl status runtime-supervisor"
    passed = f"the last pass was at {here.moment(last_pass.at)}"
    by_hand = "for a pass now: runtime-supervisor reconcile"
    if doubt is Doubt.STOPPED:
        return f"no supervisor runs; {passed}; to start it: systemctl start runtime-supervisor"
    if doubt is Doubt.AHEAD:
        return f"{passed}, in the future: was the clock set back?; {by_hand}"
    return f"{passed}, and one is due every {format_duration(interval)}; {by_hand}"


def _worst_open(ledger: Ledger) -> list[tuple[OpenEntry, dict[str, Any]]]:
    entries = [(entry, dict(entry.recommendation())) for entry in ledger.open.values()]

    def urgency(pair: tuple[OpenEntry, dict[str, Any]]) -> Urgency:
        entry, known = pair
        affects, root_causes = (known.get(key) or () for key in ("affects", "root_causes"))
        return Urgency(str(known.get("severity")), entry.subject, affects, root_causes, entry.first_seen)

    return worst_first(entries, urgency)


def _open_row(entry: OpenEntry, known: dict[str, Any], here: Here) -> tuple[str, ...]:
    severity, action, reason = (str(known.get(key, "")) for key in ("severity", "action", "reason"))
    return severity, action, entry.subject, here.moment(entry.first_seen), entry.fingerprint, reason


# --- events -----------------------------------------------------------------------------------------------------------


def event_json(event: Event) -> str:
    """One line, as it stands in the log."""
    return json_text(event)


def event_lines(event: Event, here: Here, style: Style) -> list[str]:
    """One line; on a terminal that is too narrow, what it says goes below."""
    data = event["data"]
    if event["type"] == "summary_changed":
        counts = data.get("counts")
        count = counts.get("recommendations") if isinstance(counts, dict) else None
        known = counted(count, "recommendation") if isinstance(count, int) else f"{count} recommendations"
        what = f"{data.get('from') or 'unknown'} -> {data.get('to')} ({known})"
    elif event["type"] == "reconcile_resolved":
        cause = f" by {data['inhibited_by']}" if data.get("inhibited_by") else ""
        what = f"{data.get('resolution')}{cause} [{data.get('fingerprint')}]"
    else:
        what = f"{data.get('severity')} {data.get('action')} ({data.get('emit_reason')}): {data.get('reason')}"
    what, subject = printable(what), printable(event["subject"])
    try:
        time = here.moment(parse_instant(event["time"]))
    except ValueError:
        time = printable(event["time"])
    plain = f"{time}  {event['type']}  {subject}"
    line = f"{time}  {style.paint(event['type'])}  {subject}"
    if style.width is None or len(f"{plain}  {what}") <= style.width:
        return [f"{line}  {what}"]
    lines = [line] if len(plain) <= style.width else wrapped(plain, style.width)
    return [*lines, *(INDENT + text for text in wrapped(what, style.width - len(INDENT)))]


# --- explain ----------------------------------------------------------------------------------------------------------


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """What ``explain -o json`` prints."""
    return {
        "version": 1,
        "subject": str(explanation.subject),
        "state": explanation.state,
        "rows": [
            {
                "row": row.number,
                "situation": row.situation,
                "applies": row.applies,
                "decides": row.decides,
                "because": row.because,
            }
            for row in explanation.rows
        ],
        "evidence": [place._asdict() for place in explanation.evidence],
    }


def explanation_lines(explanation: Explanation) -> list[str]:
    """State, rows with their verdict, evidence at file:line."""
    lines = [f"{printable(str(explanation.subject))}: {printable(explanation.state)}"]
    if explanation.rows:
        lines.append("")
        for row in explanation.rows:
            mark = "=>" if row.decides else "  "
            verdict = "applies" if row.applies else "no"
            if row.applies and not row.decides:
                verdict = "applies, but an earlier row decides"
            lines.append(f"{mark} {row.number}. {row.situation}: {verdict}: {printable(row.because)}")
    if explanation.evidence:
        lines += ["", "evidence:", *(f"  {_place(place)}" for place in explanation.evidence)]
    return lines


def _place(place: Evidence) -> str:
    line = f":{place.line}" if place.line is not None else ""
    value = f" = {place.value}" if place.value is not None else ""
    return printable(f"{place.file}{line}  {place.pointer or '(the whole file)'}{value}")

"""Events, verdicts and questions as a sentence for people, such as the journal shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_ENDS = {
    "cleared": "it is over",
    "replaced": "another recommendation takes its place",
    "removed": "it is no longer expected",
}


def counted(number: int, thing: str) -> str:
    """``1 node``, ``2 nodes``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def verdict_sentence(summary: str, counts: Mapping[str, int]) -> str:
    """``degraded: 5 nodes, 41 services, 1 recommendation``. ``counts`` are those of a report."""
    parts = [counted(counts[f"{thing}s"], thing) for thing in ("node", "service", "recommendation")]
    return f"{summary}: {', '.join(parts)}"


def event_sentence(kind: str, subject: str, data: Mapping[str, Any]) -> str:
    """An event by its type, its subject and its data."""
    if kind == "summary_changed":
        return f"the summary was {data.get('from') or 'unknown'} and is now {data.get('to')}"
    if kind == "reconcile_resolved":
        resolution = data.get("resolution")
        if resolution == "inhibited":
            return f"{subject} is resolved: {data.get('inhibited_by')} explains it"
        return f"{subject} is resolved: {_ENDS.get(str(resolution), resolution)}"
    still = " is still open" if data.get("emit_reason") == "repeated" else ""
    return f"{subject}{still}: {data.get('reason')} ({data.get('action')})"


def ambiguous_sentence(services: Sequence[str]) -> str:
    """Why one name does not tell which of these services is meant, and what to write instead."""
    choice = ", ".join(service.removeprefix("service:") for service in services)
    return f"it is on several nodes; write one of {choice}"

"""What is known after a pass, and how it is told: lines in the log, and the status that systemd shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from supervisor.core.announce.emissions import Emission, EmitReason
from supervisor.core.instant import SECOND, Duration, Instant, format_instant
from supervisor.core.judge.reconcile import Judgement
from supervisor.core.model.findings import EventType, Severity
from supervisor.show.sentence import counted, event_sentence, verdict_sentence
from supervisor.supervise.workqueue import Trigger

_NAMED = 50
"""Emissions that the line of a pass names; each has a line of its own besides."""

_FIELDS = ("action", "severity", "reason", "resolution", "inhibited_by", "fingerprint", "from", "to")


class PassOutcome(StrEnum):
    """How a pass ended."""

    OK = "ok"
    RETRY = "retry"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class PassResult:
    """``judgement`` is None when a bug ended the pass; ``error`` says why it is not recorded, or what the bug was."""

    number: int
    trigger: Trigger
    outcome: PassOutcome
    judgement: Judgement | None = None
    emissions: tuple[Emission, ...] = ()
    error: str | None = None
    took: Duration = 0


def log_result(log: Any, result: PassResult) -> None:
    """One line for each emission, and one for the pass."""
    for emission in result.emissions:
        data = emission.data()
        line: dict[str, Any] = {
            "message": event_sentence(emission.type, str(emission.subject), data | {"emit_reason": emission.reason}),
            "type": emission.type.value,
            "subject": emission.subject,
            "emit_reason": emission.reason.value,
            "pass": result.number,
        }
        line |= {key: data[key] for key in _FIELDS if data.get(key) is not None}
        getattr(log, _level(emission, data))(emission.type.value, **line)
    if result.judgement is None:
        return
    emissions = [f"{emission.type}:{emission.reason}:{emission.subject}" for emission in result.emissions[:_NAMED]]
    if len(result.emissions) > _NAMED:
        emissions.append(f"and {len(result.emissions) - _NAMED} more")
    # Most passes change nothing: at the usual level they say nothing either.
    is_news = bool(result.emissions) or result.outcome is not PassOutcome.OK
    getattr(log, "info" if is_news else "debug")(
        "pass",
        message=_sentence(result, result.judgement),
        **{"pass": result.number},
        trigger=result.trigger.value,
        outcome=result.outcome.value,
        duration_ms=round(result.took / 1e6, 1),
        summary=result.judgement.summary.value,
        **result.judgement.counts,
        problems=len(result.judgement.problems),
        emissions=emissions,
    )


def status_text(result: PassResult, now: Instant, watch: str) -> str:
    """One line for systemd: the verdict, when it was made and why, and what is out of order."""
    parts = [f"last pass {format_instant(now // SECOND * SECOND)} ({result.trigger})"]
    if result.judgement is not None:
        parts.insert(0, verdict_sentence(result.judgement.summary, result.judgement.counts))
    if result.outcome is not PassOutcome.OK:
        parts.append(f"degraded({'output' if result.outcome is PassOutcome.RETRY else 'fault'}): {result.error}")
    if watch.startswith("degraded"):
        parts.append(f"watch={watch}")
    return "; ".join(parts)


def _sentence(result: PassResult, judgement: Judgement) -> str:
    events = f"; {counted(len(result.emissions), 'event')}" if result.emissions else ""
    verdict = verdict_sentence(judgement.summary, judgement.counts)
    return f"pass {result.number} ({result.trigger}, {result.took / 1e6:.1f} ms): {verdict}{events}"


def _level(emission: Emission, data: Mapping[str, Any]) -> str:
    if emission.reason is EmitReason.RESOLVED:
        return "info"
    if emission.type is EventType.SUMMARY_CHANGED:
        return "info" if data.get("to") == "nominal" else "warning"
    return "error" if data.get("severity") == Severity.CRITICAL else "warning"

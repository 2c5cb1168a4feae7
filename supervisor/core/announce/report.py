"""Reports as plain JSON values, field by field as ``docs/formats.md`` gives them."""

from __future__ import annotations

from typing import Any

from supervisor.core.instant import Instant, format_instant
from supervisor.core.model.findings import Drift, Evidence, Recommendation, Report
from supervisor.core.model.problems import Problem

Json = dict[str, Any]

VERSION = 1


def report_json(report: Report) -> Json:
    """The whole report."""
    return {
        "version": VERSION,
        "summary": report.summary.value,
        "counts": dict(report.counts),
        "drift": [drift_json(one) for one in report.drift],
        "recommendations": [recommendation_json(one) for one in report.recommendations],
        "problems": [problem_json(one) for one in report.problems],
        "unmanaged": [str(ref) for ref in report.unmanaged],
    }


def drift_json(drift: Drift) -> Json:
    return {
        "condition": drift.condition.value,
        "subject": str(drift.subject),
        "severity": drift.severity.value,
        "inhibited_by": None if drift.inhibited_by is None else str(drift.inhibited_by),
        "since": _instant(drift.since),
        "evidence": [evidence_json(one) for one in drift.evidence],
    }


def recommendation_json(recommendation: Recommendation) -> Json:
    return {
        "fingerprint": recommendation.fingerprint,
        "type": recommendation.type.value,
        "action": recommendation.action.value,
        "subject": str(recommendation.subject),
        "severity": recommendation.severity.value,
        "reason": recommendation.reason,
        "conditions": [one.value for one in recommendation.conditions],
        "blocked_by": [str(one) for one in recommendation.blocked_by],
        "root_causes": [str(one) for one in recommendation.root_causes],
        "affects": [str(one) for one in recommendation.affects],
        "candidates": [str(one) for one in recommendation.candidates],
        "in_progress": recommendation.in_progress,
        "evidence": [evidence_json(one) for one in recommendation.evidence],
    }


def problem_json(problem: Problem) -> Json:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "level": problem.level.value,
        "message": problem.message,
    }


def evidence_json(evidence: Evidence) -> Json:
    return {
        "file": evidence.file,
        "pointer": evidence.pointer,
        "line": evidence.line,
        "value": evidence.value,
    }


def _instant(instant: Instant | None) -> str | None:
    return None if instant is None else format_instant(instant)

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
        "drift": [drift_json(drift) for drift in report.drift],
        "recommendations": [recommendation_json(recommendation) for recommendation in report.recommendations],
        "problems": [problem_json(problem) for problem in report.problems],
        "unmanaged": [str(ref) for ref in report.unmanaged],
    }


def drift_json(drift: Drift) -> Json:
    return {
        "condition": drift.condition.value,
        "subject": str(drift.subject),
        "severity": drift.severity.value,
        "inhibited_by": None if drift.inhibited_by is None else str(drift.inhibited_by),
        "since": _instant(drift.since),
        "detail": drift.detail,
        "evidence": [evidence_json(evidence) for evidence in drift.evidence],
    }


def recommendation_json(recommendation: Recommendation) -> Json:
    return {
        "fingerprint": recommendation.fingerprint,
        "type": recommendation.type.value,
        "action": recommendation.action.value,
        "subject": str(recommendation.subject),
        "severity": recommendation.severity.value,
        "reason": recommendation.reason,
        "conditions": [condition.value for condition in recommendation.conditions],
        "blocked_by": [str(ref) for ref in recommendation.blocked_by],
        "root_causes": [str(ref) for ref in recommendation.root_causes],
        "affects": [str(ref) for ref in recommendation.affects],
        "candidates": [str(ref) for ref in recommendation.candidates],
        "in_progress": recommendation.in_progress,
        "since": _instant(recommendation.since),
        "detail": recommendation.detail,
        "evidence": [evidence_json(evidence) for evidence in recommendation.evidence],
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

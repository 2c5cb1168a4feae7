"""The state of the whole in one word."""

from __future__ import annotations

from collections.abc import Iterable

from supervisor.core.model import Drift, EventType, Recommendation, Severity, Summary


def summarise(drift: Iterable[Drift], recommendations: Iterable[Recommendation]) -> Summary:
    """``unstable`` for critical drift or anything blocked, ``degraded`` for other drift that is not inhibited."""
    severities = {one.severity for one in drift if one.inhibited_by is None}
    if Severity.CRITICAL in severities or any(one.type is EventType.BLOCKED for one in recommendations):
        return Summary.UNSTABLE
    return Summary.DEGRADED if severities else Summary.NOMINAL

"""What the judgement finds and recommends."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from supervisor.core.instant import SECOND, Duration, Instant
from supervisor.core.model.problems import Problem
from supervisor.core.model.subjects import ServiceRef, Subject


class Thresholds(NamedTuple):
    """The settings that take part in the judgement; durations in nanoseconds."""

    stale_after: Duration = 300 * SECOND
    startup_grace: Duration = 120 * SECOND
    deployment_window: Duration = 86400 * SECOND
    repeated_failures: int = 3


class Severity(StrEnum):
    """How much a drift or recommendation matters."""

    CRITICAL = "critical"
    WARNING = "warning"


class Condition(StrEnum):
    """What kind of drift it is."""

    MISSING_SERVICE = "missing_service"
    UNHEALTHY_SERVICE = "unhealthy_service"
    FAILED_DEPLOYMENT = "failed_deployment"
    OFFLINE_NODE = "offline_node"
    UNRESOLVED_INCIDENT = "unresolved_incident"
    STALE_OBSERVATION = "stale_observation"
    INVALID_INPUT = "invalid_input"
    OVERDUE_SERVICE = "overdue_service"


class EventType(StrEnum):
    """The type of an event; the first three are the types of recommendations."""

    REQUIRED = "reconcile_required"
    RECOMMENDED = "reconcile_recommended"
    BLOCKED = "reconcile_blocked"
    RESOLVED = "reconcile_resolved"
    SUMMARY_CHANGED = "summary_changed"


class Action(StrEnum):
    """What is recommended."""

    REPAIR_INPUT = "repair_input"
    CHECK_OBSERVER = "check_observer"
    FAILOVER_REVIEW = "failover_review"
    DELAY_DEPLOYMENT = "delay_deployment"
    DIAGNOSTICS = "diagnostics"
    DEPLOY = "deploy"
    REDEPLOY = "redeploy"
    REVIEW_INCIDENT = "review_incident"


class Summary(StrEnum):
    """The state of the whole. ``reconciling`` is kept for the stage that applies remediations."""

    NOMINAL = "nominal"
    DEGRADED = "degraded"
    UNSTABLE = "unstable"


VALUE_LIMIT = 200
"""Characters of a value that evidence shows at most."""


class Evidence(NamedTuple):
    """A fact and its place: JSON pointer, 1-based line (None without a place), and the text found there."""

    file: str
    pointer: str
    line: int | None
    value: str | None

    @property
    def order(self) -> tuple[str, str, int, str]:
        return (self.file, self.pointer, self.line or 0, self.value or "")


class Drift(NamedTuple):
    """One difference between desired and actual; ``inhibited_by`` names the subject that explains it.

    ``detail`` is what the world tells of it besides its word, at most 200 characters.
    """

    condition: Condition
    subject: Subject
    severity: Severity
    since: Instant | None = None
    inhibited_by: Subject | None = None
    evidence: tuple[Evidence, ...] = ()
    detail: str | None = None

    @property
    def order(self) -> tuple[str, str]:
        return (str(self.subject), self.condition)


class Recommendation(NamedTuple):
    """What somebody should do about one subject. All tuples are sorted by their text.

    ``since`` and ``detail`` are those of the drift of the row that decides.
    """

    fingerprint: str
    type: EventType
    action: Action
    subject: Subject
    severity: Severity
    reason: str
    conditions: tuple[Condition, ...]
    blocked_by: tuple[Subject, ...] = ()
    root_causes: tuple[Subject, ...] = ()
    affects: tuple[Subject, ...] = ()
    candidates: tuple[Subject, ...] = ()
    in_progress: str | None = None
    evidence: tuple[Evidence, ...] = ()
    since: Instant | None = None
    detail: str | None = None


class Report(NamedTuple):
    """The outcome of a pass, as people and programs read it."""

    summary: Summary
    counts: Mapping[str, int]
    drift: tuple[Drift, ...]
    recommendations: tuple[Recommendation, ...]
    problems: tuple[Problem, ...]
    unmanaged: tuple[ServiceRef, ...]

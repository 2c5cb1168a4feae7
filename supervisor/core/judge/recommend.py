"""What to do: the table of recommendations, rows in order, and for each subject the first row that applies.

A row is asked about a case and answers with a verdict and its reason, so that ``explain`` can show the rows that did
not apply as well. A new row is a function here, its line in ``ROWS``, and its action in ``model.findings.Action``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import NamedTuple

from supervisor.core.instant import format_duration, format_instant
from supervisor.core.judge.assessment import (
    NodeStanding,
    Picture,
    ServiceState,
    deployment_under_way,
    finished_deployments,
    full_report,
    how_stale,
    last_success,
    state_of,
)
from supervisor.core.judge.cases import Case, IncidentCase, InputCase, NodeCase, ServiceCase
from supervisor.core.judge.chains import Chains
from supervisor.core.judge.evidence import detail_of, in_order
from supervisor.core.model.desired import DesiredNode
from supervisor.core.model.findings import Action, Condition, Drift, EventType, Recommendation, Severity
from supervisor.core.model.statuses import DeploymentOutcome
from supervisor.core.model.subjects import WORLD, NodeRef, ServiceRef, Subject
from supervisor.core.text import printable, quoted


class RowVerdict(NamedTuple):
    """What a row says of a case: does it apply, why (a sentence for people), and how severe that is."""

    applies: bool
    because: str
    severity: Severity = Severity.WARNING


# --- rows -------------------------------------------------------------------------------------------------------------


def _unusable_input(case: Case) -> RowVerdict:
    if not isinstance(case, InputCase):
        return RowVerdict(False, "only applies to inputs")
    if case.invalid is None:
        return RowVerdict(False, "it can be read and used")
    # Where the errors are is in the evidence; the sentence is the same whatever the order of keys.
    first, *others = sorted({error.message for error in case.invalid.errors})
    more = f" (and {len(others)} more)" if others else ""
    return RowVerdict(True, f"{case.ref.path} cannot be used: {first}{more}", case.severity)


def _not_observed(case: Case) -> RowVerdict:
    if isinstance(case, InputCase):
        if case.ref == WORLD and case.picture.world_is_stale:
            return RowVerdict(True, "every document of the world is stale: check the observer", Severity.CRITICAL)
        return RowVerdict(
            False, "its documents are not all stale" if case.ref == WORLD else "only applies to the world"
        )
    if isinstance(case, NodeCase):
        if case.verdict.standing is not NodeStanding.STALE:
            return RowVerdict(False, "it is observed")
        return RowVerdict(True, f"node {case.ref.name} is not observed: {case.verdict.because}", case.severity)
    if isinstance(case, ServiceCase):
        if case.state is not ServiceState.UNOBSERVED or case.report is None:
            return RowVerdict(False, "it is being observed")
        picture, document = case.picture, case.report.document
        because = f"its status is {quoted(case.report.status)}"
        if picture.is_stale(document):
            stale = how_stale(document, picture.thresholds, picture.now)
            because = f"its newest word, in {document.file}, is {stale}"
        return RowVerdict(True, f"{_title(case)} is not observed: {because}", case.severity)
    return RowVerdict(False, "speaks of observations")


def _offline(case: Case) -> RowVerdict:
    if not isinstance(case, NodeCase):
        return RowVerdict(False, "only applies to nodes")
    if case.verdict.standing is NodeStanding.AWAY:
        return RowVerdict(False, f"always_on is false, and it is away: {case.verdict.because}")
    if case.verdict.standing is not NodeStanding.OFFLINE:
        return RowVerdict(False, f"it is {case.verdict.standing}: {case.verdict.because}")
    return RowVerdict(True, f"node {case.ref.name} is offline: {case.verdict.because}", case.severity)


def _blocked(case: Case) -> RowVerdict:
    if not isinstance(case, ServiceCase):
        return RowVerdict(False, "only applies to services")
    if case.failed is None and not case.overdue and case.state not in (ServiceState.MISSING, ServiceState.UNHEALTHY):
        return RowVerdict(False, "it is neither missing, unhealthy nor overdue, and its latest deployment did not fail")
    if not case.unavailable:
        return RowVerdict(False, "every dependency is available")
    first, *others = case.unavailable
    more = f" and {len(others)} more" if others else ""
    because = f"{_title(case)} {_complaint(case)}, blocked by {first}{more} ({state_of(case.picture, first)})"
    return RowVerdict(True, because, case.severity)


def _failing_repeatedly(case: Case) -> RowVerdict:
    if not isinstance(case, ServiceCase):
        return RowVerdict(False, "only applies to services")
    wanted = case.picture.thresholds.repeated_failures
    last = finished_deployments(case.picture, case.ref)[-wanted:]
    if len(last) < wanted or any(deployment.outcome is not DeploymentOutcome.FAILED for deployment in last):
        return RowVerdict(False, f"its last {wanted} finished deployments within the window did not all fail")
    because = f"the last {wanted} deployments of {_title(case)} all failed: find out why before the next"
    return RowVerdict(True, because, case.severity)


def _missing(case: Case) -> RowVerdict:
    if not isinstance(case, ServiceCase):
        return RowVerdict(False, "only applies to services")
    if case.state is not ServiceState.MISSING:
        return RowVerdict(False, "it is not missing")
    return RowVerdict(True, f"{_title(case)} is missing", case.severity)


def _unhealthy(case: Case) -> RowVerdict:
    if not isinstance(case, ServiceCase):
        return RowVerdict(False, "only applies to services")
    if case.state is not ServiceState.UNHEALTHY:
        return RowVerdict(False, "it is not unhealthy")
    return RowVerdict(True, f"{_title(case)} {_complaint(case)}", case.severity)


def _overdue(case: Case) -> RowVerdict:
    if not isinstance(case, ServiceCase):
        return RowVerdict(False, "only applies to services")
    if case.service.max_age is None or not case.service.oneshot:
        return RowVerdict(False, "it is not a oneshot with max_age")
    if not case.overdue:
        return RowVerdict(False, "it is not overdue")
    return RowVerdict(True, f"{_title(case)} {_complaint(case)}", case.severity)


def _failed_though_healthy(case: Case) -> RowVerdict:
    if not isinstance(case, ServiceCase):
        return RowVerdict(False, "only applies to services")
    if case.state is not ServiceState.HEALTHY:
        return RowVerdict(False, "it is not healthy")
    if case.failed is None:
        return RowVerdict(False, "its latest finished deployment within the window did not fail, or there is none")
    return RowVerdict(True, f"{_title(case)} is healthy, but its deployment {quoted(case.failed.id)} failed")


def _open_incident(case: Case) -> RowVerdict:
    if not isinstance(case, IncidentCase):
        return RowVerdict(False, "only applies to incidents")
    incident = case.incident
    if incident.resolved:
        return RowVerdict(False, f"its status is {quoted(incident.status)}")
    title = f": {quoted(incident.title)}" if incident.title else ""
    place = " on ".join(part for part in (incident.service, incident.node) if part)
    about = f" ({place})" if place else ""
    return RowVerdict(True, f"incident {incident.id}{about} is {quoted(incident.status)}{title}", case.severity)


def _title(case: ServiceCase) -> str:
    return f"{case.ref.name} on {case.ref.node}"


def _complaint(case: ServiceCase) -> str:
    if case.state is ServiceState.MISSING:
        return "is missing"
    if case.state is ServiceState.UNHEALTHY and case.report is not None:
        detail = detail_of(case.report)
        return (
            f"is unhealthy ({quoted(case.report.status)})" if detail is None else f"is unhealthy: {printable(detail)}"
        )
    if case.overdue:
        return _lateness(case)
    return "is healthy, but its latest deployment failed" if case.failed is not None else f"is {case.state}"


def _lateness(case: ServiceCase) -> str:
    success = last_success(full_report(case.picture.facts(case.node.name), case.service.name))
    limit = format_duration(case.service.max_age or 0)
    if success is None:
        return f"is overdue: no success of it is known, and it should have one every {limit}"
    return f"is overdue: its last known success was at {format_instant(success)}, more than {limit} ago"


class Row(NamedTuple):
    """A row of the table; ``about`` is the condition it answers where a subject has several."""

    number: int
    situation: str
    type: EventType
    action: Action
    applies: Callable[[Case], RowVerdict]
    about: Condition | None = None


ROWS: tuple[Row, ...] = (
    Row(1, "an input cannot be used", EventType.BLOCKED, Action.REPAIR_INPUT, _unusable_input),
    Row(2, "it is not observed", EventType.BLOCKED, Action.CHECK_OBSERVER, _not_observed),
    Row(3, "the node is offline", EventType.REQUIRED, Action.FAILOVER_REVIEW, _offline),
    Row(4, "a dependency is not available", EventType.BLOCKED, Action.DELAY_DEPLOYMENT, _blocked),
    Row(
        5,
        "its deployments keep failing",
        EventType.BLOCKED,
        Action.DIAGNOSTICS,
        _failing_repeatedly,
        Condition.FAILED_DEPLOYMENT,
    ),
    Row(6, "the service is missing", EventType.REQUIRED, Action.DEPLOY, _missing),
    Row(7, "the service is unhealthy", EventType.REQUIRED, Action.REDEPLOY, _unhealthy),
    Row(8, "the oneshot is overdue", EventType.REQUIRED, Action.REDEPLOY, _overdue, Condition.OVERDUE_SERVICE),
    Row(
        9,
        "healthy, but its latest deployment failed",
        EventType.RECOMMENDED,
        Action.REDEPLOY,
        _failed_though_healthy,
        Condition.FAILED_DEPLOYMENT,
    ),
    Row(10, "an incident is unresolved", EventType.RECOMMENDED, Action.REVIEW_INCIDENT, _open_incident),
)


def verdicts(case: Case) -> list[tuple[Row, RowVerdict]]:
    """Every row with its verdict."""
    return [(row, row.applies(case)) for row in ROWS]


def recommend(case: Case, drift: Iterable[Drift], chains: Chains) -> Recommendation | None:
    """The first row that applies, as a recommendation for the subject's drift."""
    for row in ROWS:
        verdict = row.applies(case)
        if verdict.applies:
            return _recommendation(case, row, verdict, tuple(drift), chains)
    return None


def fingerprint(
    subject: Subject,
    type_: EventType,
    action: Action,
    severity: Severity,
    conditions: tuple[Condition, ...],
    blocked_by: tuple[Subject, ...],
    root_causes: tuple[Subject, ...],
) -> str:
    """16 hex digits over what makes the recommendation itself; not over wording, evidence or time."""
    parts = [str(subject), type_, action, severity, conditions, list(map(str, blocked_by)), list(map(str, root_causes))]
    return hashlib.sha256(_compact(parts).encode()).hexdigest()[:16]


_compact = json.JSONEncoder(separators=(",", ":")).encode


def _recommendation(
    case: Case, row: Row, verdict: RowVerdict, drift: tuple[Drift, ...], chains: Chains
) -> Recommendation:
    conditions = tuple(sorted(entry.condition for entry in drift))
    decisive = next((entry for entry in drift if entry.condition is row.about), drift[0])
    blocked_by: tuple[Subject, ...] = ()
    root_causes: tuple[Subject, ...] = ()
    if row.action is Action.DELAY_DEPLOYMENT and isinstance(case, ServiceCase):
        blocked_by = case.unavailable
        root_causes = _sorted(chains.root_causes(case.ref))
    return Recommendation(
        fingerprint(case.ref, row.type, row.action, verdict.severity, conditions, blocked_by, root_causes),
        row.type,
        row.action,
        case.ref,
        verdict.severity,
        verdict.because,
        conditions,
        blocked_by,
        root_causes,
        affects=_affects(case),
        candidates=_candidates(case) if row.action is Action.FAILOVER_REVIEW else (),
        in_progress=deployment_under_way(case.picture, case.ref) if isinstance(case, ServiceCase) else None,
        evidence=in_order(place for entry in drift for place in entry.evidence),
        since=decisive.since,
        detail=decisive.detail,
    )


def _affects(case: Case) -> tuple[Subject, ...]:
    """The services that go unjudged or unserved with an input or a node."""
    if isinstance(case, NodeCase):
        return _sorted(expected(case.node))
    if isinstance(case, InputCase):
        lost = case.invalid.services if case.invalid is not None else ()
        nodes = case.picture.desired.nodes
        muted = (ref for name in case.picture.muted.get(case.ref, ()) for ref in expected(nodes[name]))
        return _sorted((*lost, *muted))
    return ()


def _candidates(case: Case) -> tuple[Subject, ...]:
    """The failover nodes that are online."""
    if not isinstance(case, NodeCase):
        return ()
    named = {entry.text for entry in case.node.failover} - {case.node.name}
    return _sorted(NodeRef(name) for name in named if _is_online(case.picture, name))


def _is_online(picture: Picture, name: str) -> bool:
    return name in picture.nodes and picture.nodes[name].standing is NodeStanding.ONLINE


def expected(node: DesiredNode) -> list[ServiceRef]:
    """The services the inventory expects of a node."""
    return [ServiceRef(node.name, service.name) for service in node.services.values() if service.enabled]


def _sorted(subjects: Iterable[Subject]) -> tuple[Subject, ...]:
    return tuple(sorted(subjects, key=str))

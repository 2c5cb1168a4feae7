"""The table of recommendations: nine rows in order, and for each subject the first one that applies.

A row is asked about a *case* (a subject and what is known of it) and answers with a verdict and its reason, so that
``explain`` can show the rows that did not apply as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from supervisor.core.judge.assessment import NodeStanding, NodeVerdict, Picture, ServiceState, evidence, severity_of
from supervisor.core.model.actual import Deployment, Incident
from supervisor.core.model.desired import DesiredNode, DesiredService
from supervisor.core.model.findings import Action, Condition, Drift, EventType, Recommendation, Severity
from supervisor.core.model.problems import InvalidInput
from supervisor.core.model.statuses import Outcome
from supervisor.core.model.subjects import HOSTS, WORLD, IncidentRef, InputRef, NodeRef, ServiceRef, Subject
from supervisor.core.text import shown


class Verdict(NamedTuple):
    """A row's answer: does it apply, why (one sentence for people), and how severe that is."""

    applies: bool
    because: str
    severity: Severity = Severity.WARNING


# --- cases ------------------------------------------------------------------------------------------------------------


class InputCase(NamedTuple):
    """An input, and what is wrong with it if anything is."""

    picture: Picture
    ref: InputRef
    invalid: InvalidInput | None = None


class NodeCase(NamedTuple):
    """A node of the inventory."""

    picture: Picture
    ref: NodeRef
    node: DesiredNode

    @property
    def verdict(self) -> NodeVerdict:
        return self.picture.nodes[self.node.name]


@dataclass(frozen=True, eq=False)
class ServiceCase:
    """An expected service of a node that is online."""

    picture: Picture
    ref: ServiceRef
    service: DesiredService
    state: ServiceState
    failed: Deployment | None

    @cached_property
    def unavailable(self) -> tuple[ServiceRef, ...]:
        return self.picture.unavailable(self.ref)

    @property
    def ailing(self) -> bool:
        return self.failed is not None or self.state in (ServiceState.MISSING, ServiceState.UNHEALTHY)

    @property
    def condition_text(self) -> str:
        report = self.picture.report_of(self.ref)
        if self.state is ServiceState.MISSING:
            return "is missing"
        if self.state is ServiceState.UNHEALTHY and report is not None:
            return f"is unhealthy ({shown(report.status)})"
        return "is well, but its latest deployment failed" if self.failed is not None else f"is {self.state}"

    @property
    def title(self) -> str:
        return f"{self.ref.name} on {self.ref.node}"


class IncidentCase(NamedTuple):
    """An incident that the world mentions."""

    picture: Picture
    ref: IncidentRef
    incident: Incident


Case = InputCase | NodeCase | ServiceCase | IncidentCase

# --- rows -------------------------------------------------------------------------------------------------------------


def _unusable_input(case: Case) -> Verdict:
    if not isinstance(case, InputCase):
        return Verdict(False, "speaks of inputs")
    if case.invalid is None:
        return Verdict(False, "it can be read and used")
    # Where the errors are is in the evidence; the sentence is the same whatever the order of keys.
    first, *others = sorted({error.message for error in case.invalid.errors})
    more = f" (and {len(others)} more)" if others else ""
    severity = Severity.CRITICAL if case.ref in (HOSTS, WORLD) else Severity.WARNING
    return Verdict(True, f"{case.ref.path} cannot be used: {first}{more}", severity)


def _not_observed(case: Case) -> Verdict:
    if isinstance(case, InputCase):
        if case.ref == WORLD and case.picture.world_is_stale:
            return Verdict(True, "every document of the world is stale: check the observer", Severity.CRITICAL)
        return Verdict(False, "its documents are not all stale" if case.ref == WORLD else "speaks of the world")
    if isinstance(case, NodeCase):
        stale = case.verdict.standing is NodeStanding.STALE
        return Verdict(
            stale, f"node {case.ref.name} is not observed: {case.verdict.because}" if stale else "it is observed"
        )
    if isinstance(case, ServiceCase):
        report = case.picture.report_of(case.ref)
        if case.state is ServiceState.UNOBSERVED and report is not None:
            return Verdict(True, f"{case.title} is not observed: its status is {shown(report.status)}")
        return Verdict(False, "nothing says that it was not observed")
    return Verdict(False, "speaks of observations")


def _offline(case: Case) -> Verdict:
    if not isinstance(case, NodeCase):
        return Verdict(False, "speaks of nodes")
    if case.verdict.standing is not NodeStanding.OFFLINE:
        return Verdict(False, f"it is {case.verdict.standing}: {case.verdict.because}")
    if not case.node.always_on:
        return Verdict(False, "it is offline, and always_on is false")
    severity = Severity.CRITICAL if case.node.critical else Severity.WARNING
    return Verdict(True, f"node {case.ref.name} is offline: {case.verdict.because}", severity)


def _blocked(case: Case) -> Verdict:
    if not isinstance(case, ServiceCase):
        return Verdict(False, "speaks of services")
    if not case.ailing:
        return Verdict(False, "it is neither missing nor unhealthy, and its latest deployment did not fail")
    if not case.unavailable:
        return Verdict(False, "every dependency is available")
    first, *others = case.unavailable
    more = f" and {len(others)} more" if others else ""
    state = case.picture.state_of(first)
    because = f"{case.title} {case.condition_text}, and it waits for {first}{more} ({state})"
    return Verdict(True, because, severity_of(case.service))


def _failing_repeatedly(case: Case) -> Verdict:
    if not isinstance(case, ServiceCase):
        return Verdict(False, "speaks of services")
    wanted = case.picture.thresholds.repeated_failures
    last = case.picture.finished(case.ref)[-wanted:]
    if len(last) < wanted or any(one.outcome is not Outcome.FAILED for one in last):
        return Verdict(False, f"its last {wanted} finished deployments within the window did not all fail")
    because = f"the last {wanted} deployments of {case.title} all failed: find out why before the next"
    return Verdict(True, because, severity_of(case.service))


def _missing(case: Case) -> Verdict:
    if not isinstance(case, ServiceCase):
        return Verdict(False, "speaks of services")
    if case.state is not ServiceState.MISSING:
        return Verdict(False, "it is not missing")
    return Verdict(True, f"{case.title} is missing", severity_of(case.service))


def _unhealthy(case: Case) -> Verdict:
    if not isinstance(case, ServiceCase):
        return Verdict(False, "speaks of services")
    if case.state is not ServiceState.UNHEALTHY:
        return Verdict(False, "it is not unhealthy")
    return Verdict(True, f"{case.title} {case.condition_text}", severity_of(case.service))


def _failed_though_well(case: Case) -> Verdict:
    if not isinstance(case, ServiceCase):
        return Verdict(False, "speaks of services")
    if case.state is not ServiceState.WELL:
        return Verdict(False, "it is not well")
    if case.failed is None:
        return Verdict(False, "its latest finished deployment within the window did not fail, or there is none")
    return Verdict(True, f"{case.title} is well, but its deployment {shown(case.failed.id)} failed")


def _open_incident(case: Case) -> Verdict:
    if not isinstance(case, IncidentCase):
        return Verdict(False, "speaks of incidents")
    incident = case.incident
    if incident.resolved:
        return Verdict(False, f"its status is {shown(incident.status)}")
    severity = Severity.CRITICAL if incident.critical else Severity.WARNING
    title = f": {shown(incident.title)}" if incident.title else ""
    place = " on ".join(part for part in (incident.service, incident.node) if part)
    about = f" ({place})" if place else ""
    return Verdict(True, f"incident {incident.id}{about} is {shown(incident.status)}{title}", severity)


class Row(NamedTuple):
    """One row of the table."""

    number: int
    situation: str
    type: EventType
    action: Action
    applies: Callable[[Case], Verdict]


ROWS: tuple[Row, ...] = (
    Row(1, "an input cannot be used", EventType.BLOCKED, Action.REPAIR_INPUT, _unusable_input),
    Row(2, "it is not observed", EventType.BLOCKED, Action.CHECK_OBSERVER, _not_observed),
    Row(3, "the node is offline", EventType.REQUIRED, Action.FAILOVER_REVIEW, _offline),
    Row(4, "a dependency is not available", EventType.BLOCKED, Action.DELAY_DEPLOYMENT, _blocked),
    Row(5, "its deployments keep failing", EventType.BLOCKED, Action.DIAGNOSTICS, _failing_repeatedly),
    Row(6, "the service is missing", EventType.REQUIRED, Action.DEPLOY, _missing),
    Row(7, "the service is unhealthy", EventType.REQUIRED, Action.REDEPLOY, _unhealthy),
    Row(8, "well, but its latest deployment failed", EventType.RECOMMENDED, Action.REDEPLOY, _failed_though_well),
    Row(9, "an incident is unresolved", EventType.RECOMMENDED, Action.REVIEW_INCIDENT, _open_incident),
)


def verdicts(case: Case) -> list[tuple[Row, Verdict]]:
    """Every row with its verdict."""
    return [(row, row.applies(case)) for row in ROWS]


def recommend(case: Case, drift: Iterable[Drift]) -> Recommendation | None:
    """The first row that applies, as a recommendation for the subject's drift."""
    for row in ROWS:
        verdict = row.applies(case)
        if verdict.applies:
            return _recommendation(case, row, verdict, tuple(drift))
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


def _recommendation(case: Case, row: Row, verdict: Verdict, drift: tuple[Drift, ...]) -> Recommendation:
    conditions = tuple(sorted(one.condition for one in drift))
    blocked_by: tuple[Subject, ...] = ()
    root_causes: tuple[Subject, ...] = ()
    if row.action is Action.DELAY_DEPLOYMENT and isinstance(case, ServiceCase):
        blocked_by = case.unavailable
        root_causes = _sorted(case.picture.root_causes(case.ref))
    facts = {place for one in drift for place in one.evidence}
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
        in_progress=case.picture.in_progress(case.ref) if isinstance(case, ServiceCase) else None,
        evidence=evidence(*facts),
    )


def _affects(case: Case) -> tuple[Subject, ...]:
    """The services that go unjudged or unserved with an input or a node."""
    picture = case.picture
    if isinstance(case, NodeCase):
        return _sorted(expected(case.node))
    if isinstance(case, InputCase):
        lost = case.invalid.services if case.invalid is not None else ()
        muted = (ref for name in picture.muted_by.get(case.ref, ()) for ref in expected(picture.desired.nodes[name]))
        return _sorted((*lost, *muted))
    return ()


def _candidates(case: Case) -> tuple[Subject, ...]:
    if not isinstance(case, NodeCase):
        return ()
    verdicts = case.picture.nodes
    online = {
        entry.text
        for entry in case.node.failover
        if entry.text != case.node.name
        and entry.text in verdicts
        and verdicts[entry.text].standing is NodeStanding.ONLINE
    }
    return _sorted(map(NodeRef, online))


def expected(node: DesiredNode) -> list[ServiceRef]:
    """The services the inventory expects of a node."""
    return [ServiceRef(node.name, service.name) for service in node.services.values() if service.enabled]


def _sorted(subjects: Iterable[Subject]) -> tuple[Subject, ...]:
    return tuple(sorted(subjects, key=str))

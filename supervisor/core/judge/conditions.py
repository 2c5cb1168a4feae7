"""What it is called: a small function for each condition, and the tables that say which of them a subject may have.

A new condition is a word in ``model.findings.Condition``, a function here, and its line in a table here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from supervisor.core.instant import Instant
from supervisor.core.judge.assessment import (
    NodeStanding,
    Picture,
    ServiceState,
    doubtful,
    full_report,
    grace_of,
    last_success,
)
from supervisor.core.judge.cases import Case, IncidentCase, InputCase, NodeCase, ServiceCase
from supervisor.core.judge.evidence import (
    declared_node,
    declared_service,
    detail_of,
    error_places,
    fact,
    in_order,
    observation_time,
    status_fact,
)
from supervisor.core.model.desired import DesiredNode
from supervisor.core.model.findings import Condition, Drift, Severity
from supervisor.core.model.statuses import ServiceWord
from supervisor.core.model.subjects import WORLD

# --- inputs -----------------------------------------------------------------------------------------------------------


def detect_invalid_input(case: InputCase) -> Drift | None:
    """It cannot be used, wholly or in part."""
    if case.invalid is None:
        return None
    return Drift(Condition.INVALID_INPUT, case.ref, case.severity, evidence=error_places(case.invalid))


def detect_stale_world(case: InputCase) -> Drift | None:
    """Every document is stale: a cause of its own, and no longer a matter of each node."""
    if case.ref != WORLD or not case.picture.world_is_stale:
        return None
    newest = max(case.picture.actual.observing, key=lambda document: document.order)
    evidence = (observation_time(newest),)
    return Drift(Condition.STALE_OBSERVATION, WORLD, Severity.CRITICAL, newest.observed_at, evidence=evidence)


# --- nodes ------------------------------------------------------------------------------------------------------------


def detect_stale_node(case: NodeCase) -> Drift | None:
    """Its newest observation is stale, its status word says that it was not observed, or there was never one."""
    newest, report = case.facts.newest, case.verdict.report
    if case.verdict.standing is not NodeStanding.STALE:
        return None
    places, since = status_fact(report), None if report is None else report.since
    if report is None and newest is not None:
        places, since = (observation_time(newest),), newest.observed_at
    evidence = in_order((declared_node(case.node), *places))
    return Drift(Condition.STALE_OBSERVATION, case.ref, case.severity, since, evidence=evidence)


def detect_offline_node(case: NodeCase) -> Drift | None:
    """It is offline, and it should always be on."""
    if case.verdict.standing is not NodeStanding.OFFLINE:
        return None
    report = case.verdict.report
    since = None if report is None else report.since
    evidence = in_order((declared_node(case.node), *status_fact(report)))
    return Drift(Condition.OFFLINE_NODE, case.ref, case.severity, since, evidence=evidence)


# --- services ---------------------------------------------------------------------------------------------------------


def detect_missing_service(case: ServiceCase) -> Drift | None:
    """No document mentions it, or its word says that it is absent."""
    if case.state is not ServiceState.MISSING:
        return None
    return _reported(Condition.MISSING_SERVICE, case)


def detect_unhealthy_service(case: ServiceCase) -> Drift | None:
    """Its word says that it is not healthy, or has been starting for too long."""
    if case.state is not ServiceState.UNHEALTHY:
        return None
    return _reported(Condition.UNHEALTHY_SERVICE, case)


def detect_unobserved_service(case: ServiceCase) -> Drift | None:
    """Its word says that it was not observed, or is in a document that is stale."""
    if case.state is not ServiceState.UNOBSERVED:
        return None
    drift = _reported(Condition.STALE_OBSERVATION, case)
    if case.report is None or not case.picture.is_stale(case.report.document):
        return drift
    document = case.report.document
    return drift._replace(since=document.observed_at, evidence=in_order((*drift.evidence, observation_time(document))))


def detect_failed_deployment(case: ServiceCase) -> Drift | None:
    """Its latest finished deployment failed (and there is a word to judge it by)."""
    failed = case.failed
    if failed is None or case.state is ServiceState.UNOBSERVED:
        return None
    evidence = in_order(
        (declared_service(case.node, case.service), fact(failed.document, failed.pointer, failed.status))
    )
    return Drift(Condition.FAILED_DEPLOYMENT, case.ref, case.severity, failed.at, evidence=evidence)


def _reported(condition: Condition, case: ServiceCase) -> Drift:
    """Drift that rests on the status word of a service, or on there being none."""
    since = None if case.report is None else case.report.since
    evidence = in_order((declared_service(case.node, case.service), *status_fact(case.report)))
    return Drift(condition, case.ref, case.severity, since, evidence=evidence, detail=detail_of(case.report))


def detect_overdue_service(case: ServiceCase) -> Drift | None:
    """A oneshot that is healthy, and whose last known success is too long ago."""
    if not case.overdue:
        return None
    report = full_report(case.picture.facts(case.node.name), case.service.name)
    success, max_age = last_success(report), case.service.max_age
    since = None if success is None or max_age is None else success + max_age
    return _reported(Condition.OVERDUE_SERVICE, case)._replace(since=since, detail=detail_of(report))


# --- incidents --------------------------------------------------------------------------------------------------------


def detect_unresolved_incident(case: IncidentCase) -> Drift | None:
    """It is open."""
    incident = case.incident
    if incident.resolved:
        return None
    evidence = status_fact(incident)
    return Drift(Condition.UNRESOLVED_INCIDENT, case.ref, case.severity, incident.opened_at, evidence=evidence)


# --- which subject may have which -------------------------------------------------------------------------------------


def _deployed(picture: Picture, node: DesiredNode) -> AbstractSet[str]:
    """The services of which deployments are told."""
    return node.services.keys() & picture.facts(node.name).deployments.keys()


def _aging(_: Picture, node: DesiredNode) -> AbstractSet[str]:
    """The services whose last success may be too long ago."""
    return {name for name, service in node.services.items() if service.max_age is not None}


def _graces(picture: Picture, node: DesiredNode) -> Iterator[Instant]:
    """When services that are starting have been so for too long."""
    for name, report in picture.facts(node.name).unwell.items():
        service = node.services.get(name)
        if service is not None and report.word is ServiceWord.STARTING and report.since is not None:
            yield report.since + grace_of(service, picture.thresholds)


def _windows(picture: Picture, node: DesiredNode) -> Iterator[Instant]:
    """When deployments are forgotten."""
    for deployments in picture.facts(node.name).deployments.values():
        for deployment in deployments:
            yield deployment.at + picture.thresholds.deployment_window + 1


def _ages(picture: Picture, node: DesiredNode) -> Iterator[Instant]:
    """When a last success, or a run that goes on, is too long ago."""
    facts = picture.facts(node.name)
    for name in _aging(picture, node):
        max_age, report = node.services[name].max_age or 0, full_report(facts, name)
        success = last_success(report)
        if success is not None:
            yield success + max_age + 1
        if report is not None and report.since is not None:
            yield report.since + max_age


def _never(_: Picture, __: DesiredNode) -> Iterator[Instant]:
    return iter(())


class ServiceCondition(NamedTuple):
    """A condition of services.

    ``among`` are the services of a node that may have it, found without a look at each service; ``turns`` are the
    moments, past and to come, at which time alone may change who has it.
    """

    detect: Callable[[ServiceCase], Drift | None]
    among: Callable[[Picture, DesiredNode], AbstractSet[str]]
    turns: Callable[[Picture, DesiredNode], Iterator[Instant]]


SERVICE_CONDITIONS = (
    ServiceCondition(detect_missing_service, doubtful, _never),
    ServiceCondition(detect_unhealthy_service, doubtful, _graces),
    ServiceCondition(detect_unobserved_service, doubtful, _never),
    ServiceCondition(detect_overdue_service, _aging, _ages),
    ServiceCondition(detect_failed_deployment, _deployed, _windows),
)
_AMONG = tuple(dict.fromkeys(condition.among for condition in SERVICE_CONDITIONS))


def detect(case: Case) -> list[Drift]:
    """Every condition that a subject has."""
    drift: Iterable[Drift | None]
    if isinstance(case, ServiceCase):
        drift = (condition.detect(case) for condition in SERVICE_CONDITIONS)
    elif isinstance(case, NodeCase):
        drift = (detect_stale_node(case), detect_offline_node(case))
    elif isinstance(case, IncidentCase):
        drift = (detect_unresolved_incident(case),)
    else:
        drift = (detect_invalid_input(case), detect_stale_world(case))
    return [entry for entry in drift if entry is not None]


def suspects(picture: Picture, node: DesiredNode) -> list[str]:
    """The services of a node that may have any condition, by name."""
    return sorted(set().union(*(among(picture, node) for among in _AMONG)))


def turns(picture: Picture, name: str) -> Iterator[Instant]:
    """The moments, past and to come, at which time alone may change what is found of a node."""
    facts, thresholds = picture.facts(name), picture.thresholds
    for document in facts.documents:
        yield document.observed_at - thresholds.stale_after
        yield document.observed_at + thresholds.stale_after + 1
    node = picture.desired.nodes.get(name)
    if node is not None:
        for condition in SERVICE_CONDITIONS:
            yield from condition.turns(picture, node)

"""Cases: a subject together with what is known of it, as conditions and rows look at it."""

from __future__ import annotations

from typing import NamedTuple

from supervisor.core.judge.assessment import (
    NodeStanding,
    NodeVerdict,
    Picture,
    ServiceState,
    assess_service,
    failed_deployment,
    full_report,
    is_overdue,
)
from supervisor.core.judge.chains import Chains
from supervisor.core.model.actual import Deployment, Incident, NodeFacts, ServiceReport
from supervisor.core.model.desired import DesiredNode, DesiredService
from supervisor.core.model.findings import Severity
from supervisor.core.model.problems import InvalidInput
from supervisor.core.model.subjects import HOSTS, WORLD, IncidentRef, InputRef, NodeRef, ServiceRef, Subject


class InputCase(NamedTuple):
    """An input, and what is wrong with it if anything is."""

    picture: Picture
    ref: InputRef
    invalid: InvalidInput | None

    @property
    def severity(self) -> Severity:
        return Severity.CRITICAL if self.ref in (HOSTS, WORLD) else Severity.WARNING


class NodeCase(NamedTuple):
    """A node of the inventory that is judged."""

    picture: Picture
    ref: NodeRef
    node: DesiredNode
    verdict: NodeVerdict
    facts: NodeFacts

    @property
    def severity(self) -> Severity:
        return Severity.CRITICAL if self.node.critical else Severity.WARNING


class ServiceCase(NamedTuple):
    """An expected service of a node that is online.

    ``failed`` is its latest deployment, if that failed; ``unavailable`` are its direct dependencies that are not.
    """

    picture: Picture
    ref: ServiceRef
    node: DesiredNode
    service: DesiredService
    report: ServiceReport | None
    state: ServiceState
    failed: Deployment | None
    unavailable: tuple[ServiceRef, ...]

    @property
    def severity(self) -> Severity:
        return severity_of(self.service)

    @property
    def overdue(self) -> bool:
        """A healthy oneshot whose last known success is too long ago."""
        if self.state is not ServiceState.HEALTHY or self.service.max_age is None:
            return False
        report = full_report(self.picture.facts(self.node.name), self.service.name)
        return is_overdue(self.service, report, self.picture.now)


class IncidentCase(NamedTuple):
    """An incident that the world mentions."""

    picture: Picture
    ref: IncidentRef
    incident: Incident

    @property
    def severity(self) -> Severity:
        return Severity.CRITICAL if self.incident.critical else Severity.WARNING


Case = InputCase | NodeCase | ServiceCase | IncidentCase


def case_of(picture: Picture, subject: Subject, chains: Chains | None = None) -> Case | None:
    """The case of a subject, healthy or not; None when it is not judged at present, or nobody knows it.

    ``chains`` are those of the picture, where many cases are asked for.
    """
    if isinstance(subject, ServiceRef):
        return _service_case(picture, subject, chains or Chains(picture))
    if isinstance(subject, NodeRef):
        return _node_case(picture, subject)
    if isinstance(subject, IncidentRef):
        return _incident_case(picture, subject)
    return _input_case(picture, subject)


def _service_case(picture: Picture, ref: ServiceRef, chains: Chains) -> ServiceCase | None:
    node = picture.desired.nodes.get(ref.node)
    service = node.services.get(ref.name) if node is not None else None
    if node is None or service is None or not service.enabled:
        return None
    if picture.nodes[ref.node].standing is not NodeStanding.ONLINE:
        return None
    report = picture.facts(ref.node).services.get(ref.name)
    state = assess_service(service, report, picture.thresholds, picture.now)
    failed = failed_deployment(picture, ref)
    return ServiceCase(picture, ref, node, service, report, state, failed, chains.unavailable(ref))


def _node_case(picture: Picture, ref: NodeRef) -> NodeCase | None:
    node = picture.desired.nodes.get(ref.name)
    if node is None or picture.nodes[ref.name].standing is NodeStanding.UNJUDGED:
        return None
    return NodeCase(picture, ref, node, picture.nodes[ref.name], picture.facts(ref.name))


def _incident_case(picture: Picture, ref: IncidentRef) -> IncidentCase | None:
    incident = picture.actual.incidents.get(ref.id)
    # Nothing can be believed of a world that is stale as a whole.
    return None if incident is None or picture.world_is_stale else IncidentCase(picture, ref, incident)


def _input_case(picture: Picture, ref: InputRef) -> InputCase | None:
    invalid = picture.unusable.get(ref)
    known = (
        invalid is not None
        or ref in (HOSTS, WORLD)
        or any(node.file == ref.path for node in picture.desired.nodes.values())
        or any(document.file == ref.path for document in picture.actual.documents)
    )
    return InputCase(picture, ref, invalid) if known else None


def severity_of(service: DesiredService) -> Severity:
    return Severity.CRITICAL if service.critical else Severity.WARNING

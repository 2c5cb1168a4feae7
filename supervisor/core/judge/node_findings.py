"""The parts of a judgement: what was found of one node, of the inputs, and of the incidents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from supervisor.core.instant import Instant
from supervisor.core.judge.assessment import (
    NodeStanding,
    Picture,
    ServiceState,
    detect_failed_deployment,
    detect_invalid_inputs,
    detect_offline_node,
    detect_service_state,
    detect_stale_node,
    detect_stale_world,
    detect_unresolved_incident,
)
from supervisor.core.judge.inhibit import inhibited_node, inhibited_services
from supervisor.core.judge.recommend import Case, IncidentCase, InputCase, NodeCase, ServiceCase, recommend
from supervisor.core.judge.summary import NO_TALLY, Tally, tally
from supervisor.core.model.desired import DesiredNode
from supervisor.core.model.findings import Drift, Recommendation
from supervisor.core.model.statuses import ServiceWord
from supervisor.core.model.subjects import WORLD, IncidentRef, NodeRef, ServiceRef, Subject

NEVER: Instant = 1 << 80
ALWAYS: Instant = -NEVER


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Drift and what is recommended for it."""

    drift: tuple[Drift, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    unmanaged: tuple[ServiceRef, ...] = ()
    tally: Tally = NO_TALLY

    @property
    def says(self) -> tuple[object, ...]:
        """What two parts that say the same have in common."""
        return self.drift, self.recommendations, self.unmanaged


NOTHING = Part()


@dataclass(frozen=True, slots=True, eq=False)
class NodePart(Part):
    """A node's part: from ``since`` until ``until`` time alone changes nothing in it.

    ``shows`` is what the parts of other nodes may look at: its standing, whether its services are known, and those that
    are not well.
    """

    since: Instant = field(kw_only=True)
    until: Instant = field(kw_only=True)
    shows: Mapping[Subject, object] = field(kw_only=True)


def inputs_part(picture: Picture) -> Part:
    """The inputs that cannot be used, and the world when it is stale as a whole."""
    findings: list[tuple[Case, list[Drift]]] = [
        (InputCase(picture, invalid.ref, invalid), [drift]) for drift, invalid in detect_invalid_inputs(picture)
    ]
    stale_world = detect_stale_world(picture)
    if stale_world is not None:
        findings.append((InputCase(picture, WORLD), [stale_world]))
    return _part(findings) if findings else NOTHING


def incidents_part(picture: Picture) -> Part:
    """The incidents that are open, unless nothing in the world can be believed."""
    if picture.actual.folder is not None or picture.world_is_stale:
        return NOTHING
    return _part(
        (IncidentCase(picture, IncidentRef(incident.id), incident), [drift])
        for incident in picture.actual.incidents.values()
        if (drift := detect_unresolved_incident(incident)) is not None
    )


def node_part(picture: Picture, name: str) -> NodePart:
    """Everything about one node that the inventory declares or the world mentions."""
    node = picture.desired.nodes.get(name)
    disabled = [] if node is None else [one.name for one in node.services.values() if not one.enabled]
    unmanaged = tuple(_unmanaged(picture, name, disabled))
    drift: list[Drift] = []
    recommendations: list[Recommendation] = []
    shows: dict[Subject, object] = {}
    services = 0
    if node is not None:
        services = len(node.services) - len(disabled)
        standing = picture.nodes[name].standing
        shows[NodeRef(name)] = standing, node.services_known
        own = detect_stale_node(picture, node) or detect_offline_node(picture, node)
        if own is not None:
            drift, recommendations = _recommended([(NodeCase(picture, NodeRef(name), node), [own])])
        elif standing is NodeStanding.ONLINE:
            drift, recommendations = _recommended(_services(picture, node))
            shows |= _shown(picture, node, disabled)
        muted = inhibited_node(picture, node)
        if muted is not None:
            drift.append(muted)
        drift += inhibited_services(picture, node)
    return NodePart(
        tuple(drift),
        tuple(recommendations),
        unmanaged,
        tally(services, drift, recommendations, len(unmanaged)),
        since=picture.now,
        until=min((moment for moment in _turns(picture, name) if moment > picture.now), default=NEVER),
        shows=shows,
    )


def _part(findings: Iterable[tuple[Case, list[Drift]]]) -> Part:
    drift, recommendations = _recommended(findings)
    return Part(tuple(drift), tuple(recommendations), tally=tally(0, drift, recommendations))


def _recommended(findings: Iterable[tuple[Case, list[Drift]]]) -> tuple[list[Drift], list[Recommendation]]:
    """What is recommended, and the drift that it is for."""
    drift: list[Drift] = []
    recommendations: list[Recommendation] = []
    for case, found in findings:
        recommendation = recommend(case, found)
        if recommendation is not None:
            recommendations.append(recommendation)
            drift += [
                one if one.severity is recommendation.severity else one._replace(severity=recommendation.severity)
                for one in found
            ]
    return drift, recommendations


def _doubtful(picture: Picture, node: DesiredNode) -> set[str]:
    """The services that are reported as anything but well, or not at all.

    By far the fewest; they are found without a look at each of them.
    """
    facts = picture.actual.facts(node.name)
    return (node.services.keys() - facts.services.keys()) | (node.services.keys() & facts.unwell.keys())


def _services(picture: Picture, node: DesiredNode) -> Iterator[tuple[Case, list[Drift]]]:
    """The services of a node that is online."""
    facts = picture.actual.facts(node.name)
    for name in sorted(_doubtful(picture, node) | (node.services.keys() & facts.deployments.keys())):
        service, report = node.services[name], facts.services.get(name)
        if not service.enabled:
            continue
        ref = ServiceRef(node.name, name)
        state = picture.judge(service, report)
        failed = picture.failed_deployment(ref)
        if state is ServiceState.WELL and failed is None:
            continue
        found = [
            one
            for one in (
                detect_service_state(node, service, report, state),
                detect_failed_deployment(node, service, state, failed),
            )
            if one is not None
        ]
        yield ServiceCase(picture, ref, service, state, failed), found


def _shown(picture: Picture, node: DesiredNode, disabled: Collection[str]) -> Iterator[tuple[Subject, object]]:
    """The services that are not well, and what that is put down to."""
    for name in _doubtful(picture, node).union(disabled):
        ref = ServiceRef(node.name, name)
        state = picture.state_of(ref)
        if state is not ServiceState.WELL:
            yield ref, (state, picture.root_causes(ref))
    for name in node.broken:
        yield ServiceRef(node.name, name), ServiceState.BROKEN


def _unmanaged(picture: Picture, name: str, disabled: Collection[str]) -> Iterator[ServiceRef]:
    """Services the world reports and a readable inventory does not expect."""
    node = picture.desired.nodes.get(name)
    if picture.desired.folder is not None or (node is not None and not node.services_known):
        return
    reports = picture.actual.facts(name).services
    expected = node.services.keys() | node.broken if node is not None else frozenset[str]()
    for service_name in sorted((reports.keys() - expected) | (reports.keys() & disabled)):
        if reports[service_name].word is not ServiceWord.ABSENT:
            yield ServiceRef(name, service_name)


def _turns(picture: Picture, name: str) -> Iterator[Instant]:
    """The moments, past and to come, at which time alone may change what is found of a node."""
    facts, thresholds = picture.actual.facts(name), picture.thresholds
    if facts.newest is not None:
        yield facts.newest.observed_at - thresholds.stale_after
        yield facts.newest.observed_at + thresholds.stale_after + 1
    for report in facts.unwell.values():
        if report.word is ServiceWord.STARTING and report.since is not None:
            yield report.since + thresholds.startup_grace
    for deployments in facts.deployments.values():
        for one in deployments:
            yield one.at + thresholds.deployment_window + 1

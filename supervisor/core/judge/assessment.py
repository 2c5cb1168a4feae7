"""Where desired and actual differ: what each node and service is judged to be, and one small function per condition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import InitVar, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from supervisor.core.instant import Instant, format_duration
from supervisor.core.model.actual import Actual, Deployment, Document, Incident, ServiceReport
from supervisor.core.model.desired import Desired, DesiredNode, DesiredService
from supervisor.core.model.findings import VALUE_LIMIT, Condition, Drift, Evidence, Severity, Thresholds
from supervisor.core.model.problems import InvalidInput
from supervisor.core.model.statuses import NodeWord, Outcome, ServiceWord
from supervisor.core.model.subjects import WORLD, IncidentRef, InputRef, NodeRef, ServiceRef, Subject
from supervisor.core.state.graph import Graph
from supervisor.core.text import shown


class NodeStanding(StrEnum):
    """What is known of a node."""

    ONLINE = "online"
    OFFLINE = "offline"
    STALE = "stale"
    UNJUDGED = "not judged"


class NodeVerdict(NamedTuple):
    """A node's standing and why; ``cause`` names the input that keeps an unjudged node from being judged."""

    standing: NodeStanding
    because: str
    cause: InputRef | None = None


class ServiceState(StrEnum):
    """What a service is judged to be; only ``well`` makes it available to those who depend on it."""

    WELL = "well"
    MISSING = "missing"
    UNHEALTHY = "unhealthy"
    UNOBSERVED = "not observed"
    DISABLED = "disabled"
    BROKEN = "not judged: its declaration has an error"
    NODE_AWAY = "not judged: its node is not there to ask"
    UNKNOWN = "not known to the inventory"


class Climate(NamedTuple):
    """What bears on every node: whether there is an inventory and a world at all, and what is unreadable of it."""

    thresholds: Thresholds
    inventory: bool
    world: bool
    stale: bool
    unreadable: InputRef | None

    @classmethod
    def of(cls, desired: Desired, actual: Actual, thresholds: Thresholds, now: Instant) -> Climate:
        fresh = any(not is_stale(document, thresholds, now) for document in actual.documents)
        return cls(
            thresholds,
            desired.folder is None,
            actual.folder is None,
            not fresh and any(True for _ in actual.documents),
            next((one.ref for one in actual.unreadable if one.node is None), None),
        )


def unreadable_own(actual: Actual) -> dict[str, InputRef]:
    """The own documents that cannot be used, by node."""
    return {one.node: one.ref for one in reversed(actual.unreadable) if one.node is not None}


def is_stale(document: Document, thresholds: Thresholds, now: Instant) -> bool:
    """Older than ``stale_after``, or ahead of now by more than that."""
    return abs(now - document.observed_at) > thresholds.stale_after


@dataclass(frozen=True, eq=False)
class Picture:
    """Everything a judgement looks at, and the verdict on each node of the inventory.

    ``unreadable`` are the own documents that cannot be used, by node; ``known`` are verdicts, which hold but for
    those on the nodes that are ``due``.
    """

    desired: Desired
    actual: Actual
    graph: Graph
    climate: Climate
    unreadable: Mapping[str, InputRef]
    now: Instant
    known: InitVar[Mapping[str, NodeVerdict]]
    due: InitVar[Collection[str]]
    nodes: Mapping[str, NodeVerdict] = field(init=False)

    def __post_init__(self, known: Mapping[str, NodeVerdict], due: Collection[str]) -> None:
        verdicts = dict(known)
        for name in due:
            if name in self.desired.nodes:
                verdicts[name] = self._judge_node(name)
            else:
                verdicts.pop(name, None)
        object.__setattr__(self, "nodes", verdicts)

    # --- nodes

    @property
    def thresholds(self) -> Thresholds:
        return self.climate.thresholds

    @property
    def world_is_stale(self) -> bool:
        """Every document is stale (and there is one)."""
        return self.climate.stale

    def is_stale(self, document: Document) -> bool:
        return is_stale(document, self.thresholds, self.now)

    @cached_property
    def muted_by(self) -> Mapping[InputRef, list[str]]:
        """The nodes that are not judged, by the input that keeps them from being judged."""
        muted: defaultdict[InputRef, list[str]] = defaultdict(list)
        for name, verdict in self.nodes.items():
            if verdict.cause is not None:
                muted[verdict.cause].append(name)
        return muted

    def is_node(self, node: DesiredNode) -> bool:
        """False for a folder that cannot be looked into, and of which the world knows nothing."""
        return node.declared or self.actual.facts(node.name).newest is not None

    def _judge_node(self, name: str) -> NodeVerdict:
        actual, node = self.actual, self.desired.nodes[name]
        if not self.is_node(node):
            because = f"{node.file} cannot be looked into, and the world does not know it"
            return NodeVerdict(NodeStanding.UNJUDGED, because, InputRef(node.file))
        if actual.folder is not None:
            return NodeVerdict(NodeStanding.UNJUDGED, "the world folder cannot be used", WORLD)
        if self.world_is_stale:
            return NodeVerdict(NodeStanding.UNJUDGED, "every document of the world is stale", WORLD)
        cause = self.unreadable.get(name)
        if cause is not None:
            return NodeVerdict(NodeStanding.UNJUDGED, f"its own document {cause.path} cannot be used", cause)
        cause = self.climate.unreadable
        facts = actual.facts(name)
        if cause is not None and not facts.own:
            because = f"{cause.path}, which may speak of it, cannot be used"
            return NodeVerdict(NodeStanding.UNJUDGED, because, cause)
        newest, report = facts.newest, facts.report
        if newest is None:
            return NodeVerdict(NodeStanding.OFFLINE, "not reported")
        if self.is_stale(newest):
            limit = format_duration(self.thresholds.stale_after)
            side = f"older than {limit}" if newest.observed_at < self.now else f"more than {limit} ahead of the clock"
            return NodeVerdict(NodeStanding.STALE, f"its newest observation is {side}")
        if report is None:
            if facts.listed:
                return NodeVerdict(NodeStanding.ONLINE, "services of it are reported")
            return NodeVerdict(NodeStanding.STALE, "its document gives neither a status nor services")
        if report.word is NodeWord.UNOBSERVED:
            return NodeVerdict(NodeStanding.STALE, f"its status is {shown(report.status)}: not observed")
        standing = NodeStanding.ONLINE if report.word is NodeWord.ONLINE else NodeStanding.OFFLINE
        return NodeVerdict(standing, f"its status is {shown(report.status)}")

    # --- services

    def report_of(self, ref: ServiceRef) -> ServiceReport | None:
        return self.actual.facts(ref.node).services.get(ref.name)

    def state_of(self, ref: ServiceRef) -> ServiceState:
        """What any service, expected or not, is judged to be."""
        node = self.desired.nodes.get(ref.node)
        if node is None:
            return ServiceState.UNKNOWN
        if self.nodes[ref.node].standing is not NodeStanding.ONLINE:
            return ServiceState.NODE_AWAY
        service = node.services.get(ref.name)
        if service is None:
            known = node.services_known and ref.name not in node.broken
            return ServiceState.UNKNOWN if known else ServiceState.BROKEN
        return self.judge(service, self.report_of(ref)) if service.enabled else ServiceState.DISABLED

    def judge(self, service: DesiredService, report: ServiceReport | None) -> ServiceState:
        """An enabled service of a node that is online."""
        word = ServiceWord.ABSENT if report is None else report.word
        if word is ServiceWord.WELL:
            return ServiceState.WELL
        if word is ServiceWord.ABSENT:
            return ServiceState.WELL if service.oneshot else ServiceState.MISSING
        if word is ServiceWord.UNOBSERVED:
            return ServiceState.UNOBSERVED
        well = (
            service.oneshot
            if word is ServiceWord.COMPLETED
            else word is ServiceWord.STARTING
            and report is not None
            and (report.since is None or self.now - report.since < self.thresholds.startup_grace)
        )
        return ServiceState.WELL if well else ServiceState.UNHEALTHY

    def deployments(self, ref: ServiceRef) -> tuple[Deployment, ...]:
        return self.actual.facts(ref.node).deployments.get(ref.name, ())

    def finished(self, ref: ServiceRef) -> tuple[Deployment, ...]:
        """Its finished deployments within the window, oldest first."""
        oldest = self.now - self.thresholds.deployment_window
        return tuple(
            one
            for one in self.deployments(ref)
            if one.at >= oldest and one.outcome in (Outcome.FAILED, Outcome.SUCCEEDED)
        )

    def failed_deployment(self, ref: ServiceRef) -> Deployment | None:
        """Its latest finished deployment within the window, if that failed."""
        finished = self.finished(ref)
        return finished[-1] if finished and finished[-1].outcome is Outcome.FAILED else None

    def in_progress(self, ref: ServiceRef) -> str | None:
        """The id of its newest deployment under way."""
        under_way = [one.id for one in self.deployments(ref) if one.outcome is Outcome.UNDER_WAY]
        return under_way[-1] if under_way else None

    # --- dependencies

    def unavailable(self, ref: ServiceRef) -> tuple[ServiceRef, ...]:
        """The direct dependencies of ``ref`` that are not available, sorted."""
        # Of a web of dependencies each is asked about as often as others depend on it.
        found = self._unavailable.get(ref)
        if found is None:
            found = tuple(one for one in self.graph.blocking(ref) if self.state_of(one) is not ServiceState.WELL)
            self._unavailable[ref] = found
        return found

    @cached_property
    def _unavailable(self) -> dict[ServiceRef, tuple[ServiceRef, ...]]:
        return {}

    @cached_property
    def _roots(self) -> dict[ServiceRef, frozenset[Subject]]:
        return {}

    def root_causes(self, ref: ServiceRef) -> frozenset[Subject]:
        """The ends of the chains of unavailable dependencies below ``ref`` (the graph has no cycles here)."""
        roots = self._roots
        work = [ref]
        while work:
            current = work[-1]
            if current in roots:
                # By another way meanwhile.
                work.pop()
                continue
            below = [target for target in self.unavailable(current) if self._end(target) is None]
            pending = [target for target in below if target not in roots]
            if pending:
                work.extend(pending)
                continue
            ends = {end for target in self.unavailable(current) if (end := self._end(target)) is not None}
            roots[current] = frozenset(ends).union(*(roots[target] for target in below))
            work.pop()
        return roots[ref]

    def _end(self, ref: ServiceRef) -> Subject | None:
        """The root cause that an unavailable dependency is by itself, or None when the chain goes on below it."""
        state = self.state_of(ref)
        if state is ServiceState.NODE_AWAY:
            return NodeRef(ref.node)
        if state in (ServiceState.DISABLED, ServiceState.BROKEN) or not self.unavailable(ref):
            return ref
        return None


# --- evidence ---------------------------------------------------------------------------------------------------------


def fact(document: Document, pointer: str, value: str | None) -> Evidence:
    """A fact of the world and its place."""
    return Evidence(document.file, pointer, document.line(pointer), value and value[:VALUE_LIMIT])


def declared_service(node: DesiredNode, service: DesiredService) -> Evidence:
    return Evidence(node.file, service.pointer, service.line, service.name)


def declared_node(node: DesiredNode) -> Evidence:
    return Evidence(node.file, node.pointer, node.line if node.declared else None, node.name)


def observation_time(document: Document) -> Evidence:
    """The place of ``observed_at``; without one, the document as a whole (its modification time counts)."""
    if not document.observed_pointer:
        return Evidence(document.file, "", None, None)
    return fact(document, document.observed_pointer, None)


def evidence(*facts: Evidence) -> tuple[Evidence, ...]:
    return tuple(sorted(facts, key=lambda one: one.order))


# --- one function per condition ---------------------------------------------------------------------------------------


def detect_invalid_inputs(picture: Picture) -> Iterator[tuple[Drift, InvalidInput]]:
    """Each input that cannot be used, wholly or in part."""
    desired, actual = picture.desired, picture.actual
    for invalid in (
        *filter(None, (desired.folder, actual.folder)),
        *desired.invalid,
        *(InvalidInput(one.ref, one.errors) for one in actual.unreadable),
    ):
        severity = Severity.CRITICAL if invalid in (desired.folder, actual.folder) else Severity.WARNING
        places = [Evidence(error.file, error.pointer, error.line, None) for error in invalid.errors]
        yield Drift(Condition.INVALID_INPUT, invalid.ref, severity, evidence=evidence(*dict.fromkeys(places))), invalid


def detect_stale_world(picture: Picture) -> Drift | None:
    """Every document is stale: one cause, not one per node."""
    if not picture.world_is_stale:
        return None
    newest = max(picture.actual.documents, key=lambda one: one.order)
    return Drift(Condition.STALE_OBSERVATION, WORLD, Severity.CRITICAL, evidence=(observation_time(newest),))


def detect_stale_node(picture: Picture, node: DesiredNode) -> Drift | None:
    """Its newest observation is stale, or its status word says that it was not observed."""
    if picture.nodes[node.name].standing is not NodeStanding.STALE:
        return None
    facts = picture.actual.facts(node.name)
    newest, report = facts.newest, facts.report
    if newest is None:
        return None
    if report is not None and report.word is NodeWord.UNOBSERVED and not picture.is_stale(newest):
        place, since = fact(report.document, report.pointer, report.status), report.since
    else:
        place, since = observation_time(newest), None
    places = evidence(declared_node(node), place)
    return Drift(Condition.STALE_OBSERVATION, NodeRef(node.name), Severity.WARNING, since, evidence=places)


def detect_offline_node(picture: Picture, node: DesiredNode) -> Drift | None:
    """It is offline, and it should always be on."""
    if picture.nodes[node.name].standing is not NodeStanding.OFFLINE or not node.always_on:
        return None
    report = picture.actual.facts(node.name).report
    facts = [declared_node(node)]
    if report is not None:
        facts.append(fact(report.document, report.pointer, report.status))
    severity = Severity.CRITICAL if node.critical else Severity.WARNING
    since = report.since if report is not None else None
    return Drift(Condition.OFFLINE_NODE, NodeRef(node.name), severity, since, evidence=evidence(*facts))


_SERVICE_CONDITIONS = {
    ServiceState.MISSING: Condition.MISSING_SERVICE,
    ServiceState.UNHEALTHY: Condition.UNHEALTHY_SERVICE,
    ServiceState.UNOBSERVED: Condition.STALE_OBSERVATION,
}


def detect_service_state(
    node: DesiredNode, service: DesiredService, report: ServiceReport | None, state: ServiceState
) -> Drift | None:
    """It is missing, unhealthy, or its word says that it was not observed."""
    condition = _SERVICE_CONDITIONS.get(state)
    if condition is None:
        return None
    facts = [declared_service(node, service)]
    if report is not None:
        facts.append(fact(report.document, report.pointer, report.status))
    severity = severity_of(service) if condition is not Condition.STALE_OBSERVATION else Severity.WARNING
    since = report.since if report is not None else None
    return Drift(condition, ServiceRef(node.name, service.name), severity, since, evidence=evidence(*facts))


def detect_failed_deployment(
    node: DesiredNode, service: DesiredService, state: ServiceState, failed: Deployment | None
) -> Drift | None:
    """Its latest finished deployment failed (and there is a word to judge it by)."""
    if failed is None or state is ServiceState.UNOBSERVED:
        return None
    facts = evidence(declared_service(node, service), fact(failed.document, failed.pointer, failed.status))
    ref = ServiceRef(node.name, service.name)
    return Drift(Condition.FAILED_DEPLOYMENT, ref, severity_of(service), failed.at, evidence=facts)


def detect_unresolved_incident(incident: Incident) -> Drift | None:
    """It is open."""
    if incident.resolved:
        return None
    severity = Severity.CRITICAL if incident.critical else Severity.WARNING
    place = fact(incident.document, incident.pointer, incident.status)
    return Drift(
        Condition.UNRESOLVED_INCIDENT, IncidentRef(incident.id), severity, incident.opened_at, evidence=(place,)
    )


def severity_of(service: DesiredService) -> Severity:
    return Severity.CRITICAL if service.critical else Severity.WARNING

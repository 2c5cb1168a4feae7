"""What is: the standing of each node, and the state of each of its services."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from supervisor.core.instant import Duration, Instant, format_duration
from supervisor.core.model.actual import (
    Actual,
    Deployment,
    Document,
    NodeFacts,
    NodeReport,
    ServiceReport,
    ServiceReports,
)
from supervisor.core.model.desired import Desired, DesiredNode, DesiredService
from supervisor.core.model.findings import Thresholds
from supervisor.core.model.problems import InvalidInput
from supervisor.core.model.statuses import DeploymentOutcome, NodeWord, ServiceWord
from supervisor.core.model.subjects import WORLD, InputRef, ServiceRef
from supervisor.core.state.graph import Graph
from supervisor.core.text import quoted


class NodeStanding(StrEnum):
    """What is known of a node."""

    ONLINE = "online"
    OFFLINE = "offline"
    AWAY = "away"
    """Offline or not observed, and it need not always be on."""
    STALE = "not observed"
    UNJUDGED = "not judged"


class NodeVerdict(NamedTuple):
    """A node's standing and why.

    ``cause`` names the input that keeps an unjudged node from being judged; ``report`` is the word that counts.
    """

    standing: NodeStanding
    because: str
    cause: InputRef | None = None
    report: NodeReport | None = None


class ServiceState(StrEnum):
    """What a service is judged to be; only ``healthy`` makes it available to those who depend on it."""

    HEALTHY = "healthy"
    MISSING = "missing"
    UNHEALTHY = "unhealthy"
    UNOBSERVED = "not observed"
    DISABLED = "disabled"
    BROKEN = "not judged: its declaration has an error"
    NODE_AWAY = "not judged: its node is not there to ask"
    UNKNOWN = "not known to the inventory"


class Climate(NamedTuple):
    """What bears on every node.

    ``inventory`` and ``world``: whether there is any; ``stale``: every document of the world is; ``unreadable`` is the
    first document that cannot be used and may speak of any node; ``strays`` are the nodes that the world knows and the
    inventory does not.
    """

    thresholds: Thresholds
    inventory: bool
    world: bool
    stale: bool
    unreadable: InputRef | None
    strays: tuple[str, ...] = ()

    @classmethod
    def of(cls, desired: Desired, actual: Actual, thresholds: Thresholds, now: Instant) -> Climate:
        # The newest of each node first: in a world that is not stale that is seldom more than one look.
        newest = (facts.newest for facts in actual.nodes.values() if facts.newest is not None)
        fresh = any(not is_stale(document, thresholds, now) for document in chain(newest, actual.observing))
        strays = actual.nodes.keys() - desired.nodes.keys()
        return cls(
            thresholds,
            desired.folder is None,
            actual.folder is None,
            not fresh and any(True for _ in actual.observing),
            next((document.ref for document in actual.unreadable if document.node is None), None),
            tuple(sorted(name for name in strays if actual.facts(name).newest is not None)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Everything that a judgement looks at.

    ``nodes`` are the verdicts on the nodes of the inventory, and ``muted`` those nodes that are not judged, by the
    input that keeps them from it. ``unusable`` are the inputs that cannot be used, wholly or in part; ``own_unusable``
    are the nodes' own documents among them, by node.
    """

    desired: Desired
    actual: Actual
    graph: Graph
    climate: Climate
    now: Instant
    nodes: Mapping[str, NodeVerdict]
    muted: Mapping[InputRef, Sequence[str]]
    unusable: Mapping[InputRef, InvalidInput]
    own_unusable: Mapping[str, InputRef]

    @property
    def thresholds(self) -> Thresholds:
        return self.climate.thresholds

    @property
    def world_is_stale(self) -> bool:
        """Every document is stale (and there is a document)."""
        return self.climate.stale

    def is_stale(self, document: Document) -> bool:
        return is_stale(document, self.thresholds, self.now)

    def is_node(self, node: DesiredNode) -> bool:
        """False for a folder that cannot be looked into, and of which the world knows nothing."""
        return is_node(node, self.facts(node.name))

    def facts(self, node: str) -> NodeFacts:
        return self.actual.facts(node)


def draw_picture(
    desired: Desired,
    actual: Actual,
    graph: Graph,
    climate: Climate,
    now: Instant,
    known: Mapping[str, NodeVerdict] | None = None,
    due: Collection[str] | None = None,
) -> Picture:
    """Assess every node of the inventory; with ``known`` verdicts, which still hold, those alone that are ``due``."""
    own_unusable = own_documents(actual)
    nodes = dict(known or {})
    for name in desired.nodes if due is None else due:
        if name in desired.nodes:
            facts = actual.facts(name)
            nodes[name] = assess_node(desired.nodes[name], facts, own_unusable.get(name), climate, now)
        else:
            nodes.pop(name, None)
    unusable = {invalid.ref: invalid for invalid in _unusable(desired, actual)}
    # Most of the time there is nothing that could keep a node from being judged, and nothing is looked through.
    muted = _muted(nodes) if unusable or climate.stale else {}
    return Picture(desired, actual, graph, climate, now, nodes, muted, unusable, own_unusable)


def own_documents(actual: Actual) -> dict[str, InputRef]:
    """The nodes' own documents that cannot be used, by node."""
    return {document.node: document.ref for document in reversed(actual.unreadable) if document.node is not None}


def _muted(nodes: Mapping[str, NodeVerdict]) -> Mapping[InputRef, list[str]]:
    muted: dict[InputRef, list[str]] = {}
    for name, verdict in nodes.items():
        if verdict.cause is not None:
            muted.setdefault(verdict.cause, []).append(name)
    return muted


def _unusable(desired: Desired, actual: Actual) -> Iterable[InvalidInput]:
    yield from (InvalidInput(document.ref, document.errors) for document in actual.unreadable)
    yield from desired.invalid
    yield from filter(None, (desired.folder, actual.folder))


def is_stale(document: Document, thresholds: Thresholds, now: Instant) -> bool:
    """Older than ``stale_after``, or ahead of now by more than that."""
    return abs(now - document.observed_at) > thresholds.stale_after


# --- nodes ------------------------------------------------------------------------------------------------------------


def is_node(node: DesiredNode, facts: NodeFacts) -> bool:
    """False for a folder that cannot be looked into, and of which the world knows nothing."""
    return node.declared or facts.newest is not None


def assess_node(
    node: DesiredNode, facts: NodeFacts, own_unusable: InputRef | None, climate: Climate, now: Instant
) -> NodeVerdict:
    """What is known of a node; ``own_unusable`` is its own document, if that cannot be used."""
    unjudged = NodeStanding.UNJUDGED
    if not is_node(node, facts):
        because = f"{node.file} cannot be looked into, and the world does not know it"
        return NodeVerdict(unjudged, because, InputRef(node.file))
    if not climate.world:
        return NodeVerdict(unjudged, "the world folder cannot be used", WORLD)
    if climate.stale:
        return NodeVerdict(unjudged, "every document of the world is stale", WORLD)
    if own_unusable is not None:
        return NodeVerdict(unjudged, f"its own document {own_unusable.path} cannot be used", own_unusable)
    if climate.unreadable is not None and not facts.own:
        because = f"{climate.unreadable.path}, which may speak of it, cannot be used"
        return NodeVerdict(unjudged, because, climate.unreadable)
    verdict = _assess_observed(facts, climate, now)
    if verdict.standing is not NodeStanding.ONLINE and not node.always_on:
        return verdict._replace(standing=NodeStanding.AWAY)
    return verdict


def _assess_observed(facts: NodeFacts, climate: Climate, now: Instant) -> NodeVerdict:
    """A node of which nothing that could be read is missing."""
    thresholds = climate.thresholds
    if facts.newest is None:
        return NodeVerdict(NodeStanding.STALE, f"never reported{_strays(climate.strays)}")
    if is_stale(facts.newest, thresholds, now):
        return NodeVerdict(NodeStanding.STALE, f"its newest observation is {how_stale(facts.newest, thresholds, now)}")
    report = _status(facts, thresholds, now)
    if report is not None:
        status = quoted(report.status)
        if report.word is NodeWord.UNOBSERVED:
            return NodeVerdict(NodeStanding.STALE, f"its status is {status}: not observed", report=report)
        standing = NodeStanding.ONLINE if report.word is NodeWord.ONLINE else NodeStanding.OFFLINE
        return NodeVerdict(standing, f"its status is {status}", report=report)
    if any(not is_stale(document, thresholds, now) for document in facts.listing):
        return NodeVerdict(NodeStanding.ONLINE, "services of it are reported")
    return NodeVerdict(NodeStanding.STALE, "no fresh document gives its status or services of it")


def _status(facts: NodeFacts, thresholds: Thresholds, now: Instant) -> NodeReport | None:
    """The word on its status that counts: the newest of the fresh, among which all that reached for it count as one."""
    fresh = [report for report in facts.reports if not is_stale(report.document, thresholds, now)]
    reached = [report for report in fresh if report.document.is_reachability]
    if len(reached) > 1:
        for word in (NodeWord.ONLINE, NodeWord.OFFLINE, NodeWord.UNOBSERVED):
            chosen = next((report for report in reached if report.word is word), None)
            if chosen is not None:
                fresh = [report for report in fresh if report is chosen or not report.document.is_reachability]
                break
    return fresh[0] if fresh else None


def how_stale(document: Document, thresholds: Thresholds, now: Instant) -> str:
    """In words, of a document that is stale."""
    limit = format_duration(thresholds.stale_after)
    if document.observed_at < now:
        return f"older than {limit}"
    return f"more than {limit} ahead of the clock: check the clocks of both machines"


def _strays(names: tuple[str, ...]) -> str:
    """What the world knows and the inventory does not: perhaps the same machine by another name."""
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"; the world has {', '.join(names[:3])}{more}, which the inventory does not have"


# --- services ---------------------------------------------------------------------------------------------------------


def doubtful(picture: Picture, node: DesiredNode) -> set[str]:
    """The declared services of which no fresh document says that they are healthy.

    By far the fewest; they are found without a look at each of them.
    """
    facts = picture.facts(node.name)
    declared = node.services.keys()
    return (
        (declared - facts.services.keys()) | (declared & facts.unwell.keys()) | (declared & _outdated(picture, facts))
    )


def _outdated(picture: Picture, facts: NodeFacts) -> set[str]:
    """The services whose newest word is in a document that is stale, whatever else is fresh of their node."""
    stale = {document.file for document in facts.listing if picture.is_stale(document)}
    return {name for name, report in facts.services.items() if report.document.file in stale} if stale else set()


def state_of(picture: Picture, ref: ServiceRef) -> ServiceState:
    """What any service, expected or not, is judged to be."""
    node = picture.desired.nodes.get(ref.node)
    if node is None:
        return ServiceState.UNKNOWN
    if picture.nodes[ref.node].standing is not NodeStanding.ONLINE:
        return ServiceState.NODE_AWAY
    service = node.services.get(ref.name)
    if service is None:
        known = node.services_known and ref.name not in node.broken
        return ServiceState.UNKNOWN if known else ServiceState.BROKEN
    if not service.enabled:
        return ServiceState.DISABLED
    return assess_service(service, picture.facts(ref.node).services.get(ref.name), picture.thresholds, picture.now)


def assess_service(
    service: DesiredService, report: ServiceReport | None, thresholds: Thresholds, now: Instant
) -> ServiceState:
    """An enabled service of a node that is online."""
    if report is not None and is_stale(report.document, thresholds, now):
        return ServiceState.UNOBSERVED
    word = ServiceWord.ABSENT if report is None else report.word
    if word is ServiceWord.WELL:
        return ServiceState.HEALTHY
    if word is ServiceWord.ABSENT:
        return ServiceState.HEALTHY if service.oneshot else ServiceState.MISSING
    if word is ServiceWord.UNOBSERVED:
        return ServiceState.UNOBSERVED
    if word is ServiceWord.COMPLETED:
        return ServiceState.HEALTHY if service.oneshot else ServiceState.UNHEALTHY
    if word is ServiceWord.STARTING and report is not None:
        young = report.since is None or now - report.since < grace_of(service, thresholds)
        return ServiceState.HEALTHY if young else ServiceState.UNHEALTHY
    return ServiceState.UNHEALTHY


def grace_of(service: DesiredService, thresholds: Thresholds) -> Duration:
    """How long a service may be starting."""
    return thresholds.startup_grace if service.startup_grace is None else service.startup_grace


def full_report(facts: NodeFacts, name: str) -> ServiceReport | None:
    """Everything that is told of a service, also of a healthy one."""
    services = facts.services
    return services.full(name) if isinstance(services, ServiceReports) and name in services else services.get(name)


def last_success(report: ServiceReport | None) -> Instant | None:
    """When a oneshot last ended well, as far as it is known."""
    if report is None:
        return None
    ended = report.since if report.word is ServiceWord.COMPLETED else None
    return max((moment for moment in (ended, report.last_success) if moment is not None), default=None)


def is_overdue(service: DesiredService, report: ServiceReport | None, now: Instant) -> bool:
    """A oneshot whose last known success is older than ``max_age``, or of which none is known, unless it is running."""
    if not service.oneshot or service.max_age is None:
        return False
    running = report is not None and report.word in (ServiceWord.WELL, ServiceWord.STARTING)
    if running and report is not None and report.since is not None and now - report.since < service.max_age:
        return False
    success = last_success(report)
    return success is None or now - success > service.max_age


# --- deployments ------------------------------------------------------------------------------------------------------


def deployments_of(picture: Picture, ref: ServiceRef) -> tuple[Deployment, ...]:
    """All that the world tells of, the oldest first."""
    return picture.facts(ref.node).deployments.get(ref.name, ())


def finished_deployments(picture: Picture, ref: ServiceRef) -> tuple[Deployment, ...]:
    """Those that finished within the window, the oldest first."""
    oldest = picture.now - picture.thresholds.deployment_window
    finished = (DeploymentOutcome.FAILED, DeploymentOutcome.SUCCEEDED)
    return tuple(
        deployment
        for deployment in deployments_of(picture, ref)
        if deployment.at >= oldest and deployment.outcome in finished
    )


def failed_deployment(picture: Picture, ref: ServiceRef) -> Deployment | None:
    """The latest that finished within the window, if it failed."""
    finished = finished_deployments(picture, ref)
    return finished[-1] if finished and finished[-1].outcome is DeploymentOutcome.FAILED else None


def deployment_under_way(picture: Picture, ref: ServiceRef) -> str | None:
    """The id of the newest that is under way."""
    under_way = [
        deployment.id
        for deployment in deployments_of(picture, ref)
        if deployment.outcome is DeploymentOutcome.UNDER_WAY
    ]
    return under_way[-1] if under_way else None

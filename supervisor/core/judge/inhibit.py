"""Causes mute consequences by name: drift that another subject explains stays in the report, unrecommended."""

from __future__ import annotations

from collections.abc import Iterator

from supervisor.core.judge.assessment import NodeStanding, Picture
from supervisor.core.judge.cases import severity_of
from supervisor.core.judge.evidence import declared_node, declared_service
from supervisor.core.model.desired import DesiredNode
from supervisor.core.model.findings import Condition, Drift, Severity
from supervisor.core.model.subjects import NodeRef, ServiceRef


def inhibited(picture: Picture, node: DesiredNode) -> Iterator[Drift]:
    """What the node's standing, or an input that keeps it from having one, explains of the node."""
    verdict = picture.nodes[node.name]
    if verdict.standing is NodeStanding.UNJUDGED:
        if picture.is_node(node):
            yield _inhibited_node(picture, node)
    elif verdict.standing is NodeStanding.OFFLINE:
        yield from _inhibited_services(node)


def _inhibited_node(picture: Picture, node: DesiredNode) -> Drift:
    """A node that is not judged, muted by the input that keeps it from being judged."""
    stale = picture.climate.world and picture.world_is_stale
    return Drift(
        Condition.STALE_OBSERVATION if stale else Condition.INVALID_INPUT,
        NodeRef(node.name),
        Severity.WARNING,
        inhibited_by=picture.nodes[node.name].cause,
        evidence=(declared_node(node),),
    )


def _inhibited_services(node: DesiredNode) -> Iterator[Drift]:
    """The expected services of an offline node that should be on, muted by that node."""
    cause = NodeRef(node.name)
    for name in sorted(node.services):
        service = node.services[name]
        if service.enabled:
            yield Drift(
                Condition.MISSING_SERVICE,
                ServiceRef(node.name, name),
                severity_of(service),
                inhibited_by=cause,
                evidence=(declared_service(node, service),),
            )

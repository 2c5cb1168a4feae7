"""Causes mute consequences by name: drift that another subject explains stays in the report, unrecommended."""

from __future__ import annotations

from collections.abc import Iterator

from supervisor.core.judge.assessment import NodeStanding, Picture, declared_node, declared_service, severity_of
from supervisor.core.model.desired import DesiredNode
from supervisor.core.model.findings import Condition, Drift, Severity
from supervisor.core.model.subjects import NodeRef, ServiceRef


def inhibited_node(picture: Picture, node: DesiredNode) -> Drift | None:
    """A node that is not judged, muted by the input that keeps it from being judged."""
    verdict = picture.nodes[node.name]
    if verdict.standing is not NodeStanding.UNJUDGED or not picture.is_node(node):
        return None
    stale = picture.actual.folder is None and picture.world_is_stale
    condition = Condition.STALE_OBSERVATION if stale else Condition.INVALID_INPUT
    return Drift(
        condition, NodeRef(node.name), Severity.WARNING, inhibited_by=verdict.cause, evidence=(declared_node(node),)
    )


def inhibited_services(picture: Picture, node: DesiredNode) -> Iterator[Drift]:
    """The expected services of an offline node that should be on, muted by that node."""
    if picture.nodes[node.name].standing is not NodeStanding.OFFLINE or not node.always_on:
        return
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

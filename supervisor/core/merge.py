"""The union of the world's documents: of two that speak of the same thing the newer wins, at a tie the later path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from supervisor.core.model import (
    Actual,
    Deployment,
    Document,
    Incident,
    InvalidInput,
    NodeReport,
    Observation,
    ServiceRef,
    ServiceReport,
    UnreadableDocument,
)


def merge(
    observations: Iterable[Observation],
    unreadable: Iterable[UnreadableDocument] = (),
    folder: InvalidInput | None = None,
) -> Actual:
    """Lay the documents over one another, oldest first; the order they come in does not matter."""
    nodes: dict[str, NodeReport] = {}
    services: dict[str, dict[str, ServiceReport]] = {}
    newest: dict[str, Document] = {}
    own: set[str] = set()
    listed: set[str] = set()
    deployments: dict[str, Deployment] = {}
    incidents: dict[str, Incident] = {}
    ordered = sorted(observations, key=lambda observation: observation.document.order)
    for seen in ordered:
        document = seen.document
        nodes.update(seen.nodes)
        for node, reports in seen.services.items():
            services.setdefault(node, {}).update(reports)
            newest[node] = document
            listed.add(node)
        for node in seen.nodes:
            newest[node] = document
        if document.node is not None:
            newest[document.node] = document
            own.add(document.node)
            if seen.lists_services:
                listed.add(document.node)
        deployments.update((deployment.id, deployment) for deployment in seen.deployments)
        incidents.update((incident.id, incident) for incident in seen.incidents)
    by_service: defaultdict[ServiceRef, list[Deployment]] = defaultdict(list)
    for deployment in deployments.values():
        by_service[ServiceRef(deployment.node, deployment.service)].append(deployment)
    return Actual(
        documents=tuple(seen.document for seen in ordered),
        nodes=nodes,
        services=services,
        newest=newest,
        own=frozenset(own),
        listed=frozenset(listed),
        deployments={ref: tuple(sorted(some, key=lambda one: one.order)) for ref, some in by_service.items()},
        incidents=incidents,
        unreadable=tuple(sorted(unreadable, key=lambda one: one.ref.path)),
        folder=folder,
    )

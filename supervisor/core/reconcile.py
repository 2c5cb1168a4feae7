"""One judgement: inventory, world, thresholds and now in; a report out, and why a subject is no longer in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from supervisor.core.drift import (
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
from supervisor.core.graph import build_graph
from supervisor.core.inhibit import inhibited_node, inhibited_services
from supervisor.core.instant import Instant
from supervisor.core.model import (
    HOSTS,
    WORLD,
    Actual,
    Desired,
    DesiredNode,
    Drift,
    IncidentRef,
    InputRef,
    NodeRef,
    Problem,
    Recommendation,
    Report,
    ServiceRef,
    Subject,
    Thresholds,
)
from supervisor.core.recommend import Case, IncidentCase, InputCase, NodeCase, ServiceCase, recommend
from supervisor.core.summary import summarise
from supervisor.core.words import ServiceWord


class Closure(StrEnum):
    """Why a subject has no recommendation any more."""

    CLEARED = "cleared"
    REPLACED = "replaced"
    INHIBITED = "inhibited"
    REMOVED = "removed"


@dataclass(frozen=True)
class Judgement:
    """A report together with the picture it was drawn from."""

    picture: Picture
    report: Report

    def closure(self, subject: Subject) -> tuple[Closure, Subject | None] | None:
        """Why ``subject``, which has no recommendation, has none, with the subject that explains it if one does.

        None when it cannot be told, because the subject is not judged at present: it stays open then.
        """
        if isinstance(subject, InputRef):
            return self._input_closure(subject)
        if isinstance(subject, IncidentRef):
            return self._incident_closure(subject)
        if self.picture.desired.folder is not None:
            return None
        node = self.picture.desired.nodes.get(subject.name if isinstance(subject, NodeRef) else subject.node)
        if node is None:
            return Closure.REMOVED, None
        if isinstance(subject, ServiceRef):
            if not node.services_known or subject.name in node.broken:
                return None
            service = node.services.get(subject.name)
            if service is None or not service.enabled:
                return Closure.REMOVED, None
        standing = self.picture.nodes[node.name].standing
        if standing in (NodeStanding.STALE, NodeStanding.UNJUDGED):
            return None
        if standing is NodeStanding.OFFLINE:
            # What is neither drift nor well is no longer expected.
            return (Closure.INHIBITED, NodeRef(node.name)) if node.always_on else (Closure.REMOVED, None)
        return Closure.CLEARED, None

    def _input_closure(self, subject: InputRef) -> tuple[Closure, Subject | None] | None:
        desired, actual = self.picture.desired, self.picture.actual
        if subject in (HOSTS, WORLD):
            return Closure.CLEARED, None
        folder = desired.folder if subject.path.startswith("hosts/") else actual.folder
        if folder is not None:
            return None
        present = {node.file for node in desired.nodes.values()} | {document.file for document in actual.documents}
        if subject.path in present:
            return Closure.CLEARED, None
        # Below a folder that cannot be read nothing can be said to be gone.
        unreadable = (*(one.ref.path for one in desired.invalid), *(one.ref.path for one in actual.unreadable))
        if any(subject.path.startswith(f"{path}/") for path in unreadable):
            return None
        return Closure.REMOVED, None

    def _incident_closure(self, subject: IncidentRef) -> tuple[Closure, Subject | None] | None:
        picture = self.picture
        if picture.actual.folder is not None or picture.world_is_stale:
            return None
        if subject.id in picture.actual.incidents:
            return Closure.CLEARED, None
        return None if picture.actual.unreadable else (Closure.REMOVED, None)


def reconcile(
    desired: Desired, actual: Actual, thresholds: Thresholds, now: Instant, problems: tuple[Problem, ...] = ()
) -> Judgement:
    """Judge. ``problems`` are those of the readers; the graph's warnings are added to them."""
    graph = build_graph(desired)
    picture = Picture(desired, actual, graph, thresholds, now)
    drift: list[Drift] = []
    recommendations: list[Recommendation] = []
    for case, found in _findings(picture):
        recommendation = recommend(case, found)
        if recommendation is not None:
            recommendations.append(recommendation)
            drift += [
                one if one.severity is recommendation.severity else replace(one, severity=recommendation.severity)
                for one in found
            ]
    for node in desired.nodes.values():
        muted = inhibited_node(picture, node)
        if muted is not None:
            drift.append(muted)
        drift += inhibited_services(picture, node)
    drift.sort(key=lambda one: one.order)
    recommendations.sort(key=lambda one: str(one.subject))
    unmanaged = tuple(sorted(_unmanaged(picture), key=str))
    inhibited = sum(one.inhibited_by is not None for one in drift)
    counts = {
        "nodes": len(desired.nodes),
        "services": sum(service.enabled for node in desired.nodes.values() for service in node.services.values()),
        "drift": len(drift) - inhibited,
        "inhibited": inhibited,
        "recommendations": len(recommendations),
        "unmanaged": len(unmanaged),
    }
    everything = tuple(sorted({*problems, *graph.warnings}, key=lambda problem: problem.order))
    summary = summarise(drift, recommendations)
    return Judgement(picture, Report(summary, counts, tuple(drift), tuple(recommendations), everything, unmanaged))


def _findings(picture: Picture) -> Iterator[tuple[Case, list[Drift]]]:
    """Each subject that drifts, with its drift."""
    for drift, invalid in detect_invalid_inputs(picture):
        yield InputCase(picture, invalid.ref, invalid), [drift]
    stale_world = detect_stale_world(picture)
    if stale_world is not None:
        yield InputCase(picture, WORLD), [stale_world]
    for node in picture.desired.nodes.values():
        own = detect_stale_node(picture, node) or detect_offline_node(picture, node)
        if own is not None:
            yield NodeCase(picture, NodeRef(node.name), node), [own]
        elif picture.nodes[node.name].standing is NodeStanding.ONLINE:
            yield from _service_findings(picture, node)
    if picture.actual.folder is None and not picture.world_is_stale:
        for incident in picture.actual.incidents.values():
            open_incident = detect_unresolved_incident(incident)
            if open_incident is not None:
                yield IncidentCase(picture, IncidentRef(incident.id), incident), [open_incident]


def _service_findings(picture: Picture, node: DesiredNode) -> Iterator[tuple[Case, list[Drift]]]:
    reports = picture.actual.services.get(node.name, {})
    for service in node.services.values():
        if not service.enabled:
            continue
        ref = ServiceRef(node.name, service.name)
        report = reports.get(service.name)
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


def _unmanaged(picture: Picture) -> Iterator[ServiceRef]:
    """Services the world reports and a readable inventory does not expect."""
    if picture.desired.folder is not None:
        return
    for name, reports in picture.actual.services.items():
        node = picture.desired.nodes.get(name)
        if node is not None and not node.services_known:
            continue
        for service_name, report in reports.items():
            if report.word is ServiceWord.ABSENT or (node is not None and service_name in node.broken):
                continue
            service = node.services.get(service_name) if node is not None else None
            if service is None or not service.enabled:
                yield ServiceRef(name, service_name)

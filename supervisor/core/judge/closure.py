"""Why a subject that was open is no longer recommended, or that this cannot be told at present."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from supervisor.core.judge.assessment import NodeStanding, Picture
from supervisor.core.model.desired import DesiredNode
from supervisor.core.model.subjects import HOSTS, WORLD, IncidentRef, InputRef, NodeRef, ServiceRef, Subject


class Resolution(StrEnum):
    """Why a recommendation is no longer open."""

    CLEARED = "cleared"
    REPLACED = "replaced"
    INHIBITED = "inhibited"
    REMOVED = "removed"


class Closure(NamedTuple):
    """How a recommendation ends, and the subject that explains it if there is one."""

    resolution: Resolution
    inhibited_by: Subject | None = None


CLEARED, REMOVED = Closure(Resolution.CLEARED), Closure(Resolution.REMOVED)


def closure_of(picture: Picture, subject: Subject) -> Closure | None:
    """Why a subject that has no recommendation has none; None while it is not judged: it stays open then."""
    if isinstance(subject, InputRef):
        return _input_closure(picture, subject)
    if isinstance(subject, IncidentRef):
        return _incident_closure(picture, subject)
    if picture.desired.folder is not None:
        return None
    node = picture.desired.nodes.get(subject.name if isinstance(subject, NodeRef) else subject.node)
    if node is None:
        return REMOVED
    if isinstance(subject, ServiceRef):
        if not node.services_known or subject.name in node.broken:
            return None
        service = node.services.get(subject.name)
        if service is None or not service.enabled:
            return REMOVED
    return _node_closure(picture, node)


def _node_closure(picture: Picture, node: DesiredNode) -> Closure | None:
    """Of a node of the inventory, or of an expected service of it."""
    standing = picture.nodes[node.name].standing
    if standing in (NodeStanding.STALE, NodeStanding.UNJUDGED):
        return None
    if standing is NodeStanding.OFFLINE:
        return Closure(Resolution.INHIBITED, NodeRef(node.name))
    # Nothing is expected of a node that is away.
    return REMOVED if standing is NodeStanding.AWAY else CLEARED


def _input_closure(picture: Picture, subject: InputRef) -> Closure | None:
    desired, actual = picture.desired, picture.actual
    if subject in (HOSTS, WORLD):
        return CLEARED
    folder = desired.folder if subject.path.startswith("hosts/") else actual.folder
    if folder is not None:
        return None
    # Itself, or something below it, is there.
    present = {*(node.file for node in desired.nodes.values()), *(document.file for document in actual.documents)}
    if subject.path in present or any(path.startswith(f"{subject.path}/") for path in present):
        return CLEARED
    # Below a folder that cannot be read nothing can be said to be gone.
    if any(subject.path.startswith(f"{ref.path}/") for ref in picture.unusable):
        return None
    return REMOVED


def _incident_closure(picture: Picture, subject: IncidentRef) -> Closure | None:
    if picture.actual.folder is not None or picture.world_is_stale:
        return None
    if subject.id in picture.actual.incidents:
        return CLEARED
    return None if picture.actual.unreadable else REMOVED

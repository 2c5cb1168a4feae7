"""One judgement: inventory, world, thresholds and now in; a report out, and why a subject is no longer in it.

It is made of parts, one for each node, one for the inputs and one for the incidents. A part is taken from the judgement
before when everything it was found from is still the same object and no time that matters has passed; so a judgement
costs what has changed, and it is the same as one made from nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from supervisor.core.instant import Instant
from supervisor.core.judge.assessment import Climate, NodeStanding, Picture, unreadable_own
from supervisor.core.judge.node_findings import (
    ALWAYS,
    NEVER,
    NOTHING,
    NodePart,
    Part,
    incidents_part,
    inputs_part,
    node_part,
)
from supervisor.core.judge.summary import NO_TALLY, Tally
from supervisor.core.model.actual import Actual
from supervisor.core.model.desired import Desired
from supervisor.core.model.findings import Recommendation, Report, Summary, Thresholds
from supervisor.core.model.problems import Problem
from supervisor.core.model.subjects import HOSTS, WORLD, IncidentRef, InputRef, NodeRef, ServiceRef, Subject
from supervisor.core.state.graph import Graph, build_graph, differing, problems_of


class Closure(StrEnum):
    """Why a subject has no recommendation any more."""

    CLEARED = "cleared"
    REPLACED = "replaced"
    INHIBITED = "inhibited"
    REMOVED = "removed"


@dataclass(frozen=True, eq=False)
class Judgement:
    """What was found, in parts, together with the picture it was found in.

    A part that is the same object in two judgements says the same in both. ``totals`` is the sum of the nodes' tallies.
    From ``since`` until ``until`` time alone changes nothing in the parts.
    """

    picture: Picture
    parts: Mapping[str, NodePart]
    inputs: Part
    incidents: Part
    totals: Tally
    faults: tuple[Problem, ...]
    since: Instant
    until: Instant

    @cached_property
    def summary(self) -> Summary:
        return self._tally.summary

    @cached_property
    def _tally(self) -> Tally:
        return self.totals.plus(self.inputs.tally).plus(self.incidents.tally)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        totals = self._tally
        return {
            "nodes": len(self.picture.desired.nodes) - self._no_nodes,
            "services": totals.services,
            "drift": totals.drift,
            "inhibited": totals.inhibited,
            "recommendations": totals.recommendations,
            "unmanaged": totals.unmanaged,
        }

    @property
    def _no_nodes(self) -> int:
        """How many folders of the inventory cannot be looked into, with nothing to say that they are nodes."""
        desired = self.picture.desired
        return sum(not self.picture.is_node(node) for node in desired.nodes.values()) if desired.invalid else 0

    @property
    def recommendations(self) -> Iterator[Recommendation]:
        """In no particular order."""
        parts = (self.inputs, self.incidents, *self.parts.values())
        return (one for part in parts for one in part.recommendations)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        return problems_of(self.faults, self.picture.graph)

    @cached_property
    def report(self) -> Report:
        """Everything, sorted."""
        parts = (self.inputs, self.incidents, *self.parts.values())
        return Report(
            self.summary,
            self.counts,
            tuple(sorted((one for part in parts for one in part.drift), key=lambda one: one.order)),
            tuple(sorted(self.recommendations, key=lambda one: str(one.subject))),
            self.problems,
            tuple(sorted((one for part in parts for one in part.unmanaged), key=str)),
        )

    def changes_since(self, before: Judgement) -> Iterator[tuple[Part, Part]]:
        """The parts that differ, as they were and as they are."""
        if before.inputs is not self.inputs:
            yield before.inputs, self.inputs
        if before.incidents is not self.incidents:
            yield before.incidents, self.incidents
        for name in differing(before.parts, self.parts):
            yield before.parts.get(name, NOTHING), self.parts.get(name, NOTHING)

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
        present = {*(one.file for one in desired.nodes.values()), *(one.file for one in actual.documents)}
        if subject.path in present or any(path.startswith(f"{subject.path}/") for path in present):
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
    desired: Desired,
    actual: Actual,
    thresholds: Thresholds,
    now: Instant,
    problems: tuple[Problem, ...] = (),
    before: Judgement | None = None,
) -> Judgement:
    """Judge. ``problems`` are those of the readers; what still holds of the judgement ``before`` is taken over."""
    graph = build_graph(desired, None if before is None else before.picture.graph)
    climate, unreadable = Climate.of(desired, actual, thresholds, now), unreadable_own(actual)
    if before is None or before.picture.climate != climate:
        nothing = Picture(Desired(), Actual(), Graph(), climate, {}, now, {}, ())
        before = Judgement(nothing, {}, NOTHING, NOTHING, NO_TALLY, (), ALWAYS, NEVER)
    was, old = before.picture, before.parts
    due = (
        differing(was.actual.nodes, actual.nodes)
        | differing(was.desired.nodes, desired.nodes)
        | differing(was.graph.nodes, graph.nodes)
        | differing(was.unreadable, unreadable)
    )
    in_time = before.since <= now < before.until
    if not in_time:
        due |= {name for name, part in old.items() if not part.since <= now < part.until}
    picture = Picture(desired, actual, graph, climate, unreadable, now, was.nodes, due)
    gone = {name for name in due if name not in desired.nodes and name not in actual.nodes}
    found = _found(picture, due - gone, gone, old)
    parts, totals = {**old, **found}, before.totals
    for name in (gone | found.keys()) & old.keys():
        totals = totals.minus(old[name].tally)
    for name in gone & old.keys():
        del parts[name]
    for part in found.values():
        totals = totals.plus(part.tally)
    inputs, same_incidents = inputs_part(picture), was.actual.incidents is actual.incidents
    until = [part.until for part in (found if in_time else parts).values()]
    return Judgement(
        picture,
        parts,
        before.inputs if before.inputs.says == inputs.says else inputs,
        before.incidents
        if same_incidents and bool(was.actual.unreadable) == bool(actual.unreadable)
        else incidents_part(picture),
        totals,
        problems,
        now if found else before.since,
        min((*until, before.until) if in_time else until, default=NEVER),
    )


def _found(
    picture: Picture, due: Iterable[str], gone: Iterable[str], old: Mapping[str, NodePart]
) -> dict[str, NodePart]:
    """The parts of the nodes that are due, and of those that look at what these show."""
    found: dict[str, NodePart] = {}
    shown: set[Subject] = {subject for name in gone if name in old for subject in old[name].shows}
    while True:
        for name in due:
            part = found[name] = node_part(picture, name)
            before = old[name].shows if name in old else {}
            shown |= {subject for subject, _ in part.shows.items() ^ before.items()}
        due = [
            name
            for name in picture.graph.crossing
            if name not in found and not picture.graph.nodes[name].foreign.isdisjoint(shown)
        ]
        if not due:
            return found

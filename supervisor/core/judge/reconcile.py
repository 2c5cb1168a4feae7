"""The judgement: inventory, world, thresholds and now in; what differs, and what is recommended, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from supervisor.core.instant import Instant
from supervisor.core.judge.assessment import Climate, Picture, draw_picture
from supervisor.core.judge.chains import Chains
from supervisor.core.judge.conditions import turns
from supervisor.core.judge.node_findings import (
    NO_FINDINGS,
    Findings,
    incident_findings,
    input_findings,
    node_findings,
)
from supervisor.core.judge.summary import NO_TALLY, Tally
from supervisor.core.model.actual import Actual
from supervisor.core.model.desired import Desired
from supervisor.core.model.findings import Drift, Recommendation, Report, Summary, Thresholds
from supervisor.core.model.problems import Problem
from supervisor.core.model.subjects import IncidentRef, InputRef, NodeRef, Subject
from supervisor.core.state.graph import build_graph, differing, problems_of

NEVER: Instant = 1 << 80
"""Later than any moment that a file can name."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """What was found, and the picture it was found in.

    ``nodes`` has the findings of every node that the inventory declares or the world mentions. Findings that are the
    same object in two judgements say the same in both. ``totals`` is the sum of all tallies; ``problems`` are those of
    the inputs, by place. Before ``until`` time alone changes nothing.
    """

    picture: Picture
    inputs: Findings
    incidents: Findings
    nodes: Mapping[str, Findings]
    totals: Tally
    problems: tuple[Problem, ...]
    until: Instant

    @property
    def summary(self) -> Summary:
        return self.totals.summary

    @property
    def counts(self) -> Mapping[str, int]:
        totals, desired = self.totals, self.picture.desired
        # A folder that cannot be looked into, with nothing to say that it is a node, can only be an invalid input.
        others = sum(not self.picture.is_node(node) for node in desired.nodes.values()) if desired.invalid else 0
        return {
            "nodes": len(desired.nodes) - others,
            "services": totals.services,
            "drift": totals.drift,
            "inhibited": totals.inhibited,
            "recommendations": totals.recommendations,
            "unmanaged": totals.unmanaged,
        }

    @property
    def findings(self) -> Iterator[Findings]:
        """All of them, in no particular order."""
        yield from (self.inputs, self.incidents)
        yield from self.nodes.values()

    @property
    def recommendations(self) -> Iterator[Recommendation]:
        """In no particular order."""
        return (recommendation for part in self.findings for recommendation in part.recommendations)

    @property
    def report(self) -> Report:
        """Everything, sorted."""
        return Report(
            self.summary,
            self.counts,
            tuple(sorted((drift for part in self.findings for drift in part.drift), key=lambda drift: drift.order)),
            tuple(sorted(self.recommendations, key=lambda recommendation: str(recommendation.subject))),
            self.problems,
            tuple(sorted((service for part in self.findings for service in part.unmanaged), key=str)),
        )

    def drift_of(self, subject: Subject) -> tuple[Drift, ...]:
        """The drift of a subject, and of others that were found together with it."""
        if isinstance(subject, InputRef):
            return self.inputs.drift
        if isinstance(subject, IncidentRef):
            return self.incidents.drift
        name = subject.name if isinstance(subject, NodeRef) else subject.node
        return self.nodes.get(name, NO_FINDINGS).drift

    def changes_since(self, before: Judgement) -> Iterator[tuple[Findings, Findings]]:
        """The findings that differ, as they were and as they are."""
        if before.inputs is not self.inputs:
            yield before.inputs, self.inputs
        if before.incidents is not self.incidents:
            yield before.incidents, self.incidents
        for name in differing(before.nodes, self.nodes):
            yield before.nodes.get(name, NO_FINDINGS), self.nodes.get(name, NO_FINDINGS)


def reconcile(
    desired: Desired,
    actual: Actual,
    thresholds: Thresholds,
    now: Instant,
    problems: tuple[Problem, ...] = (),
) -> Judgement:
    """Judge. ``problems`` are those of the readers, and only passed on."""
    graph = build_graph(desired)
    picture = draw_picture(desired, actual, graph, Climate.of(desired, actual, thresholds, now), now)
    chains = Chains(picture)
    names = desired.nodes.keys() | actual.nodes.keys()
    inputs, incidents = input_findings(picture, chains), incident_findings(picture, chains)
    nodes = {name: node_findings(picture, name, chains) for name in sorted(names)}
    totals = sum_of(inputs, incidents, *nodes.values())
    until = min((next_turn(picture, name) for name in nodes), default=NEVER)
    return Judgement(picture, inputs, incidents, nodes, totals, problems_of(problems, graph), until)


def next_turn(picture: Picture, name: str) -> Instant:
    """The first moment to come at which time alone may change what is found of a node."""
    return min((moment for moment in turns(picture, name) if moment > picture.now), default=NEVER)


def sum_of(*findings: Findings) -> Tally:
    totals = NO_TALLY
    for part in findings:
        totals = totals.plus(part.tally)
    return totals

"""What a judgement leaves for the next: with a memo it costs what has changed, and is the same as without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from supervisor.core.instant import Instant
from supervisor.core.judge.assessment import (
    Climate,
    NodeStanding,
    Picture,
    ServiceState,
    doubtful,
    draw_picture,
    own_documents,
    state_of,
)
from supervisor.core.judge.chains import Chains
from supervisor.core.judge.node_findings import (
    NO_FINDINGS,
    Findings,
    incident_findings,
    input_findings,
    node_findings,
)
from supervisor.core.judge.reconcile import NEVER, Judgement, next_turn
from supervisor.core.judge.summary import NO_TALLY, Tally
from supervisor.core.model.actual import Actual
from supervisor.core.model.desired import Desired, DesiredNode
from supervisor.core.model.findings import Thresholds
from supervisor.core.model.problems import Problem
from supervisor.core.model.subjects import NodeRef, ServiceRef, Subject
from supervisor.core.state.graph import Graph, GraphMemo, differing, problems_of


class Remembered(NamedTuple):
    """What is remembered of a node: from ``since`` until ``until`` time alone changes nothing of its findings.

    ``shows`` is what the findings of other nodes may look at: its standing, whether its services are known, and those
    of them that are not healthy.
    """

    since: Instant
    until: Instant
    shows: Mapping[Subject, object]


class Memo:
    """The judgement before, and until when it holds.

    The findings of a node are taken over while everything that they were found from is still the same object and no
    time that matters has passed. It can be thrown away at any time; tests/properties/test_incremental.py holds the
    remembered answer against the plain answer.
    """

    def __init__(self) -> None:
        self._graph = GraphMemo()
        self._before: Judgement | None = None
        self._since: Instant = -NEVER
        self._nodes: dict[str, Remembered] = {}

    @property
    def last(self) -> Judgement | None:
        """The judgement before, if there is any."""
        return self._before

    def reconcile(
        self,
        desired: Desired,
        actual: Actual,
        thresholds: Thresholds,
        now: Instant,
        problems: tuple[Problem, ...] = (),
    ) -> Judgement:
        """As the function ``reconcile``."""
        graph = self._graph.build(desired)
        climate = Climate.of(desired, actual, thresholds, now)
        before = self._take(climate)
        in_time = self._since <= now < before.until
        due = self._due(before.picture, desired, actual, graph)
        if not in_time:
            due |= {name for name, seen in self._nodes.items() if not seen.since <= now < seen.until}
        picture = draw_picture(desired, actual, graph, climate, now, before.picture.nodes, due)
        chains = Chains(picture)
        gone = {name for name in due if name not in desired.nodes and name not in actual.nodes}
        judged = self._judge_due(picture, chains, due - gone, gone)
        changes = {**judged, **dict.fromkeys(gone & before.nodes.keys())}
        inputs, incidents = _inputs(before, picture, chains), _incidents(before, picture, chains)
        until = (
            [self._nodes[name].until for name in judged] if in_time else [node.until for node in self._nodes.values()]
        )
        judgement = Judgement(
            picture,
            inputs,
            incidents,
            _with(before.nodes, changes),
            _totals(before, inputs, incidents, changes),
            problems_of(problems, graph),
            min((*until, before.until) if in_time else until, default=NEVER),
        )
        self._before = judgement
        self._since = now if judged else self._since
        return judgement

    def _take(self, climate: Climate) -> Judgement:
        """The judgement before, as far as it can be gone by; until the next is whole there is none."""
        before, self._before = self._before, None
        if before is not None and before.picture.climate == climate:
            return before
        self._nodes, self._since = {}, -NEVER
        nothing = Picture(Desired(), Actual(), Graph(), climate, 0, {}, {}, {}, {})
        return Judgement(nothing, NO_FINDINGS, NO_FINDINGS, {}, NO_TALLY, (), NEVER)

    def _due(self, was: Picture, desired: Desired, actual: Actual, graph: Graph) -> set[str]:
        """The nodes of which something that their findings come from is another object."""
        return (
            differing(was.actual.nodes, actual.nodes)
            | differing(was.desired.nodes, desired.nodes)
            | differing(was.graph.nodes, graph.nodes)
            | differing(was.own_unusable, own_documents(actual))
        )

    def _judge_due(
        self, picture: Picture, chains: Chains, due: Iterable[str], gone: Iterable[str]
    ) -> dict[str, Findings]:
        """The findings of the nodes that are due, and of those that look at what these show."""
        judged: dict[str, Findings] = {}
        changed: set[Subject] = set()
        for name in gone:
            changed |= self._remember(name, None)
        while due:
            for name in due:
                judged[name] = node_findings(picture, name, chains)
                shows = dict(_shows(picture, name, chains))
                changed |= self._remember(name, Remembered(picture.now, next_turn(picture, name), shows))
            due = [name for name in picture.graph.watchers(changed) if name not in judged]
        return judged

    def _remember(self, name: str, seen: Remembered | None) -> set[Subject]:
        """Take it to mind; what it shows otherwise than before."""
        old = self._nodes.get(name)
        if seen is not None:
            self._nodes[name] = seen
        elif old is not None:
            del self._nodes[name]
        before, after = ({} if part is None else part.shows for part in (old, seen))
        return {subject for subject, _ in after.items() ^ before.items()}


def _shows(picture: Picture, name: str, chains: Chains) -> Iterator[tuple[Subject, object]]:
    """What the findings of other nodes may look at."""
    node = picture.desired.nodes.get(name)
    if node is None:
        return
    standing = picture.nodes[name].standing
    yield NodeRef(name), (standing, node.services_known)
    if standing is NodeStanding.ONLINE:
        yield from _not_healthy(picture, node, chains)


def _not_healthy(picture: Picture, node: DesiredNode, chains: Chains) -> Iterator[tuple[Subject, object]]:
    """The services that are not healthy, and what that is put down to."""
    disabled = [service.name for service in node.services.values() if not service.enabled]
    for name in doubtful(picture, node).union(disabled):
        ref = ServiceRef(node.name, name)
        state = state_of(picture, ref)
        if state is not ServiceState.HEALTHY:
            yield ref, (state, chains.root_causes(ref))
    for name in node.broken:
        yield ServiceRef(node.name, name), ServiceState.BROKEN


def _inputs(before: Judgement, picture: Picture, chains: Chains) -> Findings:
    inputs = input_findings(picture, chains)
    return before.inputs if before.inputs.says == inputs.says else inputs


def _incidents(before: Judgement, picture: Picture, chains: Chains) -> Findings:
    was, actual = before.picture.actual, picture.actual
    same = was.incidents is actual.incidents and bool(was.unreadable) == bool(actual.unreadable)
    return before.incidents if same else incident_findings(picture, chains)


def _with(nodes: Mapping[str, Findings], changes: Mapping[str, Findings | None]) -> dict[str, Findings]:
    """A copy with some changed, or gone (None)."""
    copy = dict(nodes)
    for name, findings in changes.items():
        if findings is None:
            del copy[name]
        else:
            copy[name] = findings
    return copy


def _totals(before: Judgement, inputs: Findings, incidents: Findings, changes: Mapping[str, Findings | None]) -> Tally:
    """The sum of all tallies, from what it was and what has changed."""
    pairs = [(before.inputs, inputs), (before.incidents, incidents)]
    pairs += [(before.nodes.get(name, NO_FINDINGS), new or NO_FINDINGS) for name, new in changes.items()]
    totals = before.totals
    for old, new in pairs:
        totals = totals.minus(old.tally).plus(new.tally)
    return totals

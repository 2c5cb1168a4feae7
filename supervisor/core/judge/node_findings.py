"""The findings of a judgement: of each node, of the inputs, and of the incidents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from supervisor.core.judge.assessment import NodeStanding, Picture
from supervisor.core.judge.cases import Case, case_of
from supervisor.core.judge.chains import Chains
from supervisor.core.judge.conditions import detect, suspects
from supervisor.core.judge.inhibit import inhibited
from supervisor.core.judge.recommend import expected, recommend
from supervisor.core.judge.summary import NO_TALLY, Tally, tally
from supervisor.core.model.desired import DesiredNode
from supervisor.core.model.findings import Drift, Recommendation
from supervisor.core.model.statuses import ServiceWord
from supervisor.core.model.subjects import WORLD, IncidentRef, NodeRef, ServiceRef, Subject


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Drift, what is recommended for it, and the services that nobody expects; ``tally`` counts them."""

    drift: tuple[Drift, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    unmanaged: tuple[ServiceRef, ...] = ()
    tally: Tally = NO_TALLY

    @property
    def says(self) -> tuple[object, ...]:
        """What two findings that say the same have in common."""
        return self.drift, self.recommendations, self.unmanaged


NO_FINDINGS = Findings()


def input_findings(picture: Picture, chains: Chains) -> Findings:
    """The inputs that cannot be used, and the world when it is stale as a whole."""
    subjects = [*picture.unusable, *([WORLD] if picture.world_is_stale else [])]
    return _findings(picture, subjects, chains)


def incident_findings(picture: Picture, chains: Chains) -> Findings:
    """The incidents that are open."""
    return _findings(picture, map(IncidentRef, picture.actual.incidents), chains)


def node_findings(picture: Picture, name: str, chains: Chains) -> Findings:
    """Everything about a node that the inventory declares or the world mentions."""
    node = picture.desired.nodes.get(name)
    unmanaged = tuple(_unmanaged(picture, name))
    if node is None:
        return Findings(unmanaged=unmanaged, tally=tally(0, (), (), len(unmanaged)))
    drift, recommendations = _recommended(_cases(picture, node, chains), chains)
    drift += inhibited(picture, node)
    return Findings(
        tuple(drift),
        tuple(recommendations),
        unmanaged,
        tally(len(expected(node)), drift, recommendations, len(unmanaged)),
    )


def _cases(picture: Picture, node: DesiredNode, chains: Chains) -> Iterator[Case]:
    """The node, and the services of it that may have any condition."""
    subjects: list[Subject] = [NodeRef(node.name)]
    if picture.nodes[node.name].standing is NodeStanding.ONLINE:
        subjects += [ServiceRef(node.name, name) for name in suspects(picture, node)]
    return _judged(picture, subjects, chains)


def _judged(picture: Picture, subjects: Iterable[Subject], chains: Chains) -> Iterator[Case]:
    return (case for subject in subjects if (case := case_of(picture, subject, chains)) is not None)


def _findings(picture: Picture, subjects: Iterable[Subject], chains: Chains) -> Findings:
    drift, recommendations = _recommended(_judged(picture, subjects, chains), chains)
    if not drift:
        return NO_FINDINGS
    return Findings(tuple(drift), tuple(recommendations), tally=tally(0, drift, recommendations))


def _recommended(cases: Iterable[Case], chains: Chains) -> tuple[list[Drift], list[Recommendation]]:
    """What is recommended, and the drift that it is for, as severe as the recommendation."""
    drift: list[Drift] = []
    recommendations: list[Recommendation] = []
    for case in cases:
        detected = detect(case)
        recommendation = recommend(case, detected, chains) if detected else None
        if recommendation is not None:
            recommendations.append(recommendation)
            drift += [
                entry if entry.severity is recommendation.severity else entry._replace(severity=recommendation.severity)
                for entry in detected
            ]
    return drift, recommendations


def _unmanaged(picture: Picture, name: str) -> Iterator[ServiceRef]:
    """Services that the world reports and a readable inventory does not expect."""
    node = picture.desired.nodes.get(name)
    if picture.desired.folder is not None or (node is not None and not node.services_known):
        return
    reports = picture.facts(name).services
    declared = frozenset[str]() if node is None else node.services.keys() | node.broken
    disabled = [] if node is None else [service.name for service in node.services.values() if not service.enabled]
    for service_name in sorted((reports.keys() - declared) | (reports.keys() & disabled)):
        if reports[service_name].word is not ServiceWord.ABSENT:
            yield ServiceRef(name, service_name)

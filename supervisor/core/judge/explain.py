"""Why, and why not: every row of the table with its verdict for a subject, healthy or not."""

from __future__ import annotations

from dataclasses import dataclass

from supervisor.core.judge.assessment import Picture, how_stale
from supervisor.core.judge.cases import InputCase, ServiceCase, case_of
from supervisor.core.judge.evidence import declared_node, declared_service, in_order, status_fact
from supervisor.core.judge.recommend import Row, RowVerdict, verdicts
from supervisor.core.judge.reconcile import Judgement
from supervisor.core.model.desired import DesiredNode
from supervisor.core.model.findings import Evidence
from supervisor.core.model.subjects import WORLD, IncidentRef, InputRef, NodeRef, ServiceRef, Subject
from supervisor.core.text import quoted


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """A row, its verdict, and whether it is the row that decides."""

    number: int
    situation: str
    applies: bool
    decides: bool
    because: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """``state`` in a sentence; ``rows`` is empty when the subject is not judged."""

    subject: Subject
    state: str
    rows: tuple[ExplainedRow, ...]
    evidence: tuple[Evidence, ...]


def explain(judgement: Judgement, subject: Subject) -> Explanation | None:
    """None when neither the inventory nor the world knows the subject."""
    picture = judgement.picture
    known = _known(picture, subject)
    if known is None:
        return None
    state, facts = known
    drift = [entry for entry in judgement.drift_of(subject) if entry.subject == subject]
    inhibitors = sorted({str(entry.inhibited_by) for entry in drift if entry.inhibited_by is not None})
    if inhibitors:
        state = f"{state}; inhibited by {', '.join(inhibitors)}"
    case = case_of(picture, subject)
    rows = _explained(verdicts(case)) if case is not None else ()
    return Explanation(subject, state, rows, in_order((*facts, *(place for each in drift for place in each.evidence))))


def _explained(rows: list[tuple[Row, RowVerdict]]) -> tuple[ExplainedRow, ...]:
    first = next((row for row, verdict in rows if verdict.applies), None)
    return tuple(
        ExplainedRow(row.number, row.situation, verdict.applies, row is first, verdict.because) for row, verdict in rows
    )


Known = tuple[str, tuple[Evidence, ...]]
"""A subject's state in a sentence, and the facts that show it."""


def _known(picture: Picture, subject: Subject) -> Known | None:
    if isinstance(subject, NodeRef):
        return _node(picture, subject)
    if isinstance(subject, ServiceRef):
        return _service(picture, subject)
    if isinstance(subject, IncidentRef):
        return _incident(picture, subject)
    return _input(picture, subject)


def _node(picture: Picture, ref: NodeRef) -> Known | None:
    node, facts = picture.desired.nodes.get(ref.name), picture.facts(ref.name)
    verdict = picture.nodes.get(ref.name)
    if node is None or verdict is None:
        places = tuple(place for report in facts.reports[:1] for place in status_fact(report))
        return ("not in the inventory: nothing is expected of it", places) if facts.newest is not None else None
    places = status_fact(verdict.report or next(iter(facts.reports), None))
    return f"{verdict.standing}: {verdict.because}", (declared_node(node), *places)


def _service(picture: Picture, ref: ServiceRef) -> Known | None:
    node = picture.desired.nodes.get(ref.node)
    service = node.services.get(ref.name) if node is not None else None
    report = picture.facts(ref.node).services.get(ref.name)
    places = status_fact(report)
    if node is None or service is None:
        return _undeclared(node, ref, places)
    places = (declared_service(node, service), *places)
    if not service.enabled:
        return "disabled in the inventory: not expected, and not available to others", places
    case = case_of(picture, ref)
    if not isinstance(case, ServiceCase):
        verdict = picture.nodes[node.name]
        return f"not judged: its node is {verdict.standing}: {verdict.because}", places
    word = f"its status is {quoted(report.status)}" if report is not None else "no document mentions it"
    if report is not None and picture.is_stale(report.document):
        word = f"its newest word is {how_stale(report.document, picture.thresholds, picture.now)}"
    return f"{case.state}: {word}", places


def _undeclared(node: DesiredNode | None, ref: ServiceRef, places: tuple[Evidence, ...]) -> Known | None:
    if node is not None and ref.name in node.broken:
        return "not judged: its declaration has an error", places
    if node is not None and not node.services_known:
        return f"not judged: {node.file} cannot be used", places
    return ("unmanaged: the world reports it, the inventory does not expect it", places) if places else None


def _incident(picture: Picture, ref: IncidentRef) -> Known | None:
    incident = picture.actual.incidents.get(ref.id)
    if incident is None:
        return None
    state = f"{'resolved' if incident.resolved else 'unresolved'}: its status is {quoted(incident.status)}"
    return f"not judged: the world is stale; {state}" if picture.world_is_stale else state, status_fact(incident)


def _input(picture: Picture, ref: InputRef) -> Known | None:
    case = case_of(picture, ref)
    if not isinstance(case, InputCase):
        return None
    if case.invalid is not None:
        from_world = case.invalid not in (picture.desired.folder, picture.actual.folder, *picture.desired.invalid)
        return "cannot be used" if from_world else "cannot be used, wholly or in part", ()
    return "stale: every document is" if ref == WORLD and picture.world_is_stale else "readable", ()

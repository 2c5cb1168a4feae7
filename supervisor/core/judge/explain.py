"""Why, and why not: every row of the table with its verdict for one subject, well or not."""

from __future__ import annotations

from dataclasses import dataclass

from supervisor.core.judge.assessment import NodeStanding, declared_node, declared_service, evidence, fact
from supervisor.core.judge.recommend import Case, IncidentCase, InputCase, NodeCase, ServiceCase, verdicts
from supervisor.core.judge.reconcile import Judgement
from supervisor.core.model.findings import Evidence
from supervisor.core.model.problems import InvalidInput
from supervisor.core.model.subjects import WORLD, IncidentRef, InputRef, NodeRef, ServiceRef, Subject
from supervisor.core.text import shown


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """A row, its verdict, and whether it is the one that decides."""

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
    rows: tuple[RowVerdict, ...]
    evidence: tuple[Evidence, ...]


def explain(judgement: Judgement, subject: Subject) -> Explanation | None:
    """None when neither the inventory nor the world knows the subject."""
    found = _case(judgement, subject)
    if found is None:
        return None
    case, state, facts = found
    drift = [one for one in judgement.report.drift if one.subject == subject]
    facts = (*facts, *(place for one in drift for place in one.evidence))
    rows: list[RowVerdict] = []
    decided = False
    for row, verdict in verdicts(case) if case is not None else ():
        decides = verdict.applies and not decided
        decided = decided or decides
        rows.append(RowVerdict(row.number, row.situation, verdict.applies, decides, verdict.because))
    inhibitors = sorted({str(one.inhibited_by) for one in drift if one.inhibited_by is not None})
    if inhibitors:
        state = f"{state}; inhibited by {', '.join(inhibitors)}"
    return Explanation(subject, state, tuple(rows), evidence(*set(facts)))


def _case(judgement: Judgement, subject: Subject) -> tuple[Case | None, str, tuple[Evidence, ...]] | None:
    if isinstance(subject, NodeRef):
        return _node(judgement, subject)
    if isinstance(subject, ServiceRef):
        return _service(judgement, subject)
    if isinstance(subject, IncidentRef):
        return _incident(judgement, subject)
    return _input(judgement, subject)


def _node(judgement: Judgement, ref: NodeRef) -> tuple[Case | None, str, tuple[Evidence, ...]] | None:
    picture = judgement.picture
    node = picture.desired.nodes.get(ref.name)
    said = picture.actual.facts(ref.name)
    report = said.report
    facts = () if report is None else (fact(report.document, report.pointer, report.status),)
    if node is None:
        return (None, "not in the inventory: nothing is expected of it", facts) if said.newest is not None else None
    verdict = picture.nodes[ref.name]
    case = NodeCase(picture, ref, node) if verdict.standing is not NodeStanding.UNJUDGED else None
    return case, f"{verdict.standing}: {verdict.because}", (declared_node(node), *facts)


def _service(judgement: Judgement, ref: ServiceRef) -> tuple[Case | None, str, tuple[Evidence, ...]] | None:
    picture = judgement.picture
    node = picture.desired.nodes.get(ref.node)
    service = node.services.get(ref.name) if node is not None else None
    report = picture.report_of(ref)
    facts: tuple[Evidence, ...] = () if report is None else (fact(report.document, report.pointer, report.status),)
    if node is not None and service is not None:
        facts = (declared_service(node, service), *facts)
        verdict = picture.nodes[node.name]
        if not service.enabled:
            return None, "disabled in the inventory: not expected, and not available to others", facts
        if verdict.standing is not NodeStanding.ONLINE:
            return None, f"not judged: its node is {verdict.standing}: {verdict.because}", facts
        state = picture.judge(service, report)
        case = ServiceCase(picture, ref, service, state, picture.failed_deployment(ref))
        word = f"its status is {shown(report.status)}" if report is not None else "no document mentions it"
        return case, f"{state}: {word}", facts
    if node is not None and ref.name in node.broken:
        return None, "not judged: its declaration has an error", facts
    if node is not None and not node.services_known:
        return None, f"not judged: {node.file} cannot be used", facts
    return (None, "unmanaged: the world reports it, the inventory does not expect it", facts) if report else None


def _incident(judgement: Judgement, ref: IncidentRef) -> tuple[Case | None, str, tuple[Evidence, ...]] | None:
    incident = judgement.picture.actual.incidents.get(ref.id)
    if incident is None:
        return None
    facts = (fact(incident.document, incident.pointer, incident.status),)
    state = f"{'resolved' if incident.resolved else 'unresolved'}: its status is {shown(incident.status)}"
    if judgement.picture.world_is_stale:
        return None, f"not judged: the world is stale; {state}", facts
    return IncidentCase(judgement.picture, ref, incident), state, facts


def _input(judgement: Judgement, ref: InputRef) -> tuple[Case | None, str, tuple[Evidence, ...]] | None:
    picture = judgement.picture
    desired, actual = picture.desired, picture.actual
    known = {node.file for node in desired.nodes.values()} | {one.file for one in actual.documents}
    invalid = next((one for one in (desired.folder, actual.folder, *desired.invalid) if one and one.ref == ref), None)
    if invalid is None:
        from_world = next((one for one in actual.unreadable if one.ref == ref), None)
        if from_world is None and ref.path not in {*known, "hosts", "world"}:
            return None
        case = InputCase(picture, ref)
        if from_world is not None:
            drift = next((one for one in judgement.report.drift if one.subject == ref), None)
            case = InputCase(picture, ref, InvalidInput(ref, from_world.errors))
            return case, "cannot be used", drift.evidence if drift else ()
        state = "stale: every document is" if ref == WORLD and picture.world_is_stale else "readable"
        return case, state, ()
    return InputCase(picture, ref, invalid), "cannot be used, wholly or in part", ()

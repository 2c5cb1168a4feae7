"""A draft from what the world reports of a node.

What cannot be told from the reports is said and left out.
"""

from __future__ import annotations

from supervisor.core.instant import format_instant
from supervisor.core.model.actual import Actual
from supervisor.core.model.statuses import ServiceWord
from supervisor.draft.services import Draft, DraftService, OneshotReason
from supervisor.errors import DraftError


def draft_from_world(actual: Actual, node: str) -> Draft:
    """What the world reports of a node. DraftError when it reports no service of it."""
    facts = actual.facts(node)
    reports, services, remarks = facts.services, [], []
    lost = _lost(actual, node)
    if lost:
        remarks.append(f"{lost} cannot be used: what they say is not in here")
    if facts.newest is not None:
        remarks.append(f"this is what was seen at {format_instant(facts.newest.observed_at)}")
    for name in sorted(reports):
        word = reports[name].word
        if word is ServiceWord.ABSENT:
            continue
        completed = word is ServiceWord.COMPLETED
        if not completed and word is not ServiceWord.WELL:
            remarks.append(f"{name} is {reports[name].status!r} just now: is it to be there at all?")
        services.append(
            DraftService(
                name,
                oneshot=OneshotReason.COMPLETED if completed else None,
                running=word is ServiceWord.WELL,
            )
        )
    if not services:
        known = ", ".join(sorted(name for name, facts in actual.nodes.items() if facts.services)) or "none"
        raise DraftError(
            f"cannot draft an inventory: the world reports no service of {node!r}"
            + (f", and {lost} cannot be used" if lost else "")
            + f"; it reports services of: {known}"
        )
    remarks.append("which services depend on which, and which are critical, cannot be seen from outside")
    return Draft(tuple(services), tuple(remarks))


def drafts_of_world(actual: Actual, node: str | None = None) -> dict[str, Draft]:
    """A draft of every node that the world reports services of, or of ``node`` alone.

    DraftError when the world's folder cannot be used: what nobody reports is not what nothing lacks.
    """
    if actual.folder is not None:
        raise DraftError(f"cannot tell what runs: {actual.folder.errors[0].message}")
    if node is not None:
        return {node: draft_from_world(actual, node)}
    return {
        name: draft_from_world(actual, name)
        for name, facts in sorted(actual.nodes.items())
        if any(report.word is not ServiceWord.ABSENT for report in facts.services.values())
    }


def _lost(actual: Actual, node: str) -> str:
    """The inputs that cannot be used and may have had services of the node, as a list for people."""
    unusable = [document.ref for document in actual.unreadable if document.node in (None, node)]
    return ", ".join(sorted(ref.path for ref in [*unusable, *([actual.folder.ref] if actual.folder else [])]))

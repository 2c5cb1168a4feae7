"""Facts and their places, on the desired and on the actual side."""

from __future__ import annotations

from collections.abc import Iterable

from supervisor.core.model.actual import Document, Incident, NodeReport, ServiceReport
from supervisor.core.model.desired import DesiredNode, DesiredService
from supervisor.core.model.findings import VALUE_LIMIT, Evidence
from supervisor.core.model.problems import InvalidInput


def fact(document: Document, pointer: str, value: str | None) -> Evidence:
    """A fact of the world and its place."""
    return Evidence(document.file, pointer, document.line(pointer), value and value[:VALUE_LIMIT])


def status_fact(report: NodeReport | ServiceReport | Incident | None) -> tuple[Evidence, ...]:
    """The status word, if there is a report."""
    return () if report is None else (fact(report.document, report.pointer, report.status),)


def detail_of(report: ServiceReport | None) -> str | None:
    """What is told of a service besides its word: ``DETAIL (12 restarts, last exit code 3)``, as far as it is known."""
    if report is None:
        return None
    counts = []
    if report.restarts:
        counts.append(f"{report.restarts} restart{'' if report.restarts == 1 else 's'}")
    if report.exit_code is not None:
        counts.append(f"last exit code {report.exit_code}")
    told = ", ".join(counts)
    if report.detail is None:
        return told or None
    room = VALUE_LIMIT - (len(told) + 3 if told else 0)
    return report.detail[:room] + (f" ({told})" if told else "")


def declared_service(node: DesiredNode, service: DesiredService) -> Evidence:
    return Evidence(node.file, service.pointer, service.line, service.name)


def declared_node(node: DesiredNode) -> Evidence:
    return Evidence(node.file, node.pointer, node.line if node.declared else None, node.name)


def observation_time(document: Document) -> Evidence:
    """The place of ``observed_at``; without it, the document as a whole (its modification time counts)."""
    if not document.observed_pointer:
        return Evidence(document.file, "", None, None)
    return fact(document, document.observed_pointer, None)


def error_places(invalid: InvalidInput) -> tuple[Evidence, ...]:
    """Where the errors of an input are."""
    return in_order(Evidence(error.file, error.pointer, error.line, None) for error in invalid.errors)


def in_order(facts: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Each fact once, by file, pointer and line."""
    return tuple(sorted(set(facts), key=lambda place: place.order))

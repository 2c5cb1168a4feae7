"""A document's word on nodes and services: a status, and perhaps since when."""

from __future__ import annotations

from functools import partial
from typing import Any

from supervisor.core.instant import Instant
from supervisor.core.model.actual import Document, NodeReport, ServiceReport, ServiceReports
from supervisor.core.model.statuses import ServiceWord, node_word, service_word
from supervisor.errors import SchemaError
from supervisor.files.names import name_fault, shared
from supervisor.files.pointers import pointer_below, pointer_of
from supervisor.files.world.values import named, object_of, text_of, time_of, usual


def node_report(entry: Any, pointer: str, document: Document) -> NodeReport:
    status, since, where = _status(entry, pointer)
    status = usual(status)
    return NodeReport(status, node_word(status), since, document, where)


def service_reports(value: Any, pointer: str, what: str, document: Document) -> ServiceReports:
    """The reports on the services of one node."""
    kept: dict[str, ServiceReport] = {}
    if not isinstance(value, dict):
        for name, below, entry in named(value, pointer, what, name_fault):
            if name in kept:
                raise SchemaError(f"duplicate service {name!r}", below)
            kept[name] = service_report(entry, below, document)
        return ServiceReports.of(kept)
    words: dict[str, str] = {}
    # What ``named`` would do, without its steps: there is nothing of which there is more.
    for text, entry in value.items():
        if (fault := name_fault(text)) is not None:
            raise SchemaError(fault, pointer_below(pointer, text))
        name, below = shared(text), pointer_of(pointer, text)
        status, since, where = _status(entry, below)
        status = words[name] = usual(status)
        word = service_word(status)
        if word is not ServiceWord.WELL or where == below:
            kept[name] = ServiceReport(status, word, since, document, where)
    return ServiceReports(words, kept, partial(_well_report, pointer, document))


def _well_report(above: str, document: Document, name: str, status: str) -> ServiceReport:
    """The report of a service that is well, whose ``since`` nothing asks for."""
    return ServiceReport(status, ServiceWord.WELL, None, document, pointer_of(pointer_of(above, name), "status"))


def service_report(entry: Any, pointer: str, document: Document) -> ServiceReport:
    status, since, where = _status(entry, pointer)
    return ServiceReport(status, service_word(status), since, document, where)


def _status(entry: Any, pointer: str) -> tuple[str, Instant | None, str]:
    """A status as bare text, or an object with ``status`` and perhaps ``since``."""
    if isinstance(entry, str):
        if not entry:
            raise SchemaError("the status is empty", pointer)
        return entry, None, pointer
    status = entry.get("status") if isinstance(entry, dict) else None
    if not isinstance(status, str) or not status:
        status = text_of(object_of(entry, pointer, "a status"), "status", pointer)
    since = None if entry.get("since") is None else time_of(entry, "since", pointer)
    return status, since, pointer_of(pointer, "status")

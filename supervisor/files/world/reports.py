"""A document's word on nodes and services: a status, since when, and what else is told of a service."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from supervisor.core.instant import Instant
from supervisor.core.model.actual import Document, NodeReport, ServiceReport, ServiceReports
from supervisor.core.model.statuses import ServiceWord, node_word, service_word
from supervisor.errors import SchemaError
from supervisor.files.names import name_fault, shared
from supervisor.files.pointers import pointer_below, pointer_of
from supervisor.files.world.values import named, object_of, text_of, time_of, usual

LookUp = Callable[[str], Any]
"""The value at a JSON pointer of the document that is being read, whenever it is asked for."""


def node_report(entry: Any, pointer: str, document: Document) -> NodeReport:
    status, since, where = _status(entry, pointer)
    status = usual(status)
    return NodeReport(status, node_word(status), since, document, where)


def service_reports(value: Any, pointer: str, what: str, document: Document, look_up: LookUp | None) -> ServiceReports:
    """The reports on the services of one node. ``look_up`` reads a value of the document again, by its pointer."""
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
        if where == below:
            kept[name] = ServiceReport(status, word, since, document, where)
        elif word is not ServiceWord.WELL or look_up is None or "last_success" in entry:
            kept[name] = ServiceReport(status, word, since, document, where, *_told(entry, below))
    full = None if look_up is None else partial(_full_report, pointer, document, look_up)
    return ServiceReports(words, kept, partial(_well_report, pointer, document), full)


def _well_report(above: str, document: Document, name: str, status: str) -> ServiceReport:
    """The report of a service that is well, whose ``since`` nothing asks for."""
    return ServiceReport(status, ServiceWord.WELL, None, document, pointer_of(pointer_of(above, name), "status"))


def _full_report(above: str, document: Document, look_up: LookUp, name: str) -> ServiceReport:
    """All that is told of a service that is well."""
    pointer = pointer_of(above, name)
    return service_report(look_up(pointer), pointer, document)


def service_report(entry: Any, pointer: str, document: Document) -> ServiceReport:
    status, since, where = _status(entry, pointer)
    told = () if isinstance(entry, str) else _told(entry, pointer)
    return ServiceReport(status, service_word(status), since, document, where, *told)


_DETAIL_LIMIT = 200
"""Characters of a detail that a report has at most."""


def _told(entry: dict[str, Any], pointer: str) -> tuple[str | None, int | None, int | None, Instant | None, str | None]:
    """What else an object tells of a service. What is of another type than it should be is carried along unread."""
    detail, source = entry.get("detail"), entry.get("source")
    last_success = None if entry.get("last_success") is None else time_of(entry, "last_success", pointer)
    return (
        detail[:_DETAIL_LIMIT] if isinstance(detail, str) and detail else None,
        _number(entry.get("restarts")),
        _number(entry.get("exit_code")),
        last_success,
        usual(source) if isinstance(source, str) and source else None,
    )


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


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

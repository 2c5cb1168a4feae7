"""Whose a document is. Two machines of one name write the same one in turn, and each would take the other's memory."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from supervisor.core.instant import Duration, Instant
from supervisor.observe.memory import moment

_MACHINE_ID = "/etc/machine-id"
_FRESH = 3
"""A document younger than so many intervals is being renewed by somebody."""
_TWICE = 2
"""One that somebody else has written once since our last look is that of an `observe --once` beside us."""


class Recalled(NamedTuple):
    """The document to remember from, and what people should know of its writer."""

    document: Mapping[str, Any]
    notice: str | None = None


class Marks:
    """Marks documents as ours. ``machine`` is None where a machine has no id of its own."""

    def __init__(self, machine: str | None, writer: str) -> None:
        self._machine = machine
        self._writer = writer
        self._own: Mapping[str, Any] | None = None
        self._strange = 0

    def mark(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The document with our marks: from now on it is what we have written last."""
        machine = {} if self._machine is None else {"machine": self._machine}
        self._own = {**document, **machine, "writer": self._writer}
        return {**self._own}

    def recall(self, document: Mapping[str, Any], name: str, interval: Duration, now: Instant) -> Recalled:
        """What to remember, given the document that is in our place; people know it by ``name``."""
        mine = document.get("writer") == self._writer or not document
        self._strange = 0 if mine or self._own is None else self._strange + 1
        machine = document.get("machine")
        if not mine and self._machine is not None and isinstance(machine, str) and machine != self._machine:
            notice = f"another machine writes {name}: set node: in observer.yaml on one of them"
            observed_at = moment(document.get("observed_at")) or 0
            fresh = abs(now - observed_at) < _FRESH * interval
            return Recalled(self._own or _successes(document), notice if fresh else None)
        if self._strange >= _TWICE:
            who = "another machine, or another observer of this one,"
            return Recalled(self._own or {}, f"{who} writes {name}: set node: in observer.yaml on one of them")
        return Recalled(document)


def marks_of_this_machine(path: str = _MACHINE_ID) -> Marks:
    """Marks that no other machine and process has; the machine's id itself is nobody else's business."""
    try:
        with open(path, encoding="ascii") as file:
            text = file.read(100).strip()
    except (OSError, UnicodeError):
        text = ""
    known = re.fullmatch(r"[0-9a-f]{32}", text) is not None
    machine = hashlib.sha256(f"runtime-supervisor-observer {text}".encode()).hexdigest()[:16] if known else None
    return Marks(machine, secrets.token_hex(8))


def _successes(document: Mapping[str, Any]) -> dict[str, Any]:
    """Of the document of a machine that this one has taken the place of, only when which service last ended well."""
    services = document.get("services")
    entries = services.items() if isinstance(services, dict) else ()
    return {
        "services": {
            name: {"last_success": entry["last_success"]}
            for name, entry in entries
            if isinstance(entry, dict) and "last_success" in entry
        }
    }

"""What a finding is about: a node, a service, an incident, an input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A machine."""

    name: str

    def __str__(self) -> str:
        return f"node:{self.name}"


class ServiceRef(NamedTuple):
    """A service on a node; ``name`` may carry a stack (``media/db``)."""

    node: str
    name: str

    def __str__(self) -> str:
        return f"service:{self.node}/{self.name}"


@dataclass(frozen=True, slots=True)
class IncidentRef:
    """An incident, by its id."""

    id: str

    def __str__(self) -> str:
        return f"incident:{self.id}"


@dataclass(frozen=True, slots=True)
class InputRef:
    """A file or folder this program reads, as the report names it."""

    path: str

    def __str__(self) -> str:
        return f"input:{self.path}"


Subject = NodeRef | ServiceRef | IncidentRef | InputRef

HOSTS = InputRef("hosts")
WORLD = InputRef("world")


def parse_subject(text: str) -> Subject | None:
    """The subject that ``text`` names, or None when it has not the form of one."""
    kind, _, rest = text.partition(":")
    if not rest:
        return None
    if kind == "service":
        node, slash, name = rest.partition("/")
        return ServiceRef(node, name) if slash and node and name else None
    if kind == "node":
        return NodeRef(rest)
    if kind == "incident":
        return IncidentRef(rest)
    return InputRef(rest) if kind == "input" else None

"""What a finding is about: a node, a service, an incident, an input.

These are plain classes and tuples, not dataclasses: the smallest commands import this module, and dataclasses would
take a tenth of all that they do.
"""

from __future__ import annotations

from typing import NamedTuple


class _Named:
    """A subject of one name. Equal are subjects of one kind and name; nobody may change one."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Named) and type(self) is type(other) and self._name == other._name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r})"


class NodeRef(_Named):
    """A machine."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return self._name

    def __str__(self) -> str:
        return f"node:{self._name}"


class ServiceRef(NamedTuple):
    """A service on a node; ``name`` may carry a stack (``media/db``)."""

    node: str
    name: str

    def __str__(self) -> str:
        return f"service:{self.node}/{self.name}"


class IncidentRef(_Named):
    """An incident, by its id."""

    __slots__ = ()

    @property
    def id(self) -> str:
        return self._name

    def __str__(self) -> str:
        return f"incident:{self._name}"


class InputRef(_Named):
    """A file or folder this program reads, as the report names it."""

    __slots__ = ()

    @property
    def path(self) -> str:
        return self._name

    def __str__(self) -> str:
        return f"input:{self._name}"


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

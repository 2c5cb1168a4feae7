"""What the sources have in common: what was seen, in the words of the world folder, and how a look can fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from supervisor.core.instant import Instant
from supervisor.core.model.desired import DesiredService
from supervisor.errors import SourceError

__all__ = ["SYSTEMD", "Raw", "Sighting", "Source", "SourceError"]

SYSTEMD = "systemd"
"""The source that units come from; those of containers are called by the path of their socket."""

Raw = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One container or unit. ``status`` is a service word of the world folder, ``raw`` the engine's own words.

    ``stack`` and ``service`` are what compose or a swarm calls it, ``replica`` which of several it is; of two with the
    same the one ``created`` later counts. ``restarts`` are those that the engine made by itself, None where unknown.
    """

    source: str
    name: str
    status: str
    since: Instant | None = None
    detail: str = ""
    raw: Raw = field(default_factory=dict)
    restarts: int | None = None
    stack: str = ""
    service: str = ""
    replica: str = ""
    created: Instant = 0


@dataclass(frozen=True, slots=True)
class Reached:
    """A node word, ``online``, ``offline`` or ``unknown``, and why."""

    status: str
    detail: str


class Source(Protocol):
    """Something that can be looked at. ``name`` is told to people, and stands in the document."""

    name: str

    def look(self, services: Mapping[str, DesiredService]) -> tuple[Sighting, ...]:
        """All that is there now, given what the inventory expects of this node; SourceError when that is not known."""

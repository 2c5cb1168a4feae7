"""What a kind of source says of itself; everything else in the observer knows sources by this alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from supervisor.core.model.desired import DesiredService
from supervisor.files.settings import Key
from supervisor.observe.deadline import Deadline
from supervisor.observe.sighting import Sighting


class Source(Protocol):
    """Something that can be looked at. ``name`` is told to people, and stands in the document."""

    @property
    def name(self) -> str: ...

    def look(self, services: Mapping[str, DesiredService], deadline: Deadline) -> tuple[Sighting, ...]:
        """All that is there now, given what the inventory expects of this node.

        SourceError when that is not known, AwayError when it is worth asking again in a moment.
        """


class Opened(NamedTuple):
    """The sources of a kind that are there to be looked at, and what people should know of it."""

    sources: tuple[Source, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One kind of source.

    ``key`` is the key by which a service of the inventory names what such a source has (``container``, ``unit``).
    ``owns`` tells the names of its sources from those of other kinds; ``could_have`` whether a service that names
    nothing could be found there. ``start`` gets the values of ``settings`` by name, and the names of the sources that
    the document before had.
    """

    key: str
    settings: tuple[Key, ...]
    owns: Callable[[str], bool]
    could_have: Callable[[DesiredService], bool]
    start: Callable[[Mapping[str, Any], Sequence[str]], Opened]


def switch(text: str) -> bool:
    """The setting ``true`` or ``false``."""
    if text not in ("true", "false"):
        raise ValueError(f"{text[:60]!r} is neither true nor false")
    return text == "true"

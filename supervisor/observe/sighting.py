"""What the sources have in common: what was seen, in the words of the world folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from supervisor.core.instant import Instant

Raw = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One container or unit. ``status`` is a service word of the world folder, ``raw`` the engine's own words.

    ``also`` are other spellings of ``name``. ``stack`` and ``service`` are what compose or a swarm calls it,
    ``replica`` which of several it is. ``restarts`` are those that the engine made by itself, None where unknown.
    ``exit_code`` is that of the last run that is over, as a shell has it: 128 and the signal's number for one that was
    killed. ``last_success`` is when the last run ended well. ``part_of`` are the spellings of the unit that a container
    is run by. ``slot``: its place is that of a swarm, where every restart is a new container of the same ``image``;
    ``fallen`` are those before it in its place that ended by themselves, by when they were created.
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
    also: tuple[str, ...] = ()
    exit_code: int | None = None
    last_success: Instant | None = None
    running: bool = False
    started: Instant | None = None
    part_of: tuple[str, ...] = ()
    slot: bool = False
    image: str = ""
    fallen: tuple[Instant, ...] = ()


@dataclass(frozen=True, slots=True)
class Reached:
    """A node word, ``online``, ``offline`` or ``unknown``, and why.

    Of several addresses those without a route do not have a vote, as long as another one has.
    """

    status: str
    detail: str
    votes: bool = True

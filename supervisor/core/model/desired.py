"""The desired side: what the inventory declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from supervisor.core.instant import Duration
from supervisor.core.model.problems import InvalidInput

NOTHING: Mapping[str, Any] = {}
"""What is not there; nobody may write to it."""


class Mention(NamedTuple):
    """A name as written somewhere in an inventory file."""

    text: str
    line: int
    column: int


OBSERVER_KEYS = ("container", "unit")
"""The keys by which a service says what it is to observers, each text or None, and each a field below."""


class DesiredService(NamedTuple):
    """One service the inventory declares. The ``OBSERVER_KEYS`` are never judged.

    ``max_age``: how old the last known success of a oneshot may be, in nanoseconds; ``startup_grace``: how long it may
    be starting, None where the setting holds.
    """

    name: str
    pointer: str
    line: int
    critical: bool = False
    oneshot: bool = False
    enabled: bool = True
    depends_on: tuple[Mention, ...] = ()
    container: str | None = None
    unit: str | None = None
    max_age: Duration | None = None
    startup_grace: Duration | None = None


class DesiredNode(NamedTuple):
    """One ``hosts/<node>/services.yaml``.

    ``services_known`` is False when the file cannot be used: nothing is expected of the node's services then, and
    nothing is said to be missing or unmanaged. ``declared`` is False when its folder cannot be looked into: it is a
    node only if the world knows it. ``broken`` are the names whose declaration has an error. ``addresses``, as
    HOST:PORT, are for observers.
    """

    name: str
    file: str
    pointer: str = ""
    line: int = 1
    critical: bool = True
    always_on: bool = True
    failover: tuple[Mention, ...] = ()
    services: Mapping[str, DesiredService] = NOTHING
    broken: frozenset[str] = frozenset()
    services_known: bool = True
    addresses: tuple[str, ...] = ()
    declared: bool = True


class Desired(NamedTuple):
    """The inventory. ``folder`` is set when it cannot be used as a whole: nothing is judged then."""

    nodes: Mapping[str, DesiredNode] = NOTHING
    invalid: tuple[InvalidInput, ...] = ()
    folder: InvalidInput | None = None

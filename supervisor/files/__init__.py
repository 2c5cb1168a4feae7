"""The floor that reads and writes: one module per kind of file, unaware of one another.

``reading`` gets bytes safely, ``yamltree`` and ``jsontext`` make values with places of them, ``fields`` takes typed
values out; ``settings``, ``inventory`` and ``world`` are the readers, ``eventlog`` and ``checkpoint`` the outputs on
top of ``atomic``. Nothing here waits for anything but a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from supervisor.core.model import Problem

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T_co]):
    """What could be read, and what was wrong with the rest."""

    value: T_co
    problems: tuple[Problem, ...] = ()

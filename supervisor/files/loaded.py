"""What a reader gives: what could be read, and what was wrong with the rest."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from supervisor.core.model.problems import Problem

T_co = TypeVar("T_co", covariant=True)


class Loaded(NamedTuple, Generic[T_co]):
    """What could be read, and what was wrong with the rest."""

    value: T_co
    problems: tuple[Problem, ...] = ()

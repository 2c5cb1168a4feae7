"""What a reader gives: what could be read, and what was wrong with the rest."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from supervisor.core.model.problems import Level, Problem
from supervisor.errors import InputError, SchemaError

_MESSAGE_LIMIT = 500
_POINTER_LIMIT = 2000
"""More than any pointer whose names are legal, however much of them is escaped."""

T_co = TypeVar("T_co", covariant=True)


class Loaded(NamedTuple, Generic[T_co]):
    """What could be read, and what was wrong with the rest. ``hints`` are for ``check``, and cost nothing."""

    value: T_co
    problems: tuple[Problem, ...] = ()
    hints: tuple[Problem, ...] = ()


def problem_of(file: str, error: InputError, level: Level = Level.ERROR) -> Problem:
    """An input error as a problem of ``file``. Names that are too long for one are not repeated at length."""
    pointer = error.pointer if isinstance(error, SchemaError) else ""
    while len(pointer) > _POINTER_LIMIT:
        pointer = pointer.rpartition("/")[0]
    message = error.message
    if len(message) > _MESSAGE_LIMIT:
        message = message[: _MESSAGE_LIMIT - 1] + "…"
    return Problem(file, error.line, error.column, level, message, pointer)

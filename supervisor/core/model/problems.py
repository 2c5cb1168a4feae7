"""What is wrong with an input, and where."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from supervisor.core.model.subjects import InputRef, ServiceRef


class Level(StrEnum):
    """An error costs something its judgement; a warning never does."""

    ERROR = "error"
    WARNING = "warning"


class Problem(NamedTuple):
    """Something wrong in an input. Lines and columns are 1-based; None where there is no place."""

    file: str
    line: int | None
    column: int | None
    level: Level
    message: str
    pointer: str = ""

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        return (self.file, self.line or 0, self.column or 0, self.level, self.message)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{place}: {self.level}: {self.message}"


class InvalidInput(NamedTuple):
    """An input that cannot be used, wholly or in part; ``services`` are the declarations lost with it."""

    ref: InputRef
    errors: tuple[Problem, ...]
    services: tuple[ServiceRef, ...] = ()

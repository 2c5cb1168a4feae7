"""The order of tables: what is worst, and holds up most, comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from supervisor.core.instant import Instant

T = TypeVar("T")

_RANKS = {"critical": 0, "warning": 1}
_SERVICE = "service:"


class Urgency(NamedTuple):
    """What a recommendation's place goes by. ``seen``: when it was announced first, or since when it is so."""

    severity: str
    subject: str
    affects: Iterable[str]
    root_causes: Iterable[str]
    seen: Instant | None


def worst_first(recommendations: Iterable[T], urgency: Callable[[T], Urgency]) -> list[T]:
    """By severity, then the number of services that it affects or is the root cause of, the newest, the subject."""
    rows = [(urgency(recommendation), recommendation) for recommendation in recommendations]
    held_up: dict[str, set[str]] = {}
    for row, _ in rows:
        if row.subject.startswith(_SERVICE):
            for cause in row.root_causes:
                held_up.setdefault(cause, set()).add(row.subject)

    def order(pair: tuple[Urgency, T]) -> tuple[int, int, bool, Instant, str]:
        row = pair[0]
        services = {ref for ref in row.affects if ref.startswith(_SERVICE)} | held_up.get(row.subject, set())
        return _RANKS.get(row.severity, 2), -len(services), row.seen is None, -(row.seen or 0), row.subject

    return [recommendation for _, recommendation in sorted(rows, key=order)]

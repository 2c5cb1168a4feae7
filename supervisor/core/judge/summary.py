"""The state of the whole: counts, and one word for them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import add, sub
from typing import NamedTuple

from supervisor.core.model.findings import Drift, EventType, Recommendation, Severity, Summary


class Tally(NamedTuple):
    """``drift`` is what is not inhibited, ``critical`` how much of it is; ``blocked`` counts recommendations."""

    services: int = 0
    drift: int = 0
    inhibited: int = 0
    recommendations: int = 0
    unmanaged: int = 0
    critical: int = 0
    blocked: int = 0

    @property
    def summary(self) -> Summary:
        """``unstable`` for critical drift or anything blocked, ``degraded`` for other drift that is not inhibited."""
        if self.critical or self.blocked:
            return Summary.UNSTABLE
        return Summary.DEGRADED if self.drift else Summary.NOMINAL

    def plus(self, other: Tally) -> Tally:
        return Tally(*map(add, self, other))

    def minus(self, other: Tally) -> Tally:
        return Tally(*map(sub, self, other))


NO_TALLY = Tally()


def tally(
    services: int, drift: Sequence[Drift], recommendations: Sequence[Recommendation], unmanaged: int = 0
) -> Tally:
    counted = [entry for entry in drift if entry.inhibited_by is None]
    return Tally(
        services,
        len(counted),
        len(drift) - len(counted),
        len(recommendations),
        unmanaged,
        sum(drift.severity is Severity.CRITICAL for drift in counted),
        sum(recommendation.type is EventType.BLOCKED for recommendation in recommendations),
    )

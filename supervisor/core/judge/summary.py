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
    counted = [one for one in drift if one.inhibited_by is None]
    return Tally(
        services,
        len(counted),
        len(drift) - len(counted),
        len(recommendations),
        unmanaged,
        sum(one.severity is Severity.CRITICAL for one in counted),
        sum(one.type is EventType.BLOCKED for one in recommendations),
    )

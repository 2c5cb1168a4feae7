"""What the pass before settled: which entries and recommendations need no second look.

It stands beside the ledger and can be thrown away at any time: the answer is that of ``plan_emissions``, at the cost of
what has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from supervisor.core.announce.emissions import Emission, plan_among, plan_emissions
from supervisor.core.announce.ledger import Ledger, OpenEntry
from supervisor.core.instant import Duration, Instant
from supervisor.core.judge.reconcile import Judgement


class Settled(NamedTuple):
    """A judgement that was announced as a whole, and what was open then.

    No entry of ``open`` had its last event before ``first`` or after ``last``; ``announced``: none waits to be
    announced again. Without a judgement nothing is settled, and everything is looked at.
    """

    judgement: Judgement | None = None
    open: Mapping[str, OpenEntry] = {}
    first: Instant = 0
    last: Instant = 0
    announced: bool = True

    def after(self, ledger: Ledger, judgement: Judgement) -> Settled:
        """Once ``ledger`` has taken in what was announced of ``judgement``."""
        if ledger.open is self.open and self.judgement is not None:
            return self._replace(judgement=judgement)
        times = [entry.last_event for entry in ledger.open.values()]
        announced = all(entry.announced for entry in ledger.open.values())
        return Settled(judgement, ledger.open, min(times, default=0), max(times, default=0), announced)

    def plan_emissions(
        self, ledger: Ledger, judgement: Judgement, now: Instant, repeat_interval: Duration
    ) -> list[Emission]:
        """What ``plan_emissions`` would say."""
        if self.judgement is None or not self._holds(ledger, now, repeat_interval):
            return plan_emissions(ledger, judgement, now, repeat_interval)
        changed = list(judgement.changes_since(self.judgement))
        before = [recommendation.fingerprint for old, _ in changed for recommendation in old.recommendations]
        entries = [ledger.open[fingerprint] for fingerprint in before if fingerprint in ledger.open]
        recommendations = [recommendation for _, new in changed for recommendation in new.recommendations]
        return plan_among(entries, recommendations, ledger.summary, judgement, now, repeat_interval)

    def _holds(self, ledger: Ledger, now: Instant, repeat_interval: Duration) -> bool:
        """Whether what is the same in both judgements can be no news."""
        if self.judgement is None or ledger.open is not self.open or not self.announced:
            return False
        if len(ledger.open) != self.judgement.counts["recommendations"]:
            # Something open is not judged at present; that it is judged again need not show in a part.
            return False
        none_is_due = now - repeat_interval < self.first <= self.last <= now
        return not repeat_interval or not ledger.open or none_is_due

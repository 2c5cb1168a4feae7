"""What the pass before settled: which entries and recommendations need no second look.

It stands beside the ledger and can be thrown away at any time. Each answer is that of the function of the same name, at
the cost of what has changed; tests/properties/test_incremental.py holds one against the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from supervisor.core.announce import emissions, latest, overview
from supervisor.core.announce.emissions import Emission
from supervisor.core.announce.latest import as_judged, with_entries, with_needs
from supervisor.core.announce.ledger import Ledger, OpenEntry
from supervisor.core.announce.needed_by import Dependents
from supervisor.core.announce.overview import Overview
from supervisor.core.instant import Duration, Instant
from supervisor.core.judge.node_findings import Findings
from supervisor.core.judge.reconcile import Judgement
from supervisor.core.model.findings import Recommendation
from supervisor.core.state.graph import differing


class Settled:
    """A judgement that was announced as a whole, and what was open then.

    A pass asks for its emissions, has the ledger take them in and refreshes it, asks for the overview, and settles all
    of it. Before anything was settled everything is looked at.
    """

    def __init__(self) -> None:
        self._judgement: Judgement | None = None
        self._open: Mapping[str, OpenEntry] = {}
        # No entry had its last event before the first or after the second moment; none waits to be announced again.
        self._first: Instant = 0
        self._last: Instant = 0
        self._announced = True
        # Since the last look at all of them only events of the moment of their pass were taken in.
        self._grew_at: Instant | None = None
        # Whether an entry may be needed by anybody.
        self._needed = True
        self._overview: Overview | None = None
        self._dependents: Dependents | None = None

    def settle(self, ledger: Ledger, judgement: Judgement, seen: Overview) -> None:
        """Once ``ledger`` has taken in what was announced of ``judgement``, and was refreshed."""
        if ledger.open is not self._open and self._grew_at is not None:
            # What went makes the first moment too early at most: then all are looked at once more than they must be.
            self._last = max(self._last, self._grew_at)
            self._first = min(self._first, self._grew_at) if self._open else self._grew_at
        elif ledger.open is not self._open or self._judgement is None:
            times = [entry.last_event for entry in ledger.open.values()]
            self._first, self._last = min(times, default=0), max(times, default=0)
            self._announced = all(entry.announced for entry in ledger.open.values())
        self._judgement, self._open, self._overview = judgement, ledger.open, seen

    def plan_emissions(
        self, ledger: Ledger, judgement: Judgement, now: Instant, repeat_interval: Duration
    ) -> list[Emission]:
        """As the function ``plan_emissions``."""
        before = self._judgement
        self._grew_at = None
        if before is None or not self._holds(ledger, before, now, repeat_interval):
            return emissions.plan_emissions(ledger, judgement, now, repeat_interval)
        self._grew_at = now
        changed = list(judgement.changes_since(before))
        was_open = [recommendation.fingerprint for old, _ in changed for recommendation in old.recommendations]
        entries = [ledger.open[fingerprint] for fingerprint in was_open if fingerprint in ledger.open]
        recommendations = [recommendation for _, new in changed for recommendation in new.recommendations]
        return emissions.plan_among(entries, recommendations, ledger.summary, judgement, now, repeat_interval)

    def _holds(self, ledger: Ledger, before: Judgement, now: Instant, repeat_interval: Duration) -> bool:
        """Whether what is the same in both judgements can be no news."""
        if ledger.open is not self._open or not self._announced:
            return False
        if len(ledger.open) != before.counts["recommendations"]:
            # Something open is not judged at present; that it is judged again need not show in its findings.
            return False
        none_is_due = now - repeat_interval < self._first <= self._last <= now
        return not repeat_interval or not ledger.open or none_is_due

    def refreshed(self, ledger: Ledger, judgement: Judgement) -> Ledger:
        """As the function ``refreshed``, of a ledger that has taken in what was announced of ``judgement``."""
        before = self._judgement
        if before is None:
            ledger = latest.refreshed(ledger, judgement)
            # In order once: each save sorts them, and what is nearly in order is sorted in one look.
            return replace(ledger, open=dict(sorted(ledger.open.items())))
        changed = list(judgement.changes_since(before))
        entries = {
            recommendation.fingerprint: as_judged(ledger.open[recommendation.fingerprint], recommendation)
            for old, new in changed
            for recommendation in _differing(old, new)
            if recommendation.fingerprint in ledger.open
        }
        ledger = with_entries(ledger, entries)
        same = _healthy_as_before(before, judgement, changed)
        if same and ledger.open is self._open:
            return ledger
        dependents = self._dependents_in(judgement)
        if not dependents and not self._needed:
            return ledger
        self._needed = bool(dependents)
        needs = {
            fingerprint: with_needs(entry, judgement.picture, dependents)
            for fingerprint, entry in ledger.open.items()
            if not same or self._open.get(fingerprint) is not entry
        }
        return with_entries(ledger, needs)

    def overview_of(self, judgement: Judgement) -> Overview:
        """As the function ``overview_of``."""
        before = self._judgement
        if before is None or self._overview is None:
            return overview.overview_of(judgement)
        if any(old.unmanaged != new.unmanaged for old, new in judgement.changes_since(before)):
            return overview.overview_of(judgement)
        return self._overview._replace(counts=judgement.counts)

    def _dependents_in(self, judgement: Judgement) -> Dependents:
        graph = judgement.picture.graph
        if self._dependents is None or self._dependents.graph is not graph:
            self._dependents = Dependents(graph)
        return self._dependents


def _differing(old: Findings, new: Findings) -> list[Recommendation]:
    """The recommendations that say something else than they did; evidence does not count."""
    before = {
        recommendation.fingerprint: recommendation._replace(evidence=()) for recommendation in old.recommendations
    }
    return [
        recommendation
        for recommendation in new.recommendations
        if before.get(recommendation.fingerprint) != recommendation._replace(evidence=())
    ]


def _healthy_as_before(before: Judgement, judgement: Judgement, changed: list[tuple[Findings, Findings]]) -> bool:
    """Whether the same services are healthy, and need the same ones: then nobody else needs what is open."""
    was, picture = before.picture, judgement.picture
    return (
        was.graph is picture.graph
        and all(old.says == new.says for old, new in changed)
        and all(
            name in was.nodes and name in picture.nodes and was.nodes[name].standing is picture.nodes[name].standing
            for name in differing(was.nodes, picture.nodes)
        )
    )

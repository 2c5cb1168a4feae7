"""What is open as it was judged last: other words for the same recommendation, without an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from supervisor.core.announce.ledger import Ledger, OpenEntry
from supervisor.core.announce.needed_by import Dependents, needed_by
from supervisor.core.announce.report import recommendation_json
from supervisor.core.judge.assessment import Picture
from supervisor.core.judge.reconcile import Judgement
from supervisor.core.model.findings import Recommendation
from supervisor.core.model.subjects import NodeRef, ServiceRef, parse_subject


def refreshed(ledger: Ledger, judgement: Judgement) -> Ledger:
    """Everything open as it is judged now; the same ledger where nothing but evidence is another.

    What is not judged at present keeps the words that it had.
    """
    dependents = Dependents(judgement.picture.graph)
    recommendations = {recommendation.fingerprint: recommendation for recommendation in judgement.recommendations}
    entries = {}
    for fingerprint, entry in ledger.open.items():
        recommendation = recommendations.get(fingerprint)
        latest = entry if recommendation is None else as_judged(entry, recommendation)
        entries[fingerprint] = with_needs(latest, judgement.picture, dependents)
    return with_entries(ledger, entries)


def as_judged(entry: OpenEntry, recommendation: Recommendation) -> OpenEntry:
    """The entry with the recommendation as it is now; the same entry when that says the same."""
    latest = recommendation_json(recommendation)
    if _without_evidence(latest) == _without_evidence(entry.recommendation()):
        return entry
    return entry.with_recommendation(latest)


def with_needs(entry: OpenEntry, picture: Picture, dependents: Dependents) -> OpenEntry:
    """The entry with the healthy services elsewhere that need it now; the same entry when these are the same."""
    if not dependents and not entry.needed_by:
        return entry
    subject = parse_subject(entry.subject)
    whole = isinstance(subject, NodeRef | ServiceRef)
    affects = () if whole else [parse_subject(text) for text in entry.recommendation().get("affects", ())]
    needs = needed_by(picture, dependents, subject, affects)
    return entry if needs == entry.needed_by else entry.with_needs(needs)


def with_entries(ledger: Ledger, entries: Mapping[str, OpenEntry]) -> Ledger:
    """The ledger with some entries replaced; the same ledger when all of them stand in it already."""
    if all(ledger.open[fingerprint] is entry for fingerprint, entry in entries.items()):
        return ledger
    return replace(ledger, open={**ledger.open, **entries})


def _without_evidence(recommendation: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in recommendation.items() if key != "evidence"}

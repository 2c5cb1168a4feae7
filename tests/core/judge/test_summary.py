"""One word for the whole: what makes it unstable, what degraded, and that what is inhibited does not count."""

from __future__ import annotations

import pytest

from supervisor.core.judge.summary import tally
from supervisor.core.model.findings import Action, Condition, Drift, EventType, Recommendation, Severity, Summary
from supervisor.core.model.subjects import NodeRef, ServiceRef

NODE = NodeRef("nas")


def drift(severity: Severity, inhibited: bool = False) -> Drift:
    return Drift(
        Condition.MISSING_SERVICE, ServiceRef("nas", "web"), severity, inhibited_by=NODE if inhibited else None
    )


def recommendation(type_: EventType) -> Recommendation:
    return Recommendation("0" * 16, type_, Action.DEPLOY, ServiceRef("nas", "web"), Severity.WARNING, "", ())


@pytest.mark.parametrize(
    ("drifted", "recommended", "summary"),
    [
        ([], [], Summary.NOMINAL),
        ([drift(Severity.WARNING)], [recommendation(EventType.REQUIRED)], Summary.DEGRADED),
        ([drift(Severity.WARNING)], [recommendation(EventType.RECOMMENDED)], Summary.DEGRADED),
        ([drift(Severity.WARNING)], [recommendation(EventType.BLOCKED)], Summary.UNSTABLE),
        ([drift(Severity.WARNING), drift(Severity.CRITICAL)], [recommendation(EventType.REQUIRED)], Summary.UNSTABLE),
        ([drift(Severity.CRITICAL, inhibited=True)], [], Summary.NOMINAL),
        ([drift(Severity.CRITICAL, inhibited=True), drift(Severity.WARNING)], [], Summary.DEGRADED),
    ],
)
def test_the_summary_is(drifted: list[Drift], recommended: list[Recommendation], summary: Summary) -> None:
    assert tally(1, drifted, recommended).summary is summary


def test_reconciling_is_kept_for_later() -> None:
    assert [word.value for word in Summary] == ["nominal", "degraded", "unstable"]

"""What no scenario shows of a recommendation: what its fingerprint is over, and the wording of its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supervisor.core.instant import SECOND
from supervisor.core.judge.recommend import fingerprint
from supervisor.core.model.findings import Action, Recommendation, Severity
from supervisor.core.model.subjects import ServiceRef
from tests.core.homelab import NOW, ago, judged
from tests.effort import calls

HOSTS = {"nas": "services:\n  db:\n  web: {depends_on: [db]}\n"}


def recommended(folder: Path, status: Any, hosts: dict[str, str] | None = None, now: int = NOW) -> Recommendation:
    """The recommendation for ``nas/web``."""
    world = {"fleet.json": {"services": {"nas": {"db": "ok", "web": status}}}}
    report = judged(folder, hosts or HOSTS, world, now).report
    (results,) = [
        recommendation for recommendation in report.recommendations if str(recommendation.subject) == "service:nas/web"
    ]
    return results


def test_a_fingerprint_is_not_over_wording_evidence_or_time(tmp_path: Path) -> None:
    first = recommended(tmp_path, "failed")
    moved = {"nas": "# moved down\n\n" + HOSTS["nas"]}
    others = [
        recommended(tmp_path, "exited"),
        recommended(tmp_path, {"status": "failed", "since": ago(900)}),
        recommended(tmp_path, "failed", moved),
        recommended(tmp_path, "failed", now=NOW + 60 * SECOND),
    ]
    assert {recommendation.fingerprint for recommendation in others} == {first.fingerprint}
    assert others[0].reason != first.reason
    assert others[2].evidence != first.evidence


def test_a_fingerprint_is_over_what_makes_the_recommendation(tmp_path: Path) -> None:
    first = recommended(tmp_path, "failed")
    critical = recommended(tmp_path, "failed", {"nas": "services:\n  db:\n  web: {critical: true}\n"})
    missing = recommended(tmp_path, "absent")
    assert critical.severity is Severity.CRITICAL
    assert len({item.fingerprint for item in (first, critical, missing)}) == 3


def test_a_fingerprint_is_16_lower_case_hex_digits_and_stays_what_it_was(tmp_path: Path) -> None:
    recommendation = recommended(tmp_path, "failed")
    assert set(recommendation.fingerprint) <= set("0123456789abcdef")
    assert len(recommendation.fingerprint) == 16
    # A checkpoint of an older version holds the old ones: another spelling would announce everything anew.
    again = fingerprint(
        recommendation.subject,
        recommendation.type,
        recommendation.action,
        recommendation.severity,
        recommendation.conditions,
        (),
        (),
    )
    assert recommendation.fingerprint == again == "3bf934f877ebfc96"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("failed", "web on nas is unhealthy ('failed')"),
        ("absent", "web on nas is missing"),
        ("unknown", "web on nas is not observed: its status is 'unknown'"),
        ("x" * 100, f"web on nas is unhealthy ('{'x' * 59}…')"),
        ("bad\n<2>forged\x1b[31m", "web on nas is unhealthy ('bad\\n<2>forged\\x1b[31m')"),
        ("\u202edeliaf", "web on nas is unhealthy ('\\u202edeliaf')"),
    ],
)
def test_the_reason_is_one_line_that_steers_no_terminal(tmp_path: Path, status: str, reason: str) -> None:
    assert recommended(tmp_path, status).reason == reason


def test_who_waits_says_for_what(tmp_path: Path) -> None:
    hosts = {"nas": "services:\n  a:\n  b:\n  web: {depends_on: [b, a]}\n"}
    world = {"fleet.json": {"services": {"nas": {"a": "unknown", "b": "failed"}}}}
    (results,) = [
        recommendation
        for recommendation in judged(tmp_path, hosts, world).report.recommendations
        if recommendation.blocked_by
    ]
    assert results.reason == "web on nas is missing, blocked by service:nas/a and 1 more (not observed)"


def test_a_web_of_dependencies_costs_what_it_has_of_them(tmp_path: Path) -> None:
    """Each service waits for the ten that follow it; the last of all is what they all wait for."""

    def web(count: int) -> None:
        names = [f"s{number}" for number in range(count)]
        lines = [f"  {name}: {{depends_on: [{', '.join(names[at + 1 : at + 11])}]}}" for at, name in enumerate(names)]
        hosts = {"nas": "services:\n" + "\n".join(lines)}
        report = judged(tmp_path / str(count), hosts, {"fleet.json": {"nodes": {"nas": "online"}}})
        waiting = [
            recommendation
            for recommendation in report.recommendations
            if recommendation.action is Action.DELAY_DEPLOYMENT
        ]
        assert len(waiting) == count - 1
        assert {recommendation.root_causes for recommendation in waiting} == {(ServiceRef("nas", f"s{count - 1}"),)}

    assert calls(lambda: web(240)) < 2.2 * calls(lambda: web(120))


def test_evidence_shows_at_most_200_characters(tmp_path: Path) -> None:
    values = [fact.value for fact in recommended(tmp_path, "x" * 500).evidence]
    assert values == ["web", "x" * 200]

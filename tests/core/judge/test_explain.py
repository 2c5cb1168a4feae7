"""Why, and why not: all ten rows for whatever is judged, one of which decides where something is recommended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supervisor.core.judge.explain import Explanation, explain
from supervisor.core.judge.reconcile import Judgement
from supervisor.core.model.subjects import parse_subject
from tests.core.homelab import ago, judged

HOSTS = {
    "nas": """\
services:
  db:
  web: {depends_on: [db]}
  api: {depends_on: [web]}
  calm:
  gone:
  silent:
  failing:
  tried:
  backup: {oneshot: true, max_age: 26h}
  off: {enabled: false}
  broken: {critical: 5}
""",
    "nuc": "node: {always_on: false}\nservices: {dns: }",
    "pi": "services: {dhcp: }",
    "old": "services: {ntp: }",
    "lost": "services: [",
}
WORLD: dict[str, Any] = {
    "fleet.json": {
        "nodes": {"nas": "online", "nuc": "offline", "pi": {"status": "down"}, "stray": "up", "lost": "up"},
        "services": {
            "nas": {
                **dict.fromkeys(("calm", "tried", "failing", "off"), "ok"),
                "db": "failed",
                "web": "exited",
                "api": "dead",
                "silent": "unknown",
                "extra": "ok",
                "broken": "ok",
            }
        },
        "deployments": [
            {"id": f"{name}-{number}", "node": "nas", "service": name, "status": "failed", "at": ago(60 * number)}
            for name, count in (("failing", 3), ("tried", 1))
            for number in range(1, count + 1)
        ],
        "incidents": [{"id": "INC-1", "status": "active"}, {"id": "INC-2", "status": "closed"}],
    },
    "old.json": {"observed_at": ago(900), "nodes": {"old": "online"}},
}


@pytest.fixture
def judgement(tmp_path: Path) -> Judgement:
    return judged(tmp_path, HOSTS, WORLD)


def explained(judgement: Judgement, subject: str) -> Explanation:
    parsed = parse_subject(subject)
    assert parsed is not None
    explanation = explain(judgement, parsed)
    assert explanation is not None
    return explanation


def deciding(explanation: Explanation) -> int | None:
    (*rows,) = (row.number for row in explanation.rows if row.decides)
    assert len(rows) <= 1
    return rows[0] if rows else None


@pytest.mark.parametrize(
    ("subject", "row", "state"),
    [
        ("input:hosts/lost/services.yaml", 1, "cannot be used, wholly or in part"),
        ("node:old", 2, "not observed: its newest observation is older than 5m"),
        ("service:nas/silent", 2, "not observed: its status is 'unknown'"),
        ("node:pi", 3, "offline: its status is 'down'"),
        ("service:nas/web", 4, "unhealthy: its status is 'exited'"),
        ("service:nas/failing", 5, "healthy: its status is 'ok'"),
        ("service:nas/gone", 6, "missing: no document mentions it"),
        ("service:nas/db", 7, "unhealthy: its status is 'failed'"),
        ("service:nas/backup", 8, "healthy: no document mentions it"),
        ("service:nas/tried", 9, "healthy: its status is 'ok'"),
        ("incident:INC-1", 10, "unresolved: its status is 'active'"),
    ],
)
def test_the_ill_show_ten_rows_and_the_one_that_decides(
    judgement: Judgement, subject: str, row: int, state: str
) -> None:
    explanation = explained(judgement, subject)
    assert [row.number for row in explanation.rows] == list(range(1, 11))
    assert (deciding(explanation), explanation.state) == (row, state)
    (recommendation,) = [
        recommendation for recommendation in judgement.report.recommendations if str(recommendation.subject) == subject
    ]
    assert explanation.rows[row - 1].because == recommendation.reason
    # The first that applies decides, and what comes before it did not apply.
    assert [item.applies for item in explanation.rows[:row]] == [False] * (row - 1) + [True]


@pytest.mark.parametrize(
    ("subject", "state"),
    [
        ("input:hosts", "readable"),
        ("input:world", "readable"),
        ("input:hosts/pi/services.yaml", "readable"),
        ("input:world/fleet.json", "readable"),
        ("node:nas", "online: its status is 'online'"),
        ("node:nuc", "away: its status is 'offline'"),
        ("service:nas/calm", "healthy: its status is 'ok'"),
        ("incident:INC-2", "resolved: its status is 'closed'"),
    ],
)
def test_the_well_show_ten_rows_and_why_none_applies(judgement: Judgement, subject: str, state: str) -> None:
    explanation = explained(judgement, subject)
    assert [(row.number, row.applies) for row in explanation.rows] == [(number, False) for number in range(1, 11)]
    assert all(row.because for row in explanation.rows)
    assert explanation.state == state


@pytest.mark.parametrize(
    ("subject", "state"),
    [
        ("service:pi/dhcp", "not judged: its node is offline: its status is 'down'; inhibited by node:pi"),
        ("service:nuc/dns", "not judged: its node is away: its status is 'offline'"),
        ("service:old/ntp", "not judged: its node is not observed: its newest observation is older than 5m"),
        ("service:nas/off", "disabled in the inventory: not expected, and not available to others"),
        ("service:nas/broken", "not judged: its declaration has an error"),
        ("service:lost/anything", "not judged: hosts/lost/services.yaml cannot be used"),
        ("service:nas/extra", "unmanaged: the world reports it, the inventory does not expect it"),
        ("node:stray", "not in the inventory: nothing is expected of it"),
    ],
)
def test_what_is_not_judged_says_why_and_shows_no_rows(judgement: Judgement, subject: str, state: str) -> None:
    explanation = explained(judgement, subject)
    assert (explanation.rows, explanation.state) == ((), state)


@pytest.mark.parametrize(
    "subject", ["node:nowhere", "service:nas/nothing", "service:nowhere/x", "incident:INC-3", "input:world/none.json"]
)
def test_what_nobody_mentions_cannot_be_explained(judgement: Judgement, subject: str) -> None:
    parsed = parse_subject(subject)
    assert parsed is not None
    assert explain(judgement, parsed) is None


def test_the_evidence_is_at_its_line_on_both_sides(judgement: Judgement) -> None:
    explanation = explained(judgement, "service:nas/db")
    assert [(fact.file, fact.pointer, fact.line, fact.value) for fact in explanation.evidence] == [
        ("hosts/nas/services.yaml", "/services/db", 2, "db"),
        ("world/fleet.json", "/services/nas/db", 1, "failed"),
    ]


def test_the_evidence_of_the_well_is_shown_too(judgement: Judgement) -> None:
    assert [fact.value for fact in explained(judgement, "service:nas/calm").evidence] == ["calm", "ok"]


def test_every_row_speaks_of_what_it_is_about(judgement: Judgement) -> None:
    said = [row.because for row in explained(judgement, "incident:INC-2").rows]
    assert said == [
        "only applies to inputs",
        "speaks of observations",
        "only applies to nodes",
        *["only applies to services"] * 6,
        "its status is 'closed'",
    ]


def test_a_world_out_of_sight_explains_nothing_but_itself(tmp_path: Path) -> None:
    stale = {"fleet.json": {**WORLD["fleet.json"], "observed_at": ago(3600)}}
    judgement = judged(tmp_path, HOSTS, stale)
    world = explained(judgement, "input:world")
    assert (deciding(world), world.state) == (2, "stale: every document is")
    assert explained(judgement, "node:nas").state.endswith("; inhibited by input:world")
    assert explained(judgement, "incident:INC-1").state.startswith("not judged: the world is stale; unresolved")

"""A report as plain JSON: every field that ``docs/formats.md`` promises, and no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from supervisor.core.announce.report import (
    drift_json,
    evidence_json,
    problem_json,
    recommendation_json,
    report_json,
)
from supervisor.core.instant import SECOND
from supervisor.core.model.findings import (
    Action,
    Condition,
    Drift,
    EventType,
    Evidence,
    Recommendation,
    Severity,
)
from supervisor.core.model.problems import Level, Problem
from supervisor.core.model.subjects import NodeRef, ServiceRef
from tests.core.homelab import ago, judged

PLACE = Evidence("world/nodes/nas.json", "/services/db/status", 7, "failed")
DB = ServiceRef("nas", "db")
DRIFT = Drift(Condition.UNHEALTHY_SERVICE, DB, Severity.CRITICAL, 1_800_000_000 * SECOND, evidence=(PLACE,))


def test_evidence_names_file_pointer_line_and_value() -> None:
    assert evidence_json(PLACE) == {
        "file": "world/nodes/nas.json",
        "pointer": "/services/db/status",
        "line": 7,
        "value": "failed",
    }


def test_drift_says_since_when_in_utc() -> None:
    value = drift_json(DRIFT)
    assert {key: value[key] for key in ("condition", "subject", "severity", "inhibited_by", "since")} == {
        "condition": "unhealthy_service",
        "subject": "service:nas/db",
        "severity": "critical",
        "inhibited_by": None,
        "since": "2027-01-15T08:00:00Z",
    }
    assert value["evidence"] == [evidence_json(PLACE)]


def test_what_explains_a_drift_is_named_and_what_is_not_known_is_null() -> None:
    value = drift_json(DRIFT._replace(inhibited_by=NodeRef("nas"), since=None))
    assert (value["inhibited_by"], value["since"]) == ("node:nas", None)


def test_a_recommendation_has_words_and_subjects_as_text() -> None:
    recommendation = Recommendation(
        "0123456789abcdef",
        EventType.BLOCKED,
        Action.DELAY_DEPLOYMENT,
        ServiceRef("nas", "web"),
        Severity.WARNING,
        "web on nas waits",
        (Condition.UNHEALTHY_SERVICE,),
        blocked_by=(DB,),
        root_causes=(NodeRef("nuc"),),
        candidates=(NodeRef("pi4"),),
        in_progress="d-17",
        evidence=(PLACE,),
    )
    value = recommendation_json(recommendation)
    wanted = {
        "fingerprint": "0123456789abcdef",
        "type": "reconcile_blocked",
        "action": "delay_deployment",
        "subject": "service:nas/web",
        "severity": "warning",
        "reason": "web on nas waits",
        "conditions": ["unhealthy_service"],
        "blocked_by": ["service:nas/db"],
        "root_causes": ["node:nuc"],
        "affects": [],
        "candidates": ["node:pi4"],
        "in_progress": "d-17",
        "evidence": [evidence_json(PLACE)],
    }
    assert {key: value[key] for key in wanted} == wanted


@pytest.mark.parametrize("level", Level)
def test_a_problem_has_its_place_and_its_level(level: Level) -> None:
    assert problem_json(Problem("hosts/nas/services.yaml", 7, 5, level, "what is wrong")) == {
        "file": "hosts/nas/services.yaml",
        "line": 7,
        "column": 5,
        "level": level.value,
        "message": "what is wrong",
    }


def test_a_whole_report_is_plain_json_and_counts_what_it_lists(tmp_path: Path) -> None:
    document = {"status": "online", "observed_at": ago(1), "services": {"web": "failed", "old": "ok"}}
    report = judged(tmp_path, {"nas": "services: {web: , db: }\n"}, {"nodes/nas.json": document}).report
    value = report_json(report)
    assert json.loads(json.dumps(value)) == value
    assert list(value) == ["version", "summary", "counts", "drift", "recommendations", "problems", "unmanaged"]
    assert (value["version"], value["summary"], value["unmanaged"]) == (1, "degraded", ["service:nas/old"])
    assert [entry["subject"] for entry in value["drift"]] == ["service:nas/db", "service:nas/web"]
    assert value["counts"]["recommendations"] == len(value["recommendations"]) == 2

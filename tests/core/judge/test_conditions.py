"""What it is called: each condition with its subject, its severity and since when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supervisor.core.judge.conditions import suspects, turns
from supervisor.core.model.findings import Condition, Drift, Severity
from tests.core.homelab import NOW, ago, judged

HOSTS = {"nas": "services: {web: {critical: true}, db: {}, dns: {}}\n"}
WELL = {"web": "ok", "db": "ok", "dns": "ok"}
SECOND = 10**9


def drift_of(folder: Path, world: dict[str, Any]) -> dict[str, Drift]:
    return {str(drift.subject): drift for drift in judged(folder, HOSTS, world).report.drift}


@pytest.mark.parametrize(
    ("document", "subject", "condition", "severity", "since"),
    [
        ({"services": WELL | {"web": "absent"}}, "service:nas/web", "missing_service", "critical", None),
        (
            {"services": WELL | {"db": {"status": "failed", "since": ago(60)}}},
            "service:nas/db",
            "unhealthy_service",
            "warning",
            60,
        ),
        ({"services": WELL | {"web": "unknown"}}, "service:nas/web", "stale_observation", "critical", None),
        (
            {
                "services": WELL,
                "deployments": [{"id": "d", "service": "db", "status": "failed", "at": ago(30)}],
            },
            "service:nas/db",
            "failed_deployment",
            "warning",
            30,
        ),
        ({"status": "down"}, "node:nas", "offline_node", "critical", None),
        ({"status": "unknown"}, "node:nas", "stale_observation", "critical", None),
        (
            {"services": WELL, "incidents": [{"id": "INC-1", "status": "open", "severity": "critical"}]},
            "incident:INC-1",
            "unresolved_incident",
            "critical",
            None,
        ),
    ],
)
def test_a_condition_has_its_name(
    tmp_path: Path, document: dict[str, Any], subject: str, condition: str, severity: str, since: int | None
) -> None:
    drift = drift_of(tmp_path, {"nodes/nas.json": {"status": "online", **document}})[subject]
    assert (drift.condition, drift.severity) == (Condition(condition), Severity(severity))
    assert drift.since == (None if since is None else NOW - since * SECOND)
    assert drift.inhibited_by is None


def test_what_is_well_has_no_condition(tmp_path: Path) -> None:
    assert drift_of(tmp_path, {"nodes/nas.json": {"status": "online", "services": WELL}}) == {}


def test_only_services_that_may_have_a_condition_are_looked_at(tmp_path: Path) -> None:
    told = [{"id": "d", "service": "dns", "status": "succeeded", "at": ago(30)}]
    world = {"nodes/nas.json": {"status": "online", "services": {"web": "ok", "dns": "ok"}, "deployments": told}}
    picture = judged(tmp_path, HOSTS, world).picture
    assert suspects(picture, picture.desired.nodes["nas"]) == ["db", "dns"]


def test_time_alone_turns_a_verdict_at_known_moments(tmp_path: Path) -> None:
    services = WELL | {"db": {"status": "starting", "since": ago(10)}}
    told = [{"id": "d", "service": "dns", "status": "failed", "at": ago(30)}]
    world = {"nodes/nas.json": {"observed_at": ago(1), "services": services, "deployments": told}}
    moments = sorted(turns(judged(tmp_path, HOSTS, world).picture, "nas"))
    assert [(moment - NOW) // SECOND for moment in moments] == [-301, 110, 299, 86370]

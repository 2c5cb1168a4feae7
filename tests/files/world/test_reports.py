"""What a document tells of services: the status, and what else is known of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.instant import parse_instant
from supervisor.core.model.actual import Observation, ServiceReport, ServiceReports
from supervisor.files.world.load import load_world

THEN = "2026-11-01T11:00:00Z"
TOLD = {"since": THEN, "detail": "exit 137", "restarts": 12, "exit_code": 137, "last_success": THEN, "source": "docker"}


def observed(folder: Path, document: dict[str, Any], name: str = "nas.json") -> Observation | None:
    """The node's own document as it was read; None when it is unreadable."""
    (folder / "nodes").mkdir(exist_ok=True)
    text = json.dumps({"observed_at": THEN, **document}, indent=1)
    (folder / "nodes" / name).write_text(text)
    (reading,) = load_world(str(folder), 1 << 20).value.readings.values()
    return reading if isinstance(reading, Observation) else None


def services(folder: Path, service: Any, name: str = "nas.json") -> ServiceReports:
    observation = observed(folder, {"services": {"web": service}}, name)
    assert observation is not None
    return observation.services["nas"]


def told(report: ServiceReport) -> tuple[object, ...]:
    return report.detail, report.restarts, report.exit_code, report.last_success, report.source


@pytest.mark.parametrize("status", ["failed", "completed", "ok", "absent"])
@pytest.mark.parametrize("name", ["nas.json", "nas.yaml"])
def test_what_is_told_of_a_service_is_read(tmp_path: Path, status: str, name: str) -> None:
    report = services(tmp_path, {"status": status, **TOLD}, name)["web"]
    assert told(report) == ("exit 137", 12, 137, parse_instant(THEN), "docker")
    assert report.since == parse_instant(THEN)


def test_of_a_service_in_a_list_it_is_read_too(tmp_path: Path) -> None:
    observation = observed(tmp_path, {"services": [{"name": "web", "status": "ok", **TOLD}]})
    assert observation is not None
    assert told(observation.services["nas"]["web"]) == ("exit 137", 12, 137, parse_instant(THEN), "docker")


def test_of_a_service_that_is_well_the_rest_is_looked_up_when_it_is_asked_for(tmp_path: Path) -> None:
    reports = services(tmp_path, {"status": "running", "since": THEN, "detail": "Up 3 days", "restarts": 0})
    assert (reports["web"].since, reports["web"].detail) == (None, None)
    full = reports.full("web")
    assert (full.since, full.detail, full.restarts) == (parse_instant(THEN), "Up 3 days", 0)
    assert (full.status, full.word, full.pointer) == (
        reports["web"].status,
        reports["web"].word,
        reports["web"].pointer,
    )


def test_a_full_report_of_layered_documents_is_that_of_the_document_that_holds(tmp_path: Path) -> None:
    services(tmp_path, {"status": "running", "detail": "newer"})
    old = {"observed_at": "2026-11-01T10:00:00Z", "services": {"nas": {"web": {"status": "ok", "detail": "older"}}}}
    (tmp_path / "fleet.json").write_text(json.dumps(old))
    reports = load_world(str(tmp_path), 1 << 20).value.facts("nas").services
    assert isinstance(reports, ServiceReports)
    assert reports.full("web").detail == "newer"


@pytest.mark.parametrize(
    "wrong", [{"detail": 7}, {"restarts": "12"}, {"exit_code": True}, {"restarts": 1.5}, {"source": []}]
)
def test_another_type_is_carried_along_unread(tmp_path: Path, wrong: dict[str, Any]) -> None:
    assert told(services(tmp_path, {"status": "failed", **wrong})["web"]) == (None, None, None, None, None)


@pytest.mark.parametrize("wrong", [7, "yesterday", "2026-11-01T11:00:00"])
def test_a_last_success_that_is_not_a_time_is_an_error_of_the_document(tmp_path: Path, wrong: object) -> None:
    assert observed(tmp_path, {"services": {"web": {"status": "ok", "last_success": wrong}}}) is None


@pytest.mark.parametrize("sources", [{"docker": "ok", "systemd": "timed out"}, {}])
def test_the_sources_of_an_own_document_are_read(tmp_path: Path, sources: dict[str, str]) -> None:
    observation = observed(tmp_path, {"status": "online", "sources": sources})
    assert observation is not None
    assert observation.sources == sources


@pytest.mark.parametrize("sources", ["ok", ["docker"], {"docker": 1}, None])
def test_sources_that_are_not_texts_are_carried_along_unread(tmp_path: Path, sources: object) -> None:
    observation = observed(tmp_path, {"status": "online", "sources": sources})
    assert observation is not None
    assert observation.sources == {}


@pytest.mark.parametrize(("value", "knows"), [(False, False), (True, True), ("no", True), (None, True)])
def test_an_observer_may_say_that_it_had_no_inventory(tmp_path: Path, value: object, knows: bool) -> None:
    observation = observed(tmp_path, {"status": "online", "inventory": value})
    assert observation is not None
    assert observation.knows_inventory is knows

"""What is: the standing of a node, and the state of a service, each for its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supervisor.core.judge.assessment import (
    NodeStanding,
    ServiceState,
    deployment_under_way,
    failed_deployment,
    finished_deployments,
    state_of,
)
from supervisor.core.model.subjects import ServiceRef
from tests.core.homelab import ago, judged

HOSTS = {"nas": "services: {web: {}, job: {oneshot: true}, off: {enabled: false}, odd: 5}\n"}
WEB = ServiceRef("nas", "web")


@pytest.mark.parametrize(
    ("world", "standing", "because"),
    [
        ({"status": "online"}, NodeStanding.ONLINE, "its status is 'online'"),
        ({"status": "offline"}, NodeStanding.OFFLINE, "its status is 'offline'"),
        ({"status": "unknown"}, NodeStanding.STALE, "its status is 'unknown': not observed"),
        ({"services": {"web": "ok"}}, NodeStanding.ONLINE, "services of it are reported"),
        ({"observed_at": ago(301), "status": "online"}, NodeStanding.STALE, "its newest observation is older than 5m"),
        (
            {"observed_at": ago(-301), "status": "online"},
            NodeStanding.STALE,
            "its newest observation is more than 5m ahead of the clock: check the clocks of both machines",
        ),
        ("{", NodeStanding.UNJUDGED, "its own document world/nodes/nas.json cannot be used"),
    ],
)
def test_a_node_stands(tmp_path: Path, world: Any, standing: NodeStanding, because: str) -> None:
    documents = {"nodes/nas.json": world, "nodes/other.json": {"status": "online"}}
    verdict = judged(tmp_path, HOSTS, documents).picture.nodes["nas"]
    assert (verdict.standing, verdict.because) == (standing, because)


def test_a_node_that_no_document_speaks_of_is_not_observed(tmp_path: Path) -> None:
    verdict = judged(tmp_path, HOSTS, {"nodes/other.json": {"status": "online"}}).picture.nodes["nas"]
    assert (verdict.standing, verdict.because) == (
        NodeStanding.STALE,
        "never reported; the world has other, which the inventory does not have",
    )


@pytest.mark.parametrize(
    ("name", "report", "state"),
    [
        ("web", "ok", ServiceState.HEALTHY),
        ("web", "absent", ServiceState.MISSING),
        ("web", None, ServiceState.MISSING),
        ("web", "failed", ServiceState.UNHEALTHY),
        ("web", "unknown", ServiceState.UNOBSERVED),
        ("web", "completed", ServiceState.UNHEALTHY),
        ("web", {"status": "starting", "since": ago(119)}, ServiceState.HEALTHY),
        ("web", {"status": "starting", "since": ago(120)}, ServiceState.UNHEALTHY),
        ("web", "starting", ServiceState.HEALTHY),
        ("job", "completed", ServiceState.HEALTHY),
        ("job", None, ServiceState.HEALTHY),
        ("job", "failed", ServiceState.UNHEALTHY),
        ("off", "ok", ServiceState.DISABLED),
        ("odd", "ok", ServiceState.BROKEN),
        ("else", "ok", ServiceState.UNKNOWN),
    ],
)
def test_a_service_is(tmp_path: Path, name: str, report: Any, state: ServiceState) -> None:
    services = {} if report is None else {name: report}
    picture = judged(tmp_path, HOSTS, {"nodes/nas.json": {"status": "online", "services": services}}).picture
    assert state_of(picture, ServiceRef("nas", name)) is state


def test_of_a_node_that_is_not_there_no_service_is_judged(tmp_path: Path) -> None:
    picture = judged(tmp_path, HOSTS, {"nodes/nas.json": {"status": "offline", "services": {"web": "ok"}}}).picture
    assert state_of(picture, WEB) is ServiceState.NODE_AWAY
    assert state_of(picture, ServiceRef("gone", "web")) is ServiceState.UNKNOWN


def test_deployments_count_within_the_window_and_when_they_finished(tmp_path: Path) -> None:
    told = [("old", "failed", 86401), ("first", "succeeded", 300), ("last", "failed", 200), ("now", "running", 100)]
    deployments = [{"id": name, "service": "web", "status": word, "at": ago(age)} for name, word, age in told]
    world = {"nodes/nas.json": {"status": "online", "services": {"web": "ok"}, "deployments": deployments}}
    picture = judged(tmp_path, HOSTS, world).picture
    assert [deployment.id for deployment in finished_deployments(picture, WEB)] == ["first", "last"]
    failed = failed_deployment(picture, WEB)
    assert failed is not None
    assert failed.id == "last"
    assert deployment_under_way(picture, WEB) == "now"

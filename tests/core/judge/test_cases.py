"""Cases: what is known of a subject, and which subjects have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.core.judge.assessment import Picture, ServiceState
from supervisor.core.judge.cases import IncidentCase, InputCase, NodeCase, ServiceCase, case_of
from supervisor.core.model.findings import Severity
from supervisor.core.model.subjects import HOSTS, IncidentRef, InputRef, NodeRef, ServiceRef, Subject
from tests.core.homelab import judged


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    hosts = {
        "nas": "node: {critical: false}\n"
        "services: {web: {critical: true, depends_on: [db]}, db: {}, off: {enabled: false}}\n",
        "away": "services: {web: {}}\n",
        "broken": "services: [\n",
    }
    world = {
        "nodes/nas.json": {
            "status": "online",
            "services": {"web": "ok", "db": "failed"},
            "incidents": [{"id": "INC-1", "status": "resolved", "severity": "critical"}],
        },
        "nodes/away.json": {"status": "offline"},
        "nodes/broken.json": {"status": "online"},
    }
    return judged(tmp_path, hosts, world).picture


def test_a_service_knows_what_it_waits_for(picture: Picture) -> None:
    case = case_of(picture, ServiceRef("nas", "web"))
    assert isinstance(case, ServiceCase)
    assert (case.state, case.severity, case.failed) == (ServiceState.HEALTHY, Severity.CRITICAL, None)
    assert case.unavailable == (ServiceRef("nas", "db"),)


def test_a_node_an_incident_and_an_input_have_their_severities(picture: Picture) -> None:
    node, incident = case_of(picture, NodeRef("nas")), case_of(picture, IncidentRef("INC-1"))
    assert isinstance(node, NodeCase)
    assert isinstance(incident, IncidentCase)
    assert (node.severity, incident.severity) == (Severity.WARNING, Severity.CRITICAL)
    whole, file = case_of(picture, HOSTS), case_of(picture, InputRef("hosts/broken/services.yaml"))
    assert isinstance(whole, InputCase)
    assert isinstance(file, InputCase)
    assert (whole.severity, whole.invalid) == (Severity.CRITICAL, None)
    assert file.severity is Severity.WARNING
    assert file.invalid is not None


@pytest.mark.parametrize(
    "subject",
    [
        ServiceRef("nas", "off"),
        ServiceRef("nas", "else"),
        ServiceRef("away", "web"),
        NodeRef("else"),
        IncidentRef("INC-2"),
        InputRef("hosts/else/services.yaml"),
    ],
    ids=str,
)
def test_what_is_not_judged_or_not_known_has_no_case(picture: Picture, subject: Subject) -> None:
    assert case_of(picture, subject) is None

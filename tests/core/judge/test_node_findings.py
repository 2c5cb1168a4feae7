"""Findings: of a node, of the inputs and of the incidents, each apart from the others."""

from __future__ import annotations

from pathlib import Path

from supervisor.core.judge.chains import Chains
from supervisor.core.judge.node_findings import NO_FINDINGS, incident_findings, input_findings, node_findings
from supervisor.core.judge.summary import Tally
from supervisor.core.model.findings import Action, Severity
from tests.core.homelab import judged

HOSTS = {"nas": "services: {web: {critical: true}, db: {}, off: {enabled: false}}\n", "odd": "services: [\n"}
WORLD = {
    "nodes/nas.json": {
        "services": {"web": "unknown", "db": "ok", "off": "ok", "gone": "absent"},
        "incidents": [{"id": "INC-1", "status": "open"}, {"id": "INC-2", "status": "resolved"}],
    },
    "nodes/odd.json": {"services": {"x": "ok"}},
    "nodes/alien.json": {"services": {"y": "ok"}},
}


def test_a_nodes_findings_are_its_own(tmp_path: Path) -> None:
    picture = judged(tmp_path, HOSTS, WORLD).picture
    findings = node_findings(picture, "nas", Chains(picture))
    assert [(str(recommendation.subject), recommendation.action) for recommendation in findings.recommendations] == [
        ("service:nas/web", Action.CHECK_OBSERVER)
    ]
    assert [drift.severity for drift in findings.drift] == [Severity.CRITICAL]
    assert [str(service) for service in findings.unmanaged] == ["service:nas/off"]
    assert findings.tally == Tally(services=2, drift=1, recommendations=1, unmanaged=1, critical=1, blocked=1)


def test_of_a_file_that_cannot_be_used_nothing_is_unmanaged_and_of_a_stranger_all_is(tmp_path: Path) -> None:
    picture = judged(tmp_path, HOSTS, WORLD).picture
    assert node_findings(picture, "odd", Chains(picture)).unmanaged == ()
    assert [str(service) for service in node_findings(picture, "alien", Chains(picture)).unmanaged] == [
        "service:alien/y"
    ]


def test_inputs_and_incidents_have_findings_of_their_own(tmp_path: Path) -> None:
    picture = judged(tmp_path, HOSTS, WORLD).picture
    inputs, incidents = (find(picture, Chains(picture)) for find in (input_findings, incident_findings))
    assert [str(recommendation.subject) for recommendation in inputs.recommendations] == [
        "input:hosts/odd/services.yaml"
    ]
    assert [str(recommendation.subject) for recommendation in incidents.recommendations] == ["incident:INC-1"]


def test_where_nothing_is_wrong_it_is_always_the_same_nothing(tmp_path: Path) -> None:
    picture = judged(
        tmp_path, {"nas": "services: {web: {}}\n"}, {"nodes/nas.json": {"services": {"web": "ok"}}}
    ).picture
    assert input_findings(picture, Chains(picture)) is NO_FINDINGS

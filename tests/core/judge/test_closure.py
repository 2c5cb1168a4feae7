"""Why something that was open is no longer recommended, or why that cannot be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supervisor.core.judge.closure import closure_of
from supervisor.core.model.subjects import parse_subject
from tests.core.homelab import ago, judged

NAS = "services:\n  web:\n  off: {enabled: false}\n  bad: {critical: 5}\n"
ONLINE = {"nodes": {"nas": "online"}, "services": {"nas": {"web": "ok"}}}
OLD = {"observed_at": ago(900)}


def closure(folder: Path, subject: str, nas: str = NAS, **documents: Any) -> str | None:
    world = {f"{name}.json": document for name, document in documents.items()}
    judgement = judged(folder, {"nas": nas, "nuc": "node: {always_on: false}\nservices: {dns: }"}, world)
    parsed = parse_subject(subject)
    assert parsed is not None
    end = closure_of(judgement.picture, parsed)
    if end is None:
        return None
    return end.resolution.value if end.inhibited_by is None else f"{end.resolution.value} by {end.inhibited_by}"


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("service:nas/web", "cleared"),
        ("node:nas", "cleared"),
        ("service:nas/gone", "removed"),
        ("service:nas/off", "removed"),
        ("service:nas/bad", None),
        ("service:away/web", "removed"),
        ("node:away", "removed"),
        ("node:nuc", "removed"),
        ("service:nuc/dns", "removed"),
        ("incident:INC-9", "removed"),
        ("input:hosts", "cleared"),
        ("input:world", "cleared"),
        ("input:hosts/nuc/services.yaml", "cleared"),
        ("input:hosts/away/services.yaml", "removed"),
        ("input:world/fleet.json", "cleared"),
        ("input:world/away.json", "removed"),
    ],
)
def test_when_all_is_judged(tmp_path: Path, subject: str, why: str | None) -> None:
    assert closure(tmp_path, subject, fleet=ONLINE) == why


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("service:nas/web", "inhibited by node:nas"),
        ("service:nas/gone", "removed"),
        ("service:nas/off", "removed"),
        ("service:nas/bad", None),
    ],
)
def test_when_the_node_is_offline(tmp_path: Path, subject: str, why: str | None) -> None:
    assert closure(tmp_path, subject, fleet={"nodes": {"nas": "offline"}}) == why


@pytest.mark.parametrize(
    ("subject", "why"),
    [("service:nas/web", None), ("node:nas", None), ("service:nas/gone", "removed"), ("incident:INC-9", "removed")],
)
def test_when_the_node_is_stale(tmp_path: Path, subject: str, why: str | None) -> None:
    assert closure(tmp_path, subject, fleet={**ONLINE, **OLD}, other={"nodes": {"nuc": "offline"}}) == why


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("service:nas/web", None),
        ("incident:INC-9", None),
        ("incident:INC-1", None),
        ("input:world", "cleared"),
        ("input:world/away.json", "removed"),
        ("input:hosts/away/services.yaml", "removed"),
        ("service:nas/gone", "removed"),
    ],
)
def test_when_the_world_is_stale(tmp_path: Path, subject: str, why: str | None) -> None:
    incidents = [{"id": "INC-1", "status": "resolved"}]
    assert closure(tmp_path, subject, fleet={**ONLINE, **OLD, "incidents": incidents}) == why


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("service:nas/web", None),
        ("incident:INC-9", None),
        ("incident:INC-1", "cleared"),
        ("input:world/away.json", "removed"),
    ],
)
def test_when_a_document_cannot_be_read(tmp_path: Path, subject: str, why: str | None) -> None:
    incidents = [{"id": "INC-1", "status": "resolved"}]
    assert closure(tmp_path, subject, fleet={**ONLINE, "incidents": incidents}, bad="{") == why


@pytest.mark.parametrize(
    ("subject", "why"),
    [("service:nas/web", None), ("service:nas/gone", None), ("node:nas", "cleared"), ("service:nuc/dns", "removed")],
)
def test_when_the_nodes_file_cannot_be_used(tmp_path: Path, subject: str, why: str | None) -> None:
    assert closure(tmp_path, subject, nas="services: [", fleet=ONLINE) == why


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("node:pi4", None),
        ("service:pi4/web", None),
        ("input:hosts/pi4/services.yaml", None),
        ("input:hosts/nas", "cleared"),
    ],
)
def test_below_a_folder_that_cannot_be_looked_into_nothing_is_resolved(
    tmp_path: Path, subject: str, why: str | None
) -> None:
    (tmp_path / "hosts").mkdir()
    (tmp_path / "hosts" / "pi4").symlink_to("pi4")
    assert closure(tmp_path, subject, fleet=ONLINE) == why

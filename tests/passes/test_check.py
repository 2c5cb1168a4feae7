"""What check says of both folders together, and at the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.instant import parse_instant
from supervisor.files.settings import load_settings
from supervisor.passes.check import Checked, check

NOW = "2026-11-23T12:00:00Z"
FRESH = {"observed_at": "2026-11-23T11:59:00Z"}
OLD = {"observed_at": "2026-11-23T11:54:00Z"}


def checked(folder: Path, hosts: dict[str, str], world: dict[str, Any]) -> Checked:
    (folder / "hosts").mkdir()
    for node, text in hosts.items():
        (folder / "hosts" / node).mkdir()
        (folder / "hosts" / node / "services.yaml").write_text(text)
    for name, document in world.items():
        (folder / "world" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "world" / name).write_text(json.dumps(document))
    settings = load_settings({"inventory": str(folder / "hosts"), "world": str(folder / "world")}, {})
    return check(settings, parse_instant(NOW))


def said(results: Checked) -> list[str]:
    return [str(problem) for problem in results.problems]


def test_a_node_by_another_spelling_is_asked_about(tmp_path: Path) -> None:
    up = {**FRESH, "status": "online"}
    results = checked(tmp_path, {"nas": "", "nuc": ""}, {"nodes/NAS.json": up, "nodes/nuc.lan.json": up})
    unknown = "which the inventory does not have; did you mean"
    assert said(results) == [
        f"world/nodes/NAS.json: warning: names the node 'NAS', {unknown} nas?",
        f"world/nodes/nuc.lan.json: warning: names the node 'nuc.lan', {unknown} nuc?",
    ]


def test_an_unknown_node_beside_a_silent_one_is_asked_about(tmp_path: Path) -> None:
    results = checked(
        tmp_path, {"nas": "", "nuc": ""}, {"fleet.json": {**FRESH, "nodes": {"nuc": "up", "tower": "up"}}}
    )
    message = "names the node 'tower', which the inventory does not have; nothing was ever reported of nas"
    assert said(results) == [f"world/fleet.json: warning: {message}"]


def test_an_unknown_node_alone_is_no_hint(tmp_path: Path) -> None:
    assert said(checked(tmp_path, {"nas": ""}, {"fleet.json": {**FRESH, "nodes": {"nas": "up", "tower": "up"}}})) == []


@pytest.mark.parametrize("observed", ["2026-11-23T11:54:59Z", "2026-11-23T12:05:01Z"])
def test_a_stale_document_that_observes_is_said(tmp_path: Path, observed: str) -> None:
    results = checked(tmp_path, {"nas": ""}, {"nodes/nas.json": {"observed_at": observed, "status": "online"}})
    assert said(results) == [
        f"world/nodes/nas.json:1: warning: is stale: it is of {observed}, and stale_after is 5m",
    ]


def test_a_stale_document_that_observes_nothing_is_not(tmp_path: Path) -> None:
    incidents = {**OLD, "incidents": [{"id": "INC-1", "status": "resolved"}]}
    world = {"nodes/nas.json": {**FRESH, "status": "online"}, "incidents.json": incidents}
    assert said(checked(tmp_path, {"nas": ""}, world)) == []


def test_the_hints_on_the_inventory_are_among_the_problems(tmp_path: Path) -> None:
    world = {"nodes/nas.json": {**FRESH, "status": "online"}}
    (problem,) = said(checked(tmp_path, {"nas": "services: {web: {contianer: x}}"}, world))
    assert problem.endswith("did you mean container?")


def test_it_ends_with_the_folders_that_were_read(tmp_path: Path) -> None:
    results = checked(tmp_path, {"nas": ""}, {"nodes/nas.json": {**FRESH, "status": "online"}})
    assert results.closing == (
        "no problems: 1 nodes, 1 world documents",
        f"read: {tmp_path}/hosts and {tmp_path}/world",
    )


def test_nodes_without_an_address_are_named_in_a_fleet(tmp_path: Path) -> None:
    hosts = {"nas": "node: {address: 'nas.lan:22'}", **{f"n{number}": "" for number in range(7)}}
    results = checked(tmp_path, hosts, {"fleet.json": {**FRESH, "nodes": dict.fromkeys(hosts, "up")}})
    assert said(results) == []
    assert results.closing[0].startswith("without an address: n0, n1, n2, n3, n4 and 2 more; ")


def test_without_a_world_there_is_no_hint_on_nodes(tmp_path: Path) -> None:
    assert len(said(checked(tmp_path, {"nas": ""}, {}))) == 1

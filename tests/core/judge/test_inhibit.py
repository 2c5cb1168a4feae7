"""Causes mute consequences by name: what is muted, by whom, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from supervisor.core.model.findings import Condition
from tests.core.homelab import ago, judged

HOSTS = {"nas": "services: {web: {}, off: {enabled: false}}\n", "nuc": "services: {db: {}}\n"}


def muted(folder: Path, hosts: dict[str, str], world: dict[str, Any]) -> dict[str, tuple[Condition, str]]:
    return {
        str(drift.subject): (drift.condition, str(drift.inhibited_by))
        for drift in judged(folder, hosts, world).report.drift
        if drift.inhibited_by is not None
    }


def test_an_offline_node_mutes_the_services_that_are_expected_of_it(tmp_path: Path) -> None:
    world = {"nodes/nas.json": {"status": "offline"}, "nodes/nuc.json": {"services": {"db": "failed"}}}
    assert muted(tmp_path, HOSTS, world) == {"service:nas/web": (Condition.MISSING_SERVICE, "node:nas")}


def test_a_node_that_need_not_be_on_mutes_nothing(tmp_path: Path) -> None:
    hosts = HOSTS | {"nas": "node: {always_on: false}\n" + HOSTS["nas"]}
    world = {"nodes/nas.json": {"status": "offline"}, "nodes/nuc.json": {"services": {"db": "ok"}}}
    assert muted(tmp_path, hosts, world) == {}


def test_a_document_that_cannot_be_used_mutes_its_node(tmp_path: Path) -> None:
    world = {"nodes/nas.json": "{", "nodes/nuc.json": {"services": {"db": "ok"}}}
    assert muted(tmp_path, HOSTS, world) == {"node:nas": (Condition.INVALID_INPUT, "input:world/nodes/nas.json")}


def test_a_world_that_is_stale_as_a_whole_mutes_every_node(tmp_path: Path) -> None:
    world = {f"nodes/{name}.json": {"observed_at": ago(900), "status": "online"} for name in HOSTS}
    stale = (Condition.STALE_OBSERVATION, "input:world")
    assert muted(tmp_path, HOSTS, world) == {"node:nas": stale, "node:nuc": stale}

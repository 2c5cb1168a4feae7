"""Chains: what is not available, and where the chain of it ends."""

from __future__ import annotations

from pathlib import Path

from supervisor.core.judge.chains import Chains
from supervisor.core.model.subjects import NodeRef, ServiceRef, Subject
from tests.core.homelab import judged

HOSTS = {
    "nas": "services: {web: {depends_on: [api, nuc/db]}, api: {depends_on: [db]}, db: {}, off: {enabled: false}, "
    "odd: 5, a: {depends_on: ['off', odd]}, x: {depends_on: [y]}, y: {depends_on: [x]}}\n",
    "nuc": "services: {db: {}}\n",
}


def chains(folder: Path, nuc: str = "offline") -> Chains:
    services = {"web": "ok", "api": "failed", "db": "failed", "x": "failed", "y": "failed", "a": "ok"}
    world = {"nodes/nas.json": {"status": "online", "services": services}, "nodes/nuc.json": {"status": nuc}}
    return Chains(judged(folder, HOSTS, world).picture)


def nas(name: str) -> ServiceRef:
    return ServiceRef("nas", name)


def test_a_chain_ends_at_the_last_that_waits_for_nobody_and_at_a_node_that_is_away(tmp_path: Path) -> None:
    waiting = chains(tmp_path)
    assert waiting.unavailable(nas("web")) == (nas("api"), ServiceRef("nuc", "db"))
    assert waiting.root_causes(nas("web")) == {nas("db"), NodeRef("nuc")}
    assert waiting.root_causes(nas("api")) == {nas("db")}
    assert waiting.root_causes(nas("db")) == set[Subject]()


def test_a_service_that_is_missing_is_an_end_by_itself(tmp_path: Path) -> None:
    assert chains(tmp_path, "online").root_causes(nas("web")) == {nas("db"), ServiceRef("nuc", "db")}


def test_what_is_disabled_or_broken_is_an_end(tmp_path: Path) -> None:
    assert chains(tmp_path).root_causes(nas("a")) == {nas("off"), nas("odd")}


def test_members_of_a_cycle_do_not_hold_each_other_up(tmp_path: Path) -> None:
    assert chains(tmp_path).unavailable(nas("x")) == ()

"""Healthy services on other nodes that need what is open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from supervisor.core.announce.needed_by import Dependents, needed_by
from supervisor.core.model.subjects import IncidentRef, NodeRef, ServiceRef, Subject, parse_subject
from tests.core.homelab import ago, judged

HOSTS = {
    "nas": "services: {nfs: , db: {depends_on: [nfs]}}\n",
    "nuc": "services: {paperless: {depends_on: [nas/nfs]}, web: {depends_on: [paperless]}, other: }\n",
    "pi": "services: {wiki: {depends_on: [nas/db]}, off: {enabled: false, depends_on: [nas/db]}}\n",
}


def world(**words: str) -> dict[str, Any]:
    services = {"nas": ["nfs", "db"], "nuc": ["paperless", "web", "other"], "pi": ["wiki", "off"]}
    return {
        f"nodes/{node}.json": {
            "status": words.get(node, "online"),
            "observed_at": ago(1),
            "services": {name: words.get(name, "ok") for name in names},
        }
        for node, names in services.items()
    }


def needs(folder: Path, subject: Subject, *affects: str, **words: str) -> tuple[str, ...]:
    picture = judged(folder, HOSTS, world(**words)).picture
    return needed_by(picture, Dependents(picture.graph), subject, [parse_subject(text) for text in affects])


def test_a_node_is_needed_by_what_needs_its_services_at_any_distance(tmp_path: Path) -> None:
    assert needs(tmp_path, NodeRef("nas"), nas="offline") == (
        "service:nuc/paperless",
        "service:nuc/web",
        "service:pi/wiki",
    )


def test_a_service_is_needed_through_services_of_its_own_node(tmp_path: Path) -> None:
    assert needs(tmp_path, ServiceRef("nas", "nfs"), nfs="failed") == (
        "service:nuc/paperless",
        "service:nuc/web",
        "service:pi/wiki",
    )
    assert needs(tmp_path, ServiceRef("nas", "db"), db="failed") == ("service:pi/wiki",)


def test_a_service_of_the_same_node_is_not_elsewhere(tmp_path: Path) -> None:
    assert needs(tmp_path, ServiceRef("nuc", "paperless"), paperless="failed") == ()


def test_what_is_not_healthy_is_not_named(tmp_path: Path) -> None:
    assert needs(tmp_path, NodeRef("nas"), nas="offline", paperless="failed", pi="offline") == ("service:nuc/web",)


def test_of_any_other_subject_it_is_what_it_affects(tmp_path: Path) -> None:
    subject = parse_subject("input:hosts/nas/services.yaml")
    assert subject is not None
    assert needs(tmp_path, subject, "service:nas/db") == ("service:pi/wiki",)
    assert needs(tmp_path, IncidentRef("INC-9")) == ()


def test_a_node_that_the_inventory_does_not_have_is_needed_by_nobody(tmp_path: Path) -> None:
    assert needs(tmp_path, NodeRef("gone")) == ()


def test_without_dependencies_across_nodes_nothing_is_gathered(tmp_path: Path) -> None:
    picture = judged(tmp_path, {"nas": HOSTS["nas"]}, {}).picture
    assert Dependents(picture.graph).of([ServiceRef("nas", "nfs")]) == set()

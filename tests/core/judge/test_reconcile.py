"""A judgement: its counts and its order, and until when time alone changes nothing of it."""

from __future__ import annotations

from pathlib import Path

from supervisor.core.judge.reconcile import NEVER
from tests.core.homelab import NOW, ago, judged

HOSTS = {"nas": "services: {web: {}, db: {}, off: {enabled: false}}\n", "nuc": "services: {dns: {}}\n"}


def test_everything_is_counted_once_and_sorted(tmp_path: Path) -> None:
    world = {
        "nodes/nas.json": {"services": {"web": "failed", "db": "absent", "off": "ok", "else": "ok"}},
        "nodes/nuc.json": {"status": "offline"},
    }
    report = judged(tmp_path, HOSTS, world).report
    assert report.counts == {
        "nodes": 2,
        "services": 3,
        "drift": 3,
        "inhibited": 1,
        "recommendations": 3,
        "unmanaged": 2,
    }
    assert [str(recommendation.subject) for recommendation in report.recommendations] == [
        "node:nuc",
        "service:nas/db",
        "service:nas/web",
    ]
    assert [str(drift.subject) for drift in report.drift if drift.inhibited_by] == ["service:nuc/dns"]
    assert [str(service) for service in report.unmanaged] == ["service:nas/else", "service:nas/off"]


def test_a_verdict_holds_until_the_first_document_turns_stale(tmp_path: Path) -> None:
    documents = {name: {"observed_at": ago(age), "status": "online"} for name, age in (("nas", 100), ("nuc", 20))}
    world = {f"nodes/{name}.json": document for name, document in documents.items()}
    assert judged(tmp_path, HOSTS, world).until == NOW + 200 * 10**9 + 1


def test_a_verdict_on_nothing_holds_for_ever(tmp_path: Path) -> None:
    (tmp_path / "world").mkdir()
    assert judged(tmp_path, {}, {}).until == NEVER

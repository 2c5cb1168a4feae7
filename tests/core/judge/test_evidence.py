"""Facts and their places, on both sides; each once, in order."""

from __future__ import annotations

from pathlib import Path

from supervisor.core.judge.evidence import in_order
from supervisor.core.model.findings import Evidence
from tests.core.homelab import ago, judged

HOSTS = {"nas": "services:\n  web:\n    critical: true\n"}


def test_a_finding_shows_where_the_service_is_declared_and_what_was_reported(tmp_path: Path) -> None:
    text = f'{{"observed_at": "{ago(1)}",\n "services": {{\n  "web": "failed"}}}}'
    (drift,) = judged(tmp_path, HOSTS, {"nodes/nas.json": text}).report.drift
    assert drift.evidence == (
        Evidence("hosts/nas/services.yaml", "/services/web", 2, "web"),
        Evidence("world/nodes/nas.json", "/services/web", 3, "failed"),
    )


def test_what_was_never_reported_has_only_its_declaration(tmp_path: Path) -> None:
    (drift,) = judged(tmp_path, HOSTS, {"nodes/nas.json": {"status": "online"}}).report.drift
    assert [(place.file, place.line) for place in drift.evidence] == [("hosts/nas/services.yaml", 2)]


def test_each_fact_comes_once_by_file_pointer_and_line() -> None:
    facts = [Evidence("b", "/x", 1, None), Evidence("a", "/y", 2, "v"), Evidence("a", "/x", 3, "v")]
    assert in_order([*facts, *facts]) == (facts[2], facts[1], facts[0])

"""What screens show beside what is open."""

from __future__ import annotations

from pathlib import Path

from supervisor.core.announce.overview import overview_of
from tests.core.homelab import ago, judged


def test_it_has_the_counts_of_the_report_and_what_the_inventory_does_not_have(tmp_path: Path) -> None:
    services = {"web": "failed", "old": "ok", "b": "ok"}
    document = {"status": "online", "observed_at": ago(1), "services": services}
    judgement = judged(tmp_path, {"nas": "services: {web: }\n"}, {"nodes/nas.json": document})
    overview = overview_of(judgement)
    assert overview.counts == judgement.report.counts
    assert overview.unmanaged == ("service:nas/b", "service:nas/old")
    assert overview.counts["unmanaged"] == 2

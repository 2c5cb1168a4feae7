"""What the pass before settled spares a look and never shows: the answer is that of ``plan_emissions``.

The random form is in ``tests/properties/test_incremental.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from supervisor.core.announce.emissions import Emission, number, plan_emissions
from supervisor.core.announce.latest import refreshed
from supervisor.core.announce.ledger import Ledger, OpenEntry, fold
from supervisor.core.announce.overview import overview_of
from supervisor.core.announce.settled import Settled
from supervisor.core.instant import SECOND, format_instant
from supervisor.core.judge.reconcile import Judgement
from supervisor.files.settings import load_settings
from supervisor.passes.read_and_judge import Judge

HOUR = 3600 * SECOND


class Lab:
    """Two nodes with a service each, and passes that are announced."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = 1_800_000_000 * SECOND
        self.words = {"nas": "failed", "nuc": "ok"}
        for node in self.words:
            (root / "hosts" / node).mkdir(parents=True)
            (root / "hosts" / node / "services.yaml").write_text("services: {web: }\n")
        (root / "world" / "nodes").mkdir(parents=True)
        settings = load_settings({"inventory": str(root / "hosts"), "world": str(root / "world")}, {})
        self.settings = settings._replace(stale_after=100 * HOUR)
        self.judge = Judge(self.settings, lambda: self.now)
        self.ledger, self.settled = Ledger(), Settled()
        self.write("nas", "failed")
        self.write("nuc", "ok")

    def write(self, node: str, word: str) -> None:
        document = {"observed_at": format_instant(self.now), "status": "online", "services": {"web": word}}
        (self.root / "world" / "nodes" / f"{node}.json").write_text(json.dumps(document))

    def judged(self) -> Judgement:
        return self.judge.judge(self.settings)

    def tell(self) -> list[tuple[str, str]]:
        judgement = self.judged()
        emissions = self.settled.plan_emissions(self.ledger, judgement, self.now, 4 * HOUR)
        assert emissions == plan_emissions(self.ledger, judgement, self.now, 4 * HOUR)
        if emissions:
            self.ledger = fold(self.ledger, number(emissions, self.ledger, "/runtime-supervisor/x", self.now))
        plain = refreshed(self.ledger, judgement)
        self.ledger = self.settled.refreshed(self.ledger, judgement)
        assert self.ledger == plain
        settle(self.settled, self.ledger, judgement)
        return said(emissions)


def settle(settled: Settled, ledger: Ledger, judgement: Judgement) -> Settled:
    overview = settled.overview_of(judgement)
    assert overview == overview_of(judgement)
    settled.settle(ledger, judgement, overview)
    return settled


def said(emissions: list[Emission]) -> list[tuple[str, str]]:
    return [(emission.subject, emission.reason.value) for emission in emissions]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path)
    assert lab.tell() == [("service:nas/web", "first_seen"), ("summary", "changed")]
    return lab


def test_a_change_elsewhere_is_told_and_what_stays_is_not(lab: Lab) -> None:
    lab.write("nuc", "failed")
    assert lab.tell() == [("service:nuc/web", "first_seen")]


def test_what_is_open_and_healthy_again_is_told(lab: Lab) -> None:
    lab.write("nas", "ok")
    assert lab.tell() == [("service:nas/web", "resolved"), ("summary", "changed")]


def test_where_nothing_changed_nothing_is_looked_at(lab: Lab) -> None:
    """Shown by an entry that contradicts the judgement: whoever looks at it sees that."""
    judgement, odd = lab.judged(), OpenEntry.of({"fingerprint": "0" * 16, "subject": "node:nas"}, lab.now, lab.now)
    ledger = Ledger(1, judgement.summary, {odd.fingerprint: odd})
    assert said(plan_emissions(ledger, judgement, lab.now, 0)) == [
        ("node:nas", "resolved"),
        ("service:nas/web", "first_seen"),
    ]
    settled = settle(Settled(), ledger, judgement)
    assert settled.plan_emissions(ledger, lab.judged(), lab.now, 0) == []
    assert settled.refreshed(ledger, lab.judged()) is ledger


def test_what_is_due_to_be_repeated_is_found_though_nothing_changed(lab: Lab) -> None:
    lab.now += 4 * HOUR - 1
    assert lab.tell() == []
    lab.now += 1
    assert lab.tell() == [("service:nas/web", "repeated")]
    assert lab.tell() == []


def test_a_clock_that_went_back_settles_nothing(lab: Lab) -> None:
    lab.now -= HOUR
    assert lab.tell() == [("service:nas/web", "repeated")]


def test_what_waits_to_be_announced_again_is_found_though_nothing_changed(lab: Lab) -> None:
    lab.ledger = lab.ledger.unannounced()
    lab.settled = settle(Settled(), lab.ledger, lab.judged())
    assert lab.tell() == [("service:nas/web", "first_seen")]


def test_another_ledger_is_looked_at_as_a_whole(lab: Lab) -> None:
    lab.ledger = Ledger(lab.ledger.sequence, lab.ledger.summary)
    assert lab.tell() == [("service:nas/web", "first_seen")]


def test_what_was_not_judged_is_resolved_when_it_is_judged_again(lab: Lab) -> None:
    document = lab.root / "world" / "nodes" / "nas.json"
    whole = document.read_text()
    document.write_text("{")
    assert lab.tell() == [("input:world/nodes/nas.json", "first_seen"), ("summary", "changed")]
    document.write_text(whole.replace("failed", "ok"))
    assert lab.tell() == [
        ("input:world/nodes/nas.json", "resolved"),
        ("service:nas/web", "resolved"),
        ("summary", "changed"),
    ]


def test_other_words_are_taken_in_and_evidence_alone_is_not(lab: Lab) -> None:
    (before,) = lab.ledger.open.values()
    (lab.root / "hosts" / "nas" / "services.yaml").write_text("services:\n\n  web:\n")
    assert lab.tell() == []
    assert list(lab.ledger.open.values()) == [before]
    deployment = {"id": "d-1", "node": "nas", "service": "web", "status": "running", "at": format_instant(lab.now)}
    (lab.root / "world" / "deployments.json").write_text(json.dumps({"deployments": [deployment]}))
    assert lab.tell() == []
    (after,) = lab.ledger.open.values()
    assert after.recommendation() == {
        **before.recommendation(),
        "in_progress": "d-1",
        "evidence": after.recommendation()["evidence"],
    }
    assert (after.first_seen, after.last_event) == (before.first_seen, before.last_event)


def test_what_needs_it_follows_the_health_of_others(lab: Lab) -> None:
    (lab.root / "hosts" / "nuc" / "services.yaml").write_text("services: {web: {depends_on: [nas/web]}}\n")
    assert lab.tell() == []
    (entry,) = lab.ledger.open.values()
    assert entry.needed_by == ("service:nuc/web",)
    lab.write("nuc", "failed")
    assert lab.tell() == [("service:nuc/web", "first_seen"), ("summary", "changed")]
    assert {entry.needed_by for entry in lab.ledger.open.values()} == {()}

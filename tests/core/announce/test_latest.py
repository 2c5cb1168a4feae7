"""What is open stands as it was judged last, without an event."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from supervisor.core.announce.emissions import number, plan_emissions
from supervisor.core.announce.latest import refreshed
from supervisor.core.announce.ledger import Ledger, OpenEntry, fold
from supervisor.core.judge.reconcile import Judgement
from tests.core.homelab import NOW, ago, judged


def document(word: Any, **more: Any) -> dict[str, Any]:
    return {"status": "online", "observed_at": ago(1), "services": {"web": word}, **more}


def judge(folder: Path, word: Any, **more: Any) -> Judgement:
    return judged(folder, {"nas": "services: {web: }\n"}, {"nodes/nas.json": document(word, **more)})


def announced(judgement: Judgement) -> Ledger:
    emissions = plan_emissions(Ledger(), judgement, NOW, 0)
    return fold(Ledger(), number(emissions, Ledger(), "/runtime-supervisor/x", NOW))


def entry(ledger: Ledger) -> OpenEntry:
    (only,) = ledger.open.values()
    return only


def test_what_was_just_announced_is_as_it_was_judged(tmp_path: Path) -> None:
    ledger = announced(judge(tmp_path, "failed"))
    assert refreshed(ledger, judge(tmp_path, "failed")) is ledger


def test_other_words_for_the_same_fingerprint_are_taken_in(tmp_path: Path) -> None:
    ledger = announced(judge(tmp_path, "failed"))
    after = entry(refreshed(ledger, judge(tmp_path, "exited")))
    assert after.fingerprint == entry(ledger).fingerprint
    assert after.recommendation() != entry(ledger).recommendation()
    assert after.line != entry(ledger).line


def test_other_evidence_alone_changes_nothing(tmp_path: Path) -> None:
    ledger = announced(judge(tmp_path, "failed"))
    moved = judge(tmp_path, "failed", extra={"in": "another line"})
    assert refreshed(ledger, moved) is ledger


def test_what_is_not_judged_at_present_keeps_its_words(tmp_path: Path) -> None:
    ledger = announced(judge(tmp_path, "failed"))
    blind = judged(tmp_path, {}, {"nodes/nas.json": "{"})
    assert refreshed(ledger, blind) is ledger


def test_what_is_to_be_announced_again_stays_so(tmp_path: Path) -> None:
    ledger = announced(judge(tmp_path, "failed")).unannounced()
    assert not entry(refreshed(ledger, judge(tmp_path, "exited"))).announced

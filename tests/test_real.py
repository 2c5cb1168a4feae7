"""Two real homelabs: they load without a problem, and are judged as their words say."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.core.instant import parse_instant
from supervisor.core.judge.reconcile import Judgement
from supervisor.files.settings import load_settings
from supervisor.passes.read_and_judge import judge
from tests.acceptance.harness import copy_homelab

REAL = Path(__file__).parent / "real"


def judged(folder: Path, at: str) -> Judgement:
    settings = load_settings({"inventory": str(folder / "hosts"), "world": str(folder / "world")}, {})
    return judge(settings, parse_instant(at))


def test_a_homelab_of_eight_nodes_is_nominal() -> None:
    report = judged(REAL / "adrienkohlbecker-homelab", "2026-11-01T12:01:00Z").report
    assert (report.summary, report.problems, report.unmanaged) == ("nominal", (), ())
    assert (report.counts["nodes"], report.counts["services"]) == (8, 98)


def test_recorded_states_give_exactly_the_drift_their_words_say() -> None:
    report = judged(REAL / "lab", "2026-11-23T12:16:00Z").report
    assert (report.summary, report.problems) == ("degraded", ())
    assert {(str(each.subject).rpartition("/")[2], each.action.value) for each in report.recommendations} == {
        (name, "redeploy")
        for name in (
            "V2bX",
            "mosquitto.service",
            "mosquitto_stopped",
            "outline-migrate_failed",
            "radarr_uhd",
            "startlimit.service",
            "wazuh.manager",
            "zerobyte_paused",
        )
    }


def test_the_bundled_homelab_is_nominal(tmp_path: Path) -> None:
    copy_homelab(tmp_path)
    settings = load_settings({"inventory": str(tmp_path / "hosts"), "world": str(tmp_path / "world")}, {})
    newest = max(path.stat().st_mtime_ns for path in (tmp_path / "world").rglob("*.json"))
    report = judge(settings, newest).report
    assert (report.summary, report.problems, report.unmanaged) == ("nominal", (), ())
    assert report.counts["nodes"] == 5
    assert report.counts["services"] >= 40


@pytest.mark.parametrize("name", ["adrienkohlbecker-homelab", "lab"])
def test_a_homelab_out_of_sight_is_one_recommendation(name: str) -> None:
    report = judged(REAL / name, "2026-12-24T00:00:00Z").report
    assert [str(recommendation.subject) for recommendation in report.recommendations] == ["input:world"]

"""One pass: reported, and recorded unless it is a dry run."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.harness import Lab


def test_reconcile_reports_and_records(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    done = lab.command("reconcile", "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["summary"] == "degraded"
    assert [recommendation["subject"] for recommendation in report["recommendations"]] == ["service:nas/traefik"]
    assert lab.kinds() == [("reconcile_required", "service:nas/traefik"), ("summary_changed", "summary")]
    assert json.loads(lab.checkpoint.read_text())["sequence"] == 2


def test_reconcile_twice_appends_nothing_more(lab: Lab) -> None:
    lab.observe("nas", traefik="failed")
    lab.command("reconcile")
    before = lab.log.read_bytes()
    assert lab.command("reconcile").returncode == 0
    assert lab.log.read_bytes() == before


def test_a_dry_run_writes_nothing(lab: Lab) -> None:
    before = sorted(lab.folder.rglob("*"))
    assert lab.command("reconcile", "--dry-run").returncode == 0
    assert sorted(lab.folder.rglob("*")) == before


@pytest.mark.parametrize(("word", "code"), [("ok", 0), ("failed", 2), ("unknown", 3)])
def test_detailed_exit_codes(lab: Lab, word: str, code: int) -> None:
    lab.observe("nas", traefik=word, jellyfin="ok")
    assert lab.command("reconcile", "--dry-run", "--detailed-exitcode").returncode == code


def test_at_sets_now(lab: Lab) -> None:
    done = lab.command("reconcile", "--dry-run", "--at", "2020-01-01T00:00:00Z", "-o", "json")
    assert [recommendation["subject"] for recommendation in json.loads(done.stdout)["recommendations"]] == [
        "input:world"
    ]


def test_at_implies_a_dry_run(lab: Lab) -> None:
    before = sorted(lab.folder.rglob("*"))
    assert lab.command("reconcile", "--at", "2020-01-01T00:00:00Z").returncode == 0
    assert sorted(lab.folder.rglob("*")) == before


def test_the_table_is_for_people(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    done = lab.command("reconcile", "--dry-run")
    assert done.stdout.startswith("degraded: 1 node, 2 services, 1 drift, 0 inhibited, 1 recommendation")
    assert "traefik on nas is unhealthy ('failed')" in done.stdout
    assert "\x1b" not in done.stdout


def test_an_output_that_cannot_be_written_is_exit_1_and_named(lab: Lab) -> None:
    lab.log.symlink_to(lab.folder / "victim")
    lab.observe("nas", traefik="failed", jellyfin="ok")
    done = lab.command("reconcile")
    assert done.returncode == 1
    assert done.stderr == f"runtime-supervisor: cannot read {lab.log}: it is a symbolic link, not a regular file\n"
    assert not (lab.folder / "victim").exists()


def test_a_damaged_checkpoint_is_set_aside_and_said(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    lab.command("reconcile")
    lab.checkpoint.write_text("{")
    done = lab.command("reconcile")
    assert done.returncode == 0
    assert "set aside as checkpoint.json.corrupt-" in done.stderr
    assert [path.read_text() for path in lab.folder.glob("checkpoint.json.corrupt-*")] == ["{"]
    # What is open is announced anew; the sequence goes on.
    assert [event["sequence"] for event in lab.events()] == ["1", "2", "3"]
    assert lab.events()[2]["data"]["emit_reason"] == "first_seen"

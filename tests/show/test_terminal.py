"""What people are shown of a report, a checkpoint, an event and an explanation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supervisor.core.announce.events import START
from supervisor.core.announce.last_pass import Doubt, LastPass
from supervisor.core.announce.ledger import Ledger, OpenEntry
from supervisor.core.instant import SECOND
from supervisor.core.judge.explain import explain
from supervisor.core.model.findings import Summary
from supervisor.core.model.subjects import parse_subject
from supervisor.files.checkpoint import Checkpoint
from supervisor.show import terminal
from supervisor.show.moments import Here
from supervisor.show.table import Style
from tests.core.homelab import NOW, judged

HOUR = 3600 * SECOND
HERE = Here(NOW, lambda _: 3600)
PLAIN = Style()


def entry(number: int, subject: str, hours_ago: int = 1, **more: Any) -> OpenEntry:
    known = {"severity": "warning", "action": "redeploy", "reason": f"{subject} is ill", **more}
    known |= {"fingerprint": f"{number:016x}", "subject": subject}
    return OpenEntry.of(known, NOW - hours_ago * HOUR, NOW)


def saved(*entries: OpenEntry, summary: Summary | None = Summary.DEGRADED, watch: str | None = "inotify") -> Checkpoint:
    ledger = Ledger(1, summary, {known.fingerprint: known for known in entries})
    return Checkpoint(ledger, START, watch, NOW - HOUR)


def lines(checkpoint: Checkpoint, last_pass: LastPass, doubt: Doubt | None, style: Style = PLAIN) -> list[str]:
    return terminal.status_lines(checkpoint, last_pass, doubt, HERE, 60 * SECOND, style)


def test_status_says_how_old_it_is() -> None:
    assert lines(saved(), LastPass(NOW - 12 * SECOND, running=True), None) == [
        (
            "degraded: 0 open, last pass 2026-11-23 12:59:48 +01:00 (12s ago), "
            "last change 2026-11-23 12:00:00 +01:00 (1h ago), watch=inotify"
        )
    ]


@pytest.mark.parametrize(
    ("doubt", "hours", "said", "to_type"),
    [
        (
            Doubt.STOPPED,
            72,
            "no supervisor runs; the last pass was at 2026-11-20 13:00:00 +01:00 (3d ago)",
            "to start it: systemctl start runtime-supervisor",
        ),
        (
            Doubt.OLD,
            1,
            "the last pass was at 2026-11-23 12:00:00 +01:00 (1h ago), and one is due every 1m",
            "for a pass now: runtime-supervisor reconcile",
        ),
        (
            Doubt.AHEAD,
            -1,
            "the last pass was at 2026-11-23 14:00:00 +01:00 (in 1h), in the future: was the clock set back?",
            "for a pass now: runtime-supervisor reconcile",
        ),
        (
            Doubt.NEVER,
            None,
            "no pass is known: does the supervisor run?",
            "to see: systemctl status runtime-supervisor",
        ),
    ],
)
def test_what_is_not_believed_is_unknown_with_a_reason_and_what_to_type(
    doubt: Doubt, hours: int | None, said: str, to_type: str
) -> None:
    at = None if hours is None else NOW - hours * HOUR
    shown = lines(saved(), LastPass(at, running=False), doubt)
    assert shown == [
        f"unknown: {said}; {to_type}",
        "what was known then: degraded: 0 open, last change 2026-11-23 12:00:00 +01:00 (1h ago)",
    ]


def test_status_for_programs_has_what_was_known_beside_what_is() -> None:
    shown = terminal.status_json(saved(), LastPass(NOW, running=False), Doubt.STOPPED)
    assert shown == {
        "version": 1,
        "summary": "unknown",
        "last_summary": "degraded",
        "last_pass": "2026-11-23T12:00:00Z",
        "running": False,
        "updated": "2026-11-23T11:00:00Z",
        "watch": "inotify",
        "open": [],
    }
    assert terminal.status_json(saved(), LastPass(NOW, running=True), None)["summary"] == "degraded"
    assert terminal.status_json(saved(), LastPass(), Doubt.NEVER)["last_pass"] is None


def test_what_is_open_is_shown_worst_first_and_to_programs_by_subject() -> None:
    checkpoint = saved(
        entry(1, "service:nas/a", hours_ago=2),
        entry(2, "service:nas/b", hours_ago=1),
        entry(3, "service:nas/c", severity="critical"),
        entry(4, "node:zoo", affects=["service:zoo/x"]),
    )
    shown = lines(checkpoint, LastPass(NOW, running=True), None)[2:]
    assert [line.split()[2] for line in shown[1:]] == ["service:nas/c", "node:zoo", "service:nas/b", "service:nas/a"]
    assert shown[1].startswith(
        "critical  redeploy  service:nas/c  2026-11-23 12:00:00 +01:00 (1h ago)  0000000000000003"
    )
    as_json = terminal.status_json(checkpoint, LastPass(NOW, running=True), None)["open"]
    assert [known["subject"] for known in as_json] == ["node:zoo", "service:nas/a", "service:nas/b", "service:nas/c"]


def test_on_a_terminal_no_line_of_the_table_is_too_wide() -> None:
    checkpoint = saved(entry(1, "service:nas/a", reason="word " * 50))
    assert max(map(len, lines(checkpoint, LastPass(NOW, running=True), None, Style(width=80))[2:])) <= 80


def test_a_report_counts_in_the_singular_too(tmp_path: Path) -> None:
    judgement = judged(tmp_path, {"nas": "services: {a: }"}, {"nodes/nas.json": {"services": {"a": "failed"}}})
    assert terminal.report_lines(judgement.report, PLAIN) == [
        "degraded: 1 node, 1 service, 1 drift, 0 inhibited, 1 recommendation",
        "",
        "SEVERITY  TYPE                ACTION    SUBJECT        REASON",
        "warning   reconcile_required  redeploy  service:nas/a  a on nas is unhealthy ('failed')",
    ]


def test_a_report_shows_the_worst_first(tmp_path: Path) -> None:
    hosts = {"nas": "services: {a: , z: {critical: true}}", "nuc": "services: {x: , y: }"}
    world = {"nodes/nas.json": {"services": {"a": "failed", "z": "failed"}}, "nodes/nuc.json": {"status": "offline"}}
    shown = terminal.report_lines(judged(tmp_path, hosts, world).report, PLAIN)
    rows = [line for line in shown if line.startswith(("critical", "warning"))]
    assert [row.split()[3] for row in rows] == ["node:nuc", "service:nas/z", "service:nas/a"]


def event(type_: str, **data: Any) -> dict[str, Any]:
    return {"type": type_, "subject": "service:nas/a", "time": "2026-11-23T11:59:00Z", "data": data}


@pytest.mark.parametrize(
    ("shown", "what"),
    [
        (
            event("reconcile_required", severity="warning", action="deploy", emit_reason="first_seen", reason="a\nb"),
            "reconcile_required  service:nas/a  warning deploy (first_seen): a\\nb",
        ),
        (
            event("reconcile_resolved", resolution="inhibited", inhibited_by="node:nas", fingerprint="f"),
            "reconcile_resolved  service:nas/a  inhibited by node:nas [f]",
        ),
        (
            event("summary_changed", **{"from": None, "to": "degraded", "counts": {"recommendations": 1}}),
            "summary_changed  service:nas/a  unknown -> degraded (1 recommendation)",
        ),
    ],
)
def test_an_event_is_a_line_in_local_time(shown: dict[str, Any], what: str) -> None:
    assert terminal.event_lines(shown, HERE, PLAIN) == [f"2026-11-23 12:59:00 +01:00 (1m ago)  {what}"]


def test_an_event_whose_time_makes_no_sense_shows_it_as_it_is() -> None:
    odd = {**event("reconcile_resolved"), "time": "no\ttime"}
    assert terminal.event_lines(odd, HERE, PLAIN)[0].startswith("no\\ttime  reconcile_resolved")


def test_an_event_fits_a_narrow_terminal() -> None:
    shown = event("reconcile_required", severity="warning", action="deploy", emit_reason="changed", reason="word " * 40)
    for width in range(20, 120):
        assert max(map(len, terminal.event_lines(shown, HERE, Style(width=width)))) <= width


def test_an_explanation_names_the_row_that_decides_and_the_places(tmp_path: Path) -> None:
    world = {"nodes/nas.json": {"services": {"a": "failed"}}}
    judgement = judged(tmp_path, {"nas": "services: {a: }"}, world)
    subject = parse_subject("service:nas/a")
    assert subject is not None
    explanation = explain(judgement, subject)
    assert explanation is not None
    shown = terminal.explanation_lines(explanation)
    assert shown[0] == "service:nas/a: unhealthy: its status is 'failed'"
    assert [line for line in shown if line.startswith("=>")] == [
        "=> 7. the service is unhealthy: applies: a on nas is unhealthy ('failed')"
    ]
    assert shown[-2:] == [
        "  hosts/nas/services.yaml:1  /services/a = a",
        "  world/nodes/nas.json:1  /services/a = failed",
    ]

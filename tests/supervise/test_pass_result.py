"""How a pass is told: lines in the log, and the status that systemd shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.announce.emissions import plan_emissions
from supervisor.core.announce.ledger import Ledger
from supervisor.core.instant import SECOND, parse_instant
from supervisor.core.model.findings import Summary
from supervisor.files.settings import load_settings
from supervisor.passes.read_and_judge import judge
from supervisor.supervise.pass_result import PassOutcome, PassResult, log_result, status_text
from supervisor.supervise.workqueue import Trigger

NOW = parse_instant("2026-11-23T12:00:00Z")
WORLD = '{"observed_at": "2026-11-23T12:00:00Z", "services": {"nas": {"a": "failed", "b": "ok"}}}'


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def __getattr__(self, level: str) -> Any:
        return lambda event, **fields: self.lines.append((level, event, fields))


@pytest.fixture
def result(tmp_path: Path) -> PassResult:
    """The first pass of two services, of which a critical one failed."""
    (tmp_path / "hosts" / "nas").mkdir(parents=True)
    (tmp_path / "world").mkdir()
    (tmp_path / "hosts" / "nas" / "services.yaml").write_text("services: {a: {critical: true}, b: }\n")
    (tmp_path / "world" / "all.json").write_text(WORLD)
    judgement = judge(load_settings({"inventory": str(tmp_path / "hosts"), "world": str(tmp_path / "world")}, {}), NOW)
    emissions = tuple(plan_emissions(Ledger(), judgement, NOW, 0))
    return PassResult(7, Trigger.START, PassOutcome.OK, judgement, emissions, None, SECOND // 8)


def test_each_emission_and_the_pass_have_a_line_with_its_fields(result: PassResult) -> None:
    log = Log()
    log_result(log, result)
    (level, event, fields), (of_summary, _, _), (of_pass, _, line) = log.lines
    assert (level, event, fields["subject"], fields["emit_reason"], fields["pass"]) == (
        "error",
        "reconcile_required",
        "service:nas/a",
        "first_seen",
        7,
    )
    assert (of_summary, of_pass) == ("warning", "info")
    assert (line["pass"], line["trigger"], line["outcome"], line["duration_ms"]) == (7, "start", "ok", 125.0)
    assert line["emissions"] == ["reconcile_required:first_seen:service:nas/a", "summary_changed:changed:summary"]


def test_each_line_is_a_sentence_too(result: PassResult) -> None:
    log = Log()
    log_result(log, result)
    assert [fields["message"] for _, _, fields in log.lines] == [
        "service:nas/a: a on nas is unhealthy ('failed') (redeploy)",
        "the summary was unknown and is now unstable",
        "pass 7 (start, 125.0 ms): unstable: 1 node, 2 services, 1 recommendation; 2 events",
    ]


@pytest.mark.parametrize(
    ("outcome", "level"), [(PassOutcome.OK, "debug"), (PassOutcome.RETRY, "info"), (PassOutcome.BUG, "info")]
)
def test_a_pass_that_changes_nothing_is_a_line_of_debug(result: PassResult, outcome: PassOutcome, level: str) -> None:
    log = Log()
    log_result(log, replace(result, emissions=(), outcome=outcome))
    assert [line[:2] for line in log.lines] == [(level, "pass")]


def test_a_line_names_fifty_emissions_and_counts_the_others(result: PassResult) -> None:
    log = Log()
    log_result(log, replace(result, emissions=result.emissions[:1] * 52))
    assert len(log.lines) == 53
    assert log.lines[-1][2]["emissions"][49:] == ["reconcile_required:first_seen:service:nas/a", "and 2 more"]


def test_without_a_judgement_there_is_nothing_to_tell(result: PassResult) -> None:
    log = Log()
    log_result(log, PassResult(7, Trigger.START, PassOutcome.BUG, error="RuntimeError: x"))
    assert log.lines == []


def test_the_status_has_the_verdict_and_when_and_why_it_was_made(result: PassResult) -> None:
    assert result.judgement is not None
    assert result.judgement.summary is Summary.UNSTABLE
    assert status_text(result, NOW + SECOND // 2, "inotify") == (
        "unstable: 1 node, 2 services, 1 recommendation; last pass 2026-11-23T12:00:00Z (start)"
    )


@pytest.mark.parametrize(
    ("outcome", "watch", "said"),
    [
        (PassOutcome.RETRY, "inotify", "; degraded(output): disk full"),
        (PassOutcome.BUG, "inotify", "; degraded(fault): disk full"),
        (PassOutcome.OK, "degraded: no inotify", "; watch=degraded: no inotify"),
    ],
)
def test_the_status_has_what_is_out_of_order(result: PassResult, outcome: PassOutcome, watch: str, said: str) -> None:
    assert status_text(replace(result, outcome=outcome, error="disk full"), NOW, watch).endswith(f"(start){said}")

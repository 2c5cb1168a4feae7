"""What holds of the events, whatever happens to the fleet: the log rebuilds what is open, nothing is said twice."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from supervisor.core.announce.events import LINE_LIMIT, Event
from supervisor.core.announce.ledger import Ledger, fold
from supervisor.core.announce.report import report_json
from supervisor.core.judge.reconcile import Judgement
from supervisor.core.model.findings import Condition
from supervisor.files import checkpoint, eventlog
from supervisor.passes.recorder import Recorder
from tests.properties.fleets import BROKEN_SERVICES, NOW, Fleet, Ground, fleets, histories


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def wipe(ground: Ground) -> None:
    for name in ("events.log", "checkpoint.json", "checkpoint.json.lock"):
        (ground.folder / name).unlink(missing_ok=True)


def record(ground: Ground, fleet: Fleet, now: int = NOW) -> Judgement:
    with Recorder(ground.settings) as recorder:
        judgement = ground.judge(fleet, now)
        recorder.record(judgement, now, 0, None)
    return judgement


def open_in_log(ground: Ground) -> dict[str, str]:
    """Fingerprint and subject of what a reader of the log takes to be open."""
    if not (ground.folder / "events.log").exists():
        return {}
    events, _, _ = eventlog.read(str(ground.folder / "events.log"))
    return {key: entry.subject for key, entry in fold(Ledger(), events).open.items()}


def recommended(judgement: Judgement) -> dict[str, str]:
    return {
        recommendation.fingerprint: str(recommendation.subject) for recommendation in judgement.report.recommendations
    }


UNJUDGED = (Condition.STALE_OBSERVATION, Condition.INVALID_INPUT)


def agrees(still_open: dict[str, str], judgement: Judgement) -> None:
    """The log rebuilds the report; what is not judged, as a node that nobody reports, stays open until it is."""
    now = recommended(judgement)
    assert now.items() <= still_open.items()
    if all(drift.condition not in UNJUDGED for drift in judgement.report.drift):
        assert still_open == now


@given(histories(faults=False))
def test_after_a_judged_pass_the_log_rebuilds_the_report(ground: Ground, history: list[Fleet]) -> None:
    wipe(ground)
    for step, fleet in enumerate(history):
        judgement = record(ground, fleet, NOW + step)
        agrees(open_in_log(ground), judgement)


def is_judged(subject: str, fleet: Fleet, report: dict[str, Any]) -> bool:
    """Whether anything can be said of a subject, told from the files and the report alone."""
    unusable = {drift["subject"] for drift in report["drift"] if drift["condition"] == "invalid_input"}
    unseen = {drift["subject"] for drift in report["drift"] if drift["condition"] == "stale_observation"} | unusable
    kind, _, rest = subject.partition(":")
    if kind == "input":
        return "/" not in rest or f"input:{rest.partition('/')[0]}" not in unusable
    if kind == "incident":
        documents = [value for value in fleet.world.values() if isinstance(value, dict)]
        mentioned = any(rest == incident["id"] for value in documents for incident in value["incidents"])
        return "input:world" not in unseen and (mentioned or len(documents) == len(fleet.world))
    node, _, name = rest.partition("/")
    file = fleet.hosts.get(node)
    if kind == "service" and file is not None:
        if isinstance(file, str) or file["services"].get(name) in BROKEN_SERVICES:
            return False
        if file["services"].get(name, {"enabled": False}).get("enabled") is False:
            return True
    return file is None or f"node:{node}" not in unseen


def resolutions(ground: Ground) -> list[dict[str, Any]]:
    """The data of every ``reconcile_resolved`` in the log, in order."""
    log = ground.folder / "events.log"
    events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [event["data"] for event in events if event["type"] == "reconcile_resolved"]


@given(histories())
def test_what_is_not_judged_stays_open_and_nothing_else_does(ground: Ground, history: list[Fleet]) -> None:
    wipe(ground)
    was_open: dict[str, str] = {}
    for step, fleet in enumerate(history):
        report = report_json((judgement := record(ground, fleet, NOW + step)).report)
        now_open, wanted = open_in_log(ground), recommended(judgement)
        assert wanted.items() <= now_open.items()
        # One recommendation for each subject: an older one of a recommended subject is replaced.
        kept = {key: subject for key, subject in was_open.items() if subject not in wanted.values()}
        unjudged = {key: subject for key, subject in kept.items() if not is_judged(subject, fleet, report)}
        assert now_open == {**wanted, **unjudged}
        was_open = now_open


def files(fleet: Fleet) -> set[str]:
    return {f"hosts/{node}/services.yaml" for node in fleet.hosts} | {f"world/{path}" for path in fleet.world}


@given(histories(least=2))
def test_a_resolution_says_why(ground: Ground, history: list[Fleet]) -> None:
    wipe(ground)
    seen = 0
    for step, fleet in enumerate(history):
        report = report_json(record(ground, fleet, NOW + step).report)
        wanted = {recommendation["subject"] for recommendation in report["recommendations"]}
        inhibited = {drift["subject"]: drift["inhibited_by"] for drift in report["drift"] if drift["inhibited_by"]}
        for data in resolutions(ground)[seen:]:
            subject = data["subject"]
            assert (data["resolution"] == "replaced") == (subject in wanted)
            assert data.get("inhibited_by") == inhibited.get(subject)
            assert (data["resolution"] == "inhibited") == (subject in inhibited)
            if data["resolution"] == "cleared" and subject.startswith(("node:", "service:")):
                node = subject.partition(":")[2].partition("/")[0]
                assert node in fleet.hosts
            if subject.startswith("input:") and "/" in subject and data["resolution"] != "replaced":
                assert (data["resolution"] == "cleared") == (subject.removeprefix("input:") in files(fleet))
        seen = len(resolutions(ground))


@given(fleets())
def test_unchanged_input_appends_nothing(ground: Ground, fleet: Fleet) -> None:
    wipe(ground)
    record(ground, fleet)
    log = ground.folder / "events.log"
    before = log.read_bytes() if log.exists() else b""
    record(ground, fleet, NOW)
    assert (log.read_bytes() if log.exists() else b"") == before


@settings(max_examples=40)
@given(histories(least=2))
def test_ids_are_unique_and_the_sequence_has_no_gap(ground: Ground, history: list[Fleet]) -> None:
    wipe(ground)
    for step, fleet in enumerate(history):
        record(ground, fleet, NOW + step)
    log = ground.folder / "events.log"
    events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    assert [event["sequence"] for event in events] == [str(number) for number in range(1, len(events) + 1)]
    assert len({event["id"] for event in events}) == len(events)
    assert all(len(line) < LINE_LIMIT for line in (log.read_bytes().splitlines() if log.exists() else []))


@given(fleets(), fleets(), st.data())
def test_a_crash_at_any_byte_of_the_append_loses_and_repeats_nothing(
    ground: Ground, before: Fleet, after: Fleet, data: st.DataObject
) -> None:
    wipe(ground)
    record(ground, before)
    log, saved = ground.folder / "events.log", ground.folder / "checkpoint.json"
    old_log = log.read_bytes() if log.exists() else b""
    old_checkpoint = saved.read_bytes()
    record(ground, after, NOW + 1)
    new_log = log.read_bytes() if log.exists() else b""
    # The crash: some bytes of the append are there, the checkpoint is the old one.
    cut = data.draw(st.integers(len(old_log), len(new_log)))
    if new_log:
        log.write_bytes(new_log[:cut])
    saved.write_bytes(old_checkpoint)
    judgement = record(ground, after, NOW + 2)
    events, _, _ = eventlog.read(str(log)) if log.exists() else ([], 0, 0)
    said = [(event["type"], event["subject"], event["data"].get("fingerprint")) for event in events]
    wanted = [json.loads(line) for line in new_log.splitlines()]
    assert said == [(event["type"], event["subject"], event["data"].get("fingerprint")) for event in wanted]
    assert recommended(judgement).items() <= open_in_log(ground).items()


class Life(RuleBasedStateMachine):
    """The outputs through passes, crashes, lost checkpoints, rotations and other writers."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.ground = Ground(Life.folder)
        wipe(self.ground)
        for old in Life.folder.glob("events.log.*"):
            old.unlink()
        self.log = Life.folder / "events.log"
        self.now = NOW
        self.rotations = 0
        self.foreign = 0
        self.judgement: Judgement | None = None

    @initialize(fleet=fleets(faults=False))
    def start(self, fleet: Fleet) -> None:
        self.fleet = fleet

    @rule(fleet=fleets(faults=False))
    def change(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.judgement = None

    @rule()
    def make_a_pass(self) -> None:
        self.now += 1
        self.judgement = record(self.ground, self.fleet, self.now)

    @rule()
    def crash_before_the_checkpoint(self) -> None:
        saved = Life.folder / "checkpoint.json"
        if saved.exists():
            old = saved.read_bytes()
            self.make_a_pass()
            saved.write_bytes(old)

    @rule(share=st.floats(0, 1))
    def crash_in_the_append(self, share: float) -> None:
        saved = Life.folder / "checkpoint.json"
        if saved.exists():
            old = saved.read_bytes()
            size = self.log.stat().st_size if self.log.exists() else 0
            self.make_a_pass()
            saved.write_bytes(old)
            if self.log.exists():
                # What is in the log stays there; of what the last pass appended, any part may be missing.
                whole = self.log.stat().st_size
                os.truncate(self.log, size + int(share * (whole - size)) if whole >= size else whole)
            self.judgement = None

    @rule()
    def lose_the_checkpoint(self) -> None:
        (Life.folder / "checkpoint.json").unlink(missing_ok=True)

    @rule()
    def rotate(self) -> None:
        if self.log.exists():
            self.rotations += 1
            self.log.rename(Life.folder / f"events.log.{self.rotations}")

    @rule(torn=st.booleans())
    def let_others_write(self, torn: bool) -> None:
        self.foreign += not torn
        with self.log.open("ab") as log:
            size = log.tell()
            # Another writer is careful, too: it does not write on the line of a fragment.
            glue = size and not self.log.read_bytes().endswith(b"\n")
            log.write((b"\n" if glue else b"") + (b'{"torn' if torn else b'{"other": "writer"}\n'))

    def events(self) -> Iterator[Event]:
        logs = [Life.folder / f"events.log.{number}" for number in range(1, self.rotations + 1)] + [self.log]
        for path in logs:
            if path.exists():
                yield from eventlog.read(str(path))[0]

    @invariant()
    def the_log_rebuilds_the_report(self) -> None:
        if self.judgement is not None:
            results = fold(Ledger(), self.events()).open
            agrees({key: entry.subject for key, entry in results.items()}, self.judgement)

    @invariant()
    def ids_are_unique_and_the_sequence_grows(self) -> None:
        events = list(self.events())
        assert len({event["id"] for event in events}) == len(events)
        assert [int(str(event["sequence"])) for event in events] == list(range(1, len(events) + 1))

    @invariant()
    def the_lines_of_others_are_untouched(self) -> None:
        logs = [path.read_bytes() for path in Life.folder.glob("events.log*")]
        assert sum(text.split(b"\n").count(b'{"other": "writer"}') for text in logs) == self.foreign


def test_the_outputs_survive_their_life(tmp_path: Path) -> None:
    Life.folder = tmp_path
    run_state_machine_as_test(Life, settings=settings(max_examples=40, stateful_step_count=20))


def test_a_checkpoint_reads_back_as_it_was(ground: Ground) -> None:
    fleet = Fleet({"nas": {"services": {"web": {}}}}, {"nodes/nas.json": {"status": "online", "services": {}}})
    fleet.world["nodes/nas.json"]["observed_at"] = "2026-11-01T12:00:00.123456789Z"  # type: ignore[index]
    record(ground, fleet)
    saved = checkpoint.load(str(ground.folder / "checkpoint.json"))
    assert saved is not None
    checkpoint.save(str(ground.folder / "again.json"), saved)
    assert checkpoint.load(str(ground.folder / "again.json")) == saved

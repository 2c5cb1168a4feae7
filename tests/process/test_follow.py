"""Our events in the log: those that are there by what is asked for, and new ones as they come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.announce.emissions import Emission, EmitReason, number
from supervisor.core.announce.ledger import Ledger
from supervisor.core.instant import SECOND
from supervisor.core.model.findings import EventType, Summary
from supervisor.errors import EventLogError
from supervisor.files import eventlog
from supervisor.process.clock import Clock
from supervisor.process.follow import follow


def append(log: Path, *subjects: str, age: int = 0, first: int = 0) -> None:
    emissions = [
        Emission(EventType.SUMMARY_CHANGED, subject, EmitReason.CHANGED, Summary.NOMINAL, {"to": "nominal"})
        for subject in subjects
    ]
    now = Clock().now() - age * SECOND
    eventlog.append(str(log), number(emissions, Ledger(sequence=first), "/runtime-supervisor/x", now))


def told(log: Path, **wanted: Any) -> list[str]:
    asked: dict[str, Any] = {"go_on": False, "since": None, "type_": None, "subject": None, **wanted}
    return [event["subject"] for batch in follow(str(log), **asked) for event in batch]


def test_what_is_asked_for_is_told_and_lines_of_others_are_not(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, "node:old", age=3600)
    with log.open("a") as file:
        file.write(json.dumps({"other": "writer"}) + "\n")
    append(log, "node:nas", "node:nuc", first=1)
    assert told(log) == ["node:old", "node:nas", "node:nuc"]
    assert told(log, since=60 * SECOND) == ["node:nas", "node:nuc"]
    assert told(log, subject="node:nuc") == ["node:nuc"]
    assert told(log, type_="reconcile_required") == []


def test_a_log_that_is_not_there_has_nothing_to_tell_and_a_folder_is_no_log(tmp_path: Path) -> None:
    assert told(tmp_path / "log") == []
    with pytest.raises(EventLogError):
        told(tmp_path)


def test_what_comes_is_told_and_a_rotation_is_followed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, "node:nas")
    batches = follow(str(log), True, None, None, None)
    assert [event["subject"] for event in next(batches)] == ["node:nas"]
    append(log, "node:nuc", first=1)
    assert [event["subject"] for event in next(batches)] == ["node:nuc"]
    log.rename(tmp_path / "log.1")
    append(log, "node:new", first=2)
    assert [event["subject"] for event in next(batches)] == ["node:new"]

"""Whose a document is: ours, another machine's, or another observer's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from supervisor.core.instant import SECOND, format_instant
from supervisor.observe.marks import Marks, marks_of_this_machine

NOW = 1_795_000_000 * SECOND
INTERVAL = 15 * SECOND
NAME = "nodes/pi.json"
ANOTHER = "another machine writes nodes/pi.json: set node: in observer.yaml on one of them"
SOMEBODY = (
    "another machine, or another observer of this one, writes nodes/pi.json: set node: in observer.yaml on one of them"
)


def document(marks: Marks, age: int = 0) -> dict[str, Any]:
    services = {"job": {"status": "completed", "last_success": "2026-11-23T12:00:00Z"}}
    written = {"observed_at": format_instant(NOW - age), "services": services, "sources": {"/theirs.sock": "ok"}}
    return marks.mark(written)


def test_our_own_document_is_remembered_also_by_the_next_process() -> None:
    ours, later = Marks("a", "1"), Marks("a", "2")
    written = document(ours)
    assert ours.recall(written, NAME, INTERVAL, NOW) == (written, None)
    assert later.recall(written, NAME, INTERVAL, NOW) == (written, None)
    assert ours.recall({}, NAME, INTERVAL, NOW) == ({}, None)


def test_the_fresh_document_of_another_machine_is_said_and_not_remembered() -> None:
    ours, theirs = Marks("a", "1"), document(Marks("b", "2"))
    first = ours.recall(theirs, NAME, INTERVAL, NOW)
    assert first.notice == ANOTHER
    assert "sources" not in first.document
    mine = document(ours)
    assert ours.recall(theirs, NAME, INTERVAL, NOW) == (mine, ANOTHER)


def test_what_a_machine_has_left_behind_is_no_quarrel_and_its_successes_hold() -> None:
    recalled = Marks("a", "1").recall(document(Marks("b", "2"), 46 * SECOND), NAME, INTERVAL, NOW)
    assert recalled.notice is None
    assert recalled.document == {"services": {"job": {"last_success": "2026-11-23T12:00:00Z"}}}


def test_two_that_share_an_id_as_copies_of_a_disk_do_are_told_from_look_to_look() -> None:
    for machine in ("a", None):
        ours, theirs = Marks(machine, "1"), Marks(machine, "2")
        mine = document(ours)
        # Once may be somebody who looks by hand.
        assert ours.recall(document(theirs), NAME, INTERVAL, NOW).notice is None
        assert ours.recall(document(theirs), NAME, INTERVAL, NOW) == (mine, SOMEBODY)
        assert ours.recall(mine, NAME, INTERVAL, NOW) == (mine, None)
        assert ours.recall(document(theirs), NAME, INTERVAL, NOW).notice is None


def test_a_document_without_marks_is_that_of_an_older_observer() -> None:
    assert Marks("a", "1").recall({"services": {}}, NAME, INTERVAL, NOW) == ({"services": {}}, None)


def test_a_machine_is_known_by_a_hash_of_its_id_and_a_process_by_chance(tmp_path: Path) -> None:
    path = tmp_path / "machine-id"
    path.write_text("0123456789abcdef0123456789abcdef\n")
    first, second = (marks_of_this_machine(str(path)).mark({}) for _ in range(2))
    assert first["machine"] == second["machine"]
    assert first["writer"] != second["writer"]
    assert "0123456789abcdef" not in first["machine"]
    path.write_text("uninitialized\n")
    for absent in (path, tmp_path / "absent"):
        assert set(marks_of_this_machine(str(absent)).mark({})) == {"writer"}

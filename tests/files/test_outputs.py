"""What is written: never to a file that is not ours, never half, never twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.core.events import LINE_LIMIT, START, Event, event_line, make_event
from supervisor.core.ledger import Ledger
from supervisor.core.model import EventType, Summary
from supervisor.errors import CheckpointError, EventLogError, LockedError
from supervisor.files import atomic, checkpoint, eventlog
from supervisor.files.checkpoint import Checkpoint, DamagedError, Lock

SOURCE = "/runtime-supervisor/test"


def event(sequence: int, subject: str = "node:nas", **data: object) -> Event:
    return make_event(
        SOURCE, sequence, 10**18 + sequence, EventType.REQUIRED, subject, {"fingerprint": "f" * 16, **data}
    )


def sequences(events: list[Event]) -> list[int]:
    return [int(one["sequence"]) for one in events]


# --- the log


def test_what_is_appended_reads_back(tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    position = eventlog.append(log, [event(1), event(2)])
    assert sequences(eventlog.recover(log, START, SOURCE)[0]) == [1, 2]
    assert eventlog.recover(log, position, SOURCE) == ([], position)


def test_only_what_is_behind_the_position_is_recovered(tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    position = eventlog.append(log, [event(1)])
    eventlog.append(log, [event(2)])
    assert sequences(eventlog.recover(log, position, SOURCE)[0]) == [2]


def test_the_lines_of_others_are_skipped_and_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    foreign = b'{"other": "writer"}\nrubbish \xff\n\n' + event_line({**event(7), "source": "/runtime-supervisor/other"})
    log.write_bytes(foreign)
    eventlog.append(str(log), [event(1)])
    assert log.read_bytes() == foreign + event_line(event(1))
    assert sequences(eventlog.recover(str(log), START, SOURCE)[0]) == [1]


def test_a_torn_line_is_ended_before_the_next(tmp_path: Path) -> None:
    whole = event_line(event(1)) + event_line(event(2))
    begin = len(event_line(event(1)))
    for cut in range(begin, len(whole)):
        log = tmp_path / f"log{cut}"
        log.write_bytes(whole[:cut])
        found, position = eventlog.recover(str(log), START, SOURCE)
        # Without its newline alone a line is whole.
        assert sequences(found) == ([1, 2] if cut == len(whole) - 1 else [1])
        eventlog.append(str(log), [event(3)])
        lines = log.read_bytes().split(b"\n")
        assert json.loads(lines[-2])["sequence"] == "3"
        assert sequences(eventlog.recover(str(log), position, SOURCE)[0]) == [3]


def test_a_log_that_was_renamed_is_followed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    position = eventlog.append(str(log), [event(1)])
    eventlog.append(str(log), [event(2)])
    log.rename(tmp_path / "log.1")
    eventlog.append(str(log), [event(3)])
    assert sequences(eventlog.recover(str(log), position, SOURCE)[0]) == [2, 3]


def test_a_log_that_was_shortened_or_written_anew_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "log"
    position = eventlog.append(str(log), [event(1), event(2)])
    log.write_bytes(event_line(event(3)))
    assert sequences(eventlog.recover(str(log), position, SOURCE)[0]) == [3]
    log.write_bytes(event_line(event(4)) * 5)
    assert sequences(eventlog.recover(str(log), position, SOURCE)[0]) == [4] * 5


def test_a_line_has_at_most_64_kib_and_says_that_it_was_cut(tmp_path: Path) -> None:
    many = [f"service:nas/{number:05}" for number in range(20_000)]
    log = tmp_path / "log"
    eventlog.append(str(log), [event(1, affects=many, reason="short")])
    (line,) = log.read_bytes().splitlines(keepends=True)
    assert len(line) <= LINE_LIMIT
    data = json.loads(line)["data"]
    assert data["truncated"] is True
    assert data["affects"] == many[: len(data["affects"])]
    assert len(data["affects"]) > 1000


def test_a_long_reason_is_cut_too() -> None:
    line = event_line(event(1, reason="x" * 100_000))
    assert len(line) <= LINE_LIMIT
    assert json.loads(line)["data"]["truncated"] is True


def test_a_line_of_others_that_looks_like_ours_is_no_event(tmp_path: Path) -> None:
    log = tmp_path / "log"
    ours = json.loads(event_line(event(1)))
    odds: list[dict[str, object]] = [
        {"type": ["x"]},
        {"type": {}},
        {"time": "noon"},
        {"sequence": "x"},
        {"data": []},
        {"subject": None},
    ]
    for odd in odds:
        with log.open("a") as file:
            file.write(json.dumps({**ours, **odd}) + "\n")
    assert eventlog.recover(str(log), START, SOURCE)[0] == []


# --- hostile ground


def link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def hard_link(path: Path, victim: Path) -> None:
    path.hardlink_to(victim)


def fifo(path: Path, _victim: Path) -> None:
    os.mkfifo(path)


def folder(path: Path, _victim: Path) -> None:
    path.mkdir()


def of_everybody(path: Path, _victim: Path) -> None:
    path.write_text("")
    path.chmod(0o666)


def of_somebody_else(path: Path, _victim: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    path.write_text("")
    os.chown(path, 65534, 65534)


TRAPS = [
    (link, "is a symbolic link, not a regular file"),
    (hard_link, "has other hard links"),
    (fifo, "is a FIFO, not a regular file"),
    (folder, "is a folder, not a regular file"),
    (of_everybody, "may be written by everybody"),
    (of_somebody_else, "belongs to user 65534"),
]


@pytest.mark.parametrize(("trap", "said"), TRAPS)
def test_a_trap_is_refused_by_name_and_the_victim_untouched(
    tmp_path: Path, trap: Callable[[Path, Path], None], said: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = tmp_path / "trap"
    trap(path, victim)
    with pytest.raises(EventLogError, match=said):
        eventlog.append(str(path), [event(1)])
    with pytest.raises(EventLogError, match=said):
        eventlog.recover(str(path), START, SOURCE)
    with pytest.raises(CheckpointError, match=said):
        checkpoint.save(str(path), Checkpoint(Ledger()))
    with pytest.raises(CheckpointError, match=said):
        checkpoint.load(str(path))
    path.rename(tmp_path / "trap.lock")
    with pytest.raises(CheckpointError, match=said):
        Lock(str(path)).acquire()
    assert victim.read_text() == "precious"
    assert {one.name for one in tmp_path.iterdir()} == {"victim", "trap.lock"}


# --- the checkpoint


def test_a_replacement_that_is_not_committed_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with atomic.replacing(str(path)) as new:
        new.file.write(b"new")
    assert path.read_text() == "old"
    with pytest.raises(ZeroDivisionError), atomic.replacing(str(path)) as new:
        raise ZeroDivisionError
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    with atomic.replacing(str(path)) as new:
        new.file.write(b"new")
        new.commit()
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o644


DAMAGE = {
    "empty": b"",
    "zeros": b"\0" * 100,
    "half": b'{"version": 1, "sequ',
    "list": b"[]",
    "another version": b'{"version": 99}',
    "not a number": b'{"version": 1, "sequence": NaN, "summary": null, "open": {}, "log": {}, "updated": "x"}',
    "nested": b"[" * 100_000,
    "contradiction": json.dumps(
        {
            "version": 1,
            "sequence": 1,
            "summary": None,
            "open": {"a": {"recommendation": {"fingerprint": "b"}}},
            "log": {},
        }
    ).encode(),
}


@pytest.mark.parametrize("data", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_checkpoint_is_said_and_set_aside(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "checkpoint.json"
    path.write_bytes(data)
    with pytest.raises(DamagedError, match="it is no checkpoint of version 1"):
        checkpoint.load(str(path))
    aside = checkpoint.set_aside(str(path), 0)
    assert aside == f"{path}.corrupt-1970-01-01T000000Z"
    assert hashlib.sha256(Path(aside).read_bytes()).digest() == hashlib.sha256(data).digest()
    assert checkpoint.load(str(path)) is None


def test_a_huge_sparse_checkpoint_is_damaged_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    with path.open("wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(DamagedError):
        checkpoint.load(str(path))


def test_a_checkpoint_reads_back(tmp_path: Path) -> None:
    path = str(tmp_path / "checkpoint.json")
    saved = Checkpoint(Ledger(7, Summary.UNSTABLE, {}), START, "inotify", 10**18)
    checkpoint.save(path, saved)
    assert checkpoint.load(path) == checkpoint.view(path) == saved


# --- the lock


def test_one_holds_the_lock_until_it_lets_go(tmp_path: Path) -> None:
    first, second = Lock(str(tmp_path / "c")), Lock(str(tmp_path / "c"))
    first.acquire()
    with pytest.raises(LockedError, match="another supervisor holds it"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_lock_whose_file_vanished_is_taken_anew(tmp_path: Path) -> None:
    first, second = Lock(str(tmp_path / "c")), Lock(str(tmp_path / "c"))
    first.acquire()
    (tmp_path / "c.lock").unlink()
    second.acquire()
    with pytest.raises(LockedError):
        first.acquire()
    second.release()

"""Hostile ground: never a file that is not ours, never half a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.core.announce.events import START, Event, make_event
from supervisor.core.announce.ledger import Ledger
from supervisor.core.model.findings import EventType
from supervisor.errors import CheckpointError, EventLogError
from supervisor.files import atomic, checkpoint, eventlog
from supervisor.files.checkpoint import Checkpoint
from supervisor.files.lock import Lock

SOURCE = "/runtime-supervisor/test"


def event(sequence: int, subject: str = "node:nas", **data: object) -> Event:
    return make_event(
        SOURCE, sequence, 10**18 + sequence, EventType.REQUIRED, subject, {"fingerprint": "f" * 16, **data}
    )


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
    assert {path.name for path in tmp_path.iterdir()} == {"victim", "trap.lock"}


def test_a_replacement_that_is_not_committed_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with atomic.replacing(str(path)) as new:
        new.file.write(b"new")
    assert path.read_text() == "old"
    with pytest.raises(ZeroDivisionError), atomic.replacing(str(path)) as new:
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with atomic.replacing(str(path)) as new:
        new.file.write(b"new")
        new.commit()
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_new_file_is_made_where_there_is_none_and_only_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(FileNotFoundError):
        atomic.open_ours(str(path), os.O_RDONLY)
    os.close(atomic.open_ours(str(path), os.O_RDWR | os.O_CREAT, 0o600))
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("kept")
    os.close(atomic.open_ours(str(path), os.O_RDWR | os.O_CREAT, 0o644))
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("kept", 0o600)


def test_a_link_to_nothing_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    with pytest.raises(atomic.UnsafeError, match="is a symbolic link"):
        atomic.open_ours(str(tmp_path / "link"), os.O_RDWR | os.O_CREAT)
    assert not (tmp_path / "victim").exists()

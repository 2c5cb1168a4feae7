"""The lock beside the checkpoint: one supervisor at a time, and none for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.errors import CheckpointError, LockedError
from supervisor.files.lock import Lock


def test_a_second_supervisor_gets_the_lock_when_the_first_lets_go(tmp_path: Path) -> None:
    first, second = Lock(str(tmp_path / "c")), Lock(str(tmp_path / "c"))
    first.acquire()
    with pytest.raises(LockedError, match=r"cannot lock .*/c\.lock: another supervisor holds it"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_lock_that_is_held_is_not_taken_twice(tmp_path: Path) -> None:
    lock = Lock(str(tmp_path / "c"))
    assert (lock.acquire(), lock.acquire()) == (True, False)
    lock.release()
    lock.release()
    assert lock.acquire()
    lock.release()


def test_a_lock_whose_file_vanished_is_taken_again_or_refused(tmp_path: Path) -> None:
    first, second = Lock(str(tmp_path / "c")), Lock(str(tmp_path / "c"))
    first.acquire()
    (tmp_path / "c.lock").unlink()
    second.acquire()
    with pytest.raises(LockedError):
        first.acquire()
    second.release()
    assert first.acquire()
    first.release()


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    path = str(tmp_path / "c")
    script = f"import os; from supervisor.files.lock import Lock; Lock({path!r}).acquire(); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    lock = Lock(path)
    assert lock.acquire()
    lock.release()


def test_nobody_else_may_open_the_lock(tmp_path: Path) -> None:
    """Whoever may open it could hold it."""
    lock = Lock(str(tmp_path / "c"))
    lock.acquire()
    assert (tmp_path / "c.lock").stat().st_mode & 0o777 == 0o600
    lock.release()


def test_what_is_no_file_at_the_name_of_the_lock_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "c.lock")
    with pytest.raises(CheckpointError, match=r"cannot lock .*/c\.lock: it is a FIFO, not a regular file"):
        Lock(str(tmp_path / "c")).acquire()


def test_without_its_folder_the_lock_cannot_be_taken(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot lock .*/c\.lock: it cannot be used: No such file or directory"):
        Lock(str(tmp_path / "absent" / "c")).acquire()


def test_a_lock_that_is_held_is_marked_with_a_moment_and_no_other(tmp_path: Path) -> None:
    lock = Lock(str(tmp_path / "c"))
    lock.mark(1)
    assert not (tmp_path / "c.lock").exists()
    lock.acquire()
    lock.mark(1_790_000_000_123_456_789)
    assert (tmp_path / "c.lock").stat().st_mtime_ns == 1_790_000_000_123_456_789
    lock.release()

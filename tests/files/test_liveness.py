"""What the lock's file tells those who only look at it: when the last pass was, and whether a supervisor runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.core.announce.last_pass import LastPass
from supervisor.files.liveness import last_pass
from supervisor.files.lock import Lock

NOW = 1_790_000_000_123_456_789


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    """A checkpoint, and a lock that a pass marked and nobody holds."""
    path = tmp_path / "c"
    path.write_text("{}")
    lock = Lock(str(path))
    lock.acquire()
    lock.mark(NOW)
    lock.release()
    return str(path)


def test_the_time_of_the_last_pass_is_that_of_the_lock(checkpoint: str) -> None:
    assert last_pass(checkpoint) == LastPass(NOW, running=False)


def test_the_kernel_knows_whether_a_supervisor_runs(checkpoint: str) -> None:
    lock = Lock(checkpoint)
    lock.acquire()
    assert last_pass(checkpoint) == LastPass(NOW, running=True)
    lock.release()
    assert last_pass(checkpoint) == LastPass(NOW, running=False)


def test_looking_takes_no_lock_and_leaves_the_file_as_it_is(checkpoint: str) -> None:
    before = os.stat(f"{checkpoint}.lock")
    lock = Lock(checkpoint)
    last_pass(checkpoint)
    assert lock.acquire()
    lock.release()
    after = os.stat(f"{checkpoint}.lock")
    assert (after.st_mode, after.st_mtime_ns, after.st_ino) == (before.st_mode, before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize(
    ("line", "running"),
    [
        ("1: FLOCK  ADVISORY  WRITE 12 {device}:{inode} 0 EOF\n", True),
        ("1: -> FLOCK  ADVISORY  WRITE 12 {device}:{inode} 0 EOF\n", False),
        ("1: POSIX  ADVISORY  WRITE 12 {device}:{inode} 0 EOF\n", False),
        ("1: FLOCK  ADVISORY  WRITE 12 ff:ff:{inode} 0 EOF\n", None),
        ("1: FLOCK  ADVISORY  WRITE 12 {device}:1{inode} 0 EOF\n", False),
        ("", False),
        ("what is this\n\n", False),
    ],
)
def test_a_lock_of_another_kind_file_or_device_is_not_ours(
    checkpoint: str, tmp_path: Path, line: str, running: bool | None
) -> None:
    status = os.stat(f"{checkpoint}.lock")
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    (tmp_path / "locks").write_text(line.format(device=device, inode=status.st_ino))
    assert last_pass(checkpoint, str(tmp_path / "locks")).running is running


def test_where_the_kernel_does_not_tell_nothing_is_said_of_it(checkpoint: str) -> None:
    assert last_pass(checkpoint, "/does/not/exist") == LastPass(NOW, running=None)


def test_without_a_lock_nobody_runs(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("{}")
    assert last_pass(str(tmp_path / "c")) == LastPass(None, running=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_lock_of_another_owner_tells_nothing(checkpoint: str) -> None:
    os.chown(f"{checkpoint}.lock", 65534, 65534)
    assert last_pass(checkpoint) == LastPass(None, running=None)


def test_a_trap_at_the_name_of_the_lock_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("{}")
    (tmp_path / "c.lock").symlink_to(tmp_path / "c")
    assert last_pass(str(tmp_path / "c")) == LastPass(None, running=None)

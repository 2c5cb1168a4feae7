"""What root left is given to the service; what anybody may have put there is left alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.supervise.give_back import give_back

SERVICE, GROUP = 64001, 64002

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def owner(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_uid, status.st_gid


def test_a_file_of_root_is_given_to_the_service(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("kept")
    assert give_back(str(path), SERVICE, GROUP)
    assert (owner(path), path.read_text()) == ((SERVICE, GROUP), "kept")


def linked(path: Path) -> None:
    path.touch()
    os.link(path, path.with_name("another-name"))


def owned_by(user: int, group: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.touch()
        os.chown(path, user, group)

    return make


LEFT_ALONE: dict[str, Callable[[Path], None]] = {
    "a file with two names": linked,
    "somebody else's file": owned_by(64003, 0),
    "a log that root shares with a group": owned_by(0, 64003),
    "a FIFO without a reader": os.mkfifo,
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("make", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_anything_else_is_left_alone(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "log"
    make(path)
    before = owner(path)
    assert not give_back(str(path), SERVICE, GROUP)
    assert owner(path) == before


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    (tmp_path / "log").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        give_back(str(tmp_path / "log"), SERVICE, GROUP)
    assert owner(victim) == (0, 0)


def test_what_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        give_back(str(tmp_path / "log"), SERVICE, GROUP)

"""What is made of a file is kept for as long as the file is the same, and not a moment longer."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from supervisor.core.instant import SECOND
from supervisor.errors import UnreadableError
from supervisor.files import reading
from supervisor.files.file_cache import Kept, Reader
from supervisor.files.reading import Content


class Folder:
    """A folder with one file, a clock that the test moves, and a count of what was made of the file."""

    def __init__(self, path: Path) -> None:
        self.path = path / "a"
        self.made = 0
        self.ahead = 3600 * SECOND
        self.kept: Kept[str] = Kept(str(path), Reader(1 << 20, None, lambda: os.stat(path).st_ctime_ns + self.ahead))

    def get(self) -> str:
        return self.kept.get("a", self._make)

    def _make(self, content: Content) -> str:
        self.made += 1
        return content.text()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_an_old_file_that_looks_the_same_is_not_read_again(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.path.write_text("one")
    assert folder.get() == "one"
    monkeypatch.setattr(reading, "_read_stable", None)
    assert (folder.get(), folder.made) == ("one", 1)


def test_without_a_clock_nothing_is_kept(folder: Folder, tmp_path: Path) -> None:
    folder.kept = Kept(str(tmp_path), Reader(1 << 20))
    folder.path.write_text("one")
    assert (folder.get(), folder.get(), folder.made) == ("one", "one", 2)


def test_a_young_file_is_read_again_and_made_again_only_if_its_bytes_differ(folder: Folder) -> None:
    folder.ahead = 0
    folder.path.write_text("one")
    status = os.stat(folder.path)
    assert (folder.get(), folder.get(), folder.made) == ("one", "one", 1)
    # Within one tick of the filesystem's clock: nothing but the bytes tells them apart.
    folder.path.write_text("two")
    os.utime(folder.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (folder.get(), folder.made) == ("two", 2)


def test_the_same_bytes_of_another_time_are_made_again(folder: Folder) -> None:
    folder.path.write_text("one")
    folder.get()
    os.utime(folder.path, ns=(1, 1))
    assert (folder.get(), folder.made) == ("one", 2)


def test_a_file_that_could_not_be_read_has_no_value_until_it_can(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.path.write_text("one")
    folder.get()
    os.utime(folder.path, ns=(1, 1))

    def full(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("os.open", full)
        with pytest.raises(UnreadableError, match="Too many open files"):
            folder.get()
        assert not folder.kept.is_unchanged("a")
    assert folder.get() == "one"


def test_what_is_not_kept_is_forgotten(folder: Folder) -> None:
    folder.path.write_text("one")
    folder.get()
    folder.kept.keep_only({"b"})
    assert not folder.kept.is_unchanged("a")
    assert (folder.get(), folder.made) == ("one", 2)

"""What is made of a file is remembered for as long as the file is the same, and not a moment longer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.core.instant import SECOND
from supervisor.files.file_cache import FileCache
from supervisor.files.reading import Content, read_file


class Folder:
    """A folder with one file, a clock that is ``ahead`` of it, and a count of what was made of the file."""

    def __init__(self, path: Path) -> None:
        self.path = path / "a"
        self.made = 0
        self.ahead = 3600 * SECOND
        self.cache: FileCache[str] = FileCache(str(path), lambda: os.stat(path).st_ctime_ns + self.ahead)

    def value(self) -> str:
        return self.cache.value("a", read_file(str(self.path), 1 << 20), self._make)

    def unchanged(self) -> dict[str, str]:
        return self.cache.unchanged(["a"])

    def _make(self, content: Content) -> str:
        self.made += 1
        return content.text()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_an_old_file_that_looks_the_same_is_unchanged(folder: Folder) -> None:
    folder.path.write_text("one")
    assert folder.unchanged() == {}
    assert folder.value() == "one"
    assert folder.unchanged() == {"a": "one"}


def test_a_young_file_may_change_and_look_the_same(folder: Folder) -> None:
    folder.ahead = 0
    folder.path.write_text("one")
    status = os.stat(folder.path)
    assert (folder.value(), folder.unchanged(), folder.value(), folder.made) == ("one", {}, "one", 1)
    # Within one tick of the filesystem's clock: nothing but the bytes tells them apart.
    folder.path.write_text("two")
    os.utime(folder.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (folder.value(), folder.made) == ("two", 2)


def test_the_same_bytes_of_another_time_are_made_again(folder: Folder) -> None:
    folder.path.write_text("one")
    folder.value()
    os.utime(folder.path, ns=(1, 1))
    assert folder.unchanged() == {}
    assert (folder.value(), folder.made) == ("one", 2)


def test_a_file_that_is_gone_is_not_unchanged(folder: Folder) -> None:
    folder.path.write_text("one")
    folder.value()
    folder.path.unlink()
    assert folder.unchanged() == {}


def test_a_file_that_could_not_be_read_has_no_value_until_it_can(folder: Folder) -> None:
    folder.path.write_text("one")
    folder.value()
    folder.cache.forget("a")
    assert folder.unchanged() == {}
    assert (folder.value(), folder.made) == ("one", 2)


def test_other_files_than_those_to_keep_are_forgotten(folder: Folder) -> None:
    folder.path.write_text("one")
    folder.value()
    folder.cache.keep_only({"a"})
    assert folder.unchanged() == {"a": "one"}
    folder.cache.keep_only({"b"})
    assert folder.unchanged() == {}

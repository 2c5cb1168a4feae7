"""Bytes of a file that may be hostile, huge, or changing while it is read."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.errors import MalformedError, UnreadableError
from supervisor.files.reading import Content, Unread, printable_path, read_file, read_files, read_text

LIMIT = 1000


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\xef\xbb\xbfa: 1", "a: 1"),
        (b"a\r\nb\rc\n", "a\r\nb\rc\n"),
        ("café ✓ 🏠".encode(), "café ✓ 🏠"),
        (b"x" * LIMIT, "x" * LIMIT),
    ],
)
def test_text_is_utf_8_with_or_without_a_mark(tmp_path: Path, data: bytes, text: str) -> None:
    (tmp_path / "a").write_bytes(data)
    os.utime(tmp_path / "a", ns=(1, 1_234_567_890_123_456_789))
    content = read_file(str(tmp_path / "a"), LIMIT)
    assert (content.text(), content.modified_at) == (text, 1_234_567_890_123_456_789)


@pytest.mark.parametrize(
    ("data", "message", "place"),
    [
        (b"ok\n\xffno", "is not UTF-8 at byte 3", (2, 1)),
        (b"caf\xe9", "is not UTF-8 at byte 3", (1, 4)),
        (b"\xef\xbb\xbfcaf\xe9", "is not UTF-8 at byte 6", (1, 7)),
        (b"a\xc3", "is not UTF-8 at byte 1", (1, 2)),
        (b"\xed\xa0\x80", "is not UTF-8 at byte 0", (1, 1)),
        (b"\xc0\xaf", "is not UTF-8 at byte 0", (1, 1)),
        ("a".encode("utf-16"), "is not UTF-8 at byte 0 (it looks like UTF-16)", (1, 1)),
        ("a".encode("utf-16-be"), "contains a NUL character", (1, 1)),
        (b"a\nb\0", "contains a NUL character", (2, 2)),
    ],
)
def test_other_bytes_are_refused_at_their_place(
    tmp_path: Path, data: bytes, message: str, place: tuple[int, int]
) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(MalformedError) as caught:
        read_text(str(tmp_path / "a"), LIMIT)
    assert (caught.value.message, (caught.value.line, caught.value.column)) == (message, place)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5 << 30)


def bound(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


TRAPS: dict[str, tuple[Callable[[Path], object], str]] = {
    "fifo": (os.mkfifo, "cannot be read: it is a FIFO"),
    "socket": (bound, "cannot be read: No such device or address"),
    "folder": (Path.mkdir, "cannot be read: it is a folder"),
    "endless": (lambda path: path.symlink_to("/dev/zero"), "cannot be read: it is a device"),
    "loop": (lambda path: path.symlink_to(path.name), "cannot be read: too many symbolic links"),
    "sparse": (sparse, "is too large: 5368709120 bytes, and max_input_bytes is 1000"),
    "one too many": (lambda path: path.write_bytes(b"x" * (LIMIT + 1)), "is too large: 1001 bytes, and max_inpu"),
    "proc": (lambda path: path.symlink_to("/proc/kallsyms"), "is too large: more than 1000 bytes (max_input_bytes)"),
}


@pytest.mark.parametrize(("make", "message"), TRAPS.values(), ids=TRAPS)
def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], object], message: str) -> None:
    """At once: before more of it is read than may be, and a FIFO or an endless device would never end."""
    make(tmp_path / "a")
    with pytest.raises(UnreadableError) as caught:
        read_text(str(tmp_path / "a"), LIMIT)
    assert caught.value.message.startswith(message)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "a").chmod(0)
    with pytest.raises(UnreadableError, match="cannot be read: Permission denied"):
        read_text(str(tmp_path / "a"), LIMIT)


def test_what_is_not_there_is_another_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_text(str(tmp_path / "a"), LIMIT)


def test_a_file_that_never_holds_still_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(UnreadableError, match="changes while it is read; it will be read again"):
        read_text(str(tmp_path / "a"), LIMIT, lambda _: bool((tmp_path / "a").write_text(str(time.monotonic_ns()))))


def test_what_is_read_from_a_file_in_motion_is_one_of_its_states(tmp_path: Path) -> None:
    """A writer that renames into place is never seen halfway."""
    path, done = tmp_path / "a", threading.Event()
    states = {"a" * 900, "b" * 500}
    path.write_text("a" * 900)

    def write() -> None:
        while not done.is_set():
            for state in states:
                (tmp_path / "new").write_text(state)
                (tmp_path / "new").rename(path)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = {read_text(str(path), LIMIT) for _ in range(200)}
    finally:
        done.set()
        writer.join()
    assert seen <= states


class Waits:
    """A settle that counts: files that were modified long ago are not waited for, empty files are."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.asked: list[int | None] = []
        self._meanwhile = meanwhile

    def settle(self, modified_at: int | None) -> bool:
        self.asked.append(modified_at)
        if modified_at is None:
            self._meanwhile()
        return modified_at is None

    @property
    def count(self) -> int:
        return self.asked.count(None)


def test_empty_files_are_waited_for_once_all_together(tmp_path: Path) -> None:
    names = [f"{number:03}" for number in range(200)]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "full").write_text("x")
    waits = Waits()
    results = dict(read_files(str(tmp_path), dict.fromkeys([*names, "full"], False), LIMIT, waits.settle))
    assert waits.count == 1
    assert {name: content.data for name, content in results.items() if isinstance(content, Content)} == {
        "full": b"x",
        **dict.fromkeys(names, b""),
    }
    assert next(iter(results)) == "full"


def test_an_empty_file_that_was_about_to_be_written_is_read_when_it_is(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    waits = Waits(lambda: (tmp_path / "b").write_text("whole"))
    results = dict(read_files(str(tmp_path), {"a": False, "b": False}, LIMIT, waits.settle))
    assert [content.data for content in results.values() if isinstance(content, Content)] == [b"", b"whole"]


def test_an_empty_file_that_goes_while_it_is_waited_for_is_absent(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    waits = Waits((tmp_path / "a").unlink)
    assert list(read_files(str(tmp_path), {"a": False}, LIMIT, waits.settle)) == [
        ("a", Unread("there is no such file", is_absent=True))
    ]


def test_a_file_that_nobody_is_writing_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    waits = Waits()
    ((_, content),) = read_files(str(tmp_path), {"a": True}, LIMIT, waits.settle)
    assert (isinstance(content, Content), waits.asked) == (True, [])


def test_what_cannot_be_read_of_many_files_is_said_and_costs_nothing_of_others(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    results = dict(read_files(str(tmp_path), dict.fromkeys(["folder", "absent", "file", "file/x"], False), LIMIT))
    assert results["folder"] == Unread("cannot be read: it is a folder")
    assert results["absent"] == Unread("there is no such file", is_absent=True)
    assert results["file/x"] == Unread("cannot be read: Not a directory")
    assert isinstance(results["file"], Content)


@pytest.mark.parametrize(
    ("path", "shown"),
    [("hosts/nas", "hosts/nas"), (b"caf\xe9", "caf\\xe9"), ("a\nb", "a\\nb"), ("a\x1b[31m", "a\\x1b[31m"), ("é", "é")],
)
def test_a_path_is_shown_on_one_line(path: str | bytes, shown: str) -> None:
    assert printable_path(path) == shown

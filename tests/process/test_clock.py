"""Writers that write in place: half a file is never taken for a whole one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.files.inventory.load import load_inventory
from supervisor.files.reading import Settle
from supervisor.process.clock import SETTLED, Clock

NAMES = [f"service{number:03}" for number in range(300)]
TEXT = "services:\n" + "".join(f"  {name}:\n    image: registry.example/{name}:1\n" for name in NAMES)


class Writer:
    """Writes a file in place, a part at each look that the reader takes at whether it has settled."""

    def __init__(self, folder: Path, parts: int) -> None:
        self._path = folder / "nas" / "services.yaml"
        self._path.parent.mkdir(parents=True)
        self._ends = [len(TEXT) * part // parts for part in range(1, parts + 1)]
        self._grow()

    def settle(self, _modified_at: int | None) -> bool:
        if not self._ends:
            return False
        self._grow()
        return True

    def _grow(self) -> None:
        self._path.write_text(TEXT[: self._ends.pop(0)])


def read(folder: Path, settle: Settle | None) -> tuple[int, list[str]]:
    """The services that are known, and the problems."""
    loaded = load_inventory(str(folder), 1 << 20, settle)
    return len(loaded.value.nodes["nas"].services), [problem.message for problem in loaded.problems]


@pytest.mark.parametrize("parts", [2, 3, 4])
def test_half_a_file_is_read_again_until_it_is_whole(tmp_path: Path, parts: int) -> None:
    assert read(tmp_path, Writer(tmp_path, parts).settle) == (len(NAMES), [])


def test_a_writer_that_does_not_end_is_a_problem_and_no_absence(tmp_path: Path) -> None:
    assert read(tmp_path, Writer(tmp_path, 100).settle) == (0, ["changes while it is read; it will be read again"])


def test_without_settling_half_a_file_would_be_taken(tmp_path: Path) -> None:
    """That the writer above is one to be afraid of."""
    Writer(tmp_path, 2)
    count, problems = read(tmp_path, None)
    assert (0 < count < len(NAMES), problems) == (True, [])


def test_an_empty_file_with_an_old_time_may_have_become_so_just_now(tmp_path: Path) -> None:
    """Linux shows the size of a truncated file a moment before its new time."""
    path = tmp_path / "nas" / "services.yaml"
    path.parent.mkdir()
    path.touch()
    os.utime(path, (0, 0))
    asked: list[int | None] = []

    def settle(modified_at: int | None) -> bool:
        asked.append(modified_at)
        if modified_at is None:
            path.write_text(TEXT)
        return modified_at is None

    assert read(tmp_path, settle) == (len(NAMES), [])
    assert asked[:2] == [0, None]


def test_a_reader_that_is_held_up_does_not_take_half_a_file_for_an_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine lets the reader wait between any two of its steps, while the writer goes on."""
    path = tmp_path / "nas" / "services.yaml"
    path.parent.mkdir()
    path.write_text(TEXT[: len(TEXT) // 2])
    now = began = path.stat().st_mtime_ns

    def pass_time(nanoseconds: float) -> None:
        nonlocal now
        now += int(nanoseconds)
        if now - began >= SETTLED // 2 and path.read_text() != TEXT:
            path.write_text(TEXT)
            os.utime(path, ns=(now, began + SETTLED // 2))

    def held_up(descriptor: int, close: Callable[[int], None] = os.close) -> None:
        close(descriptor)
        pass_time(2 * SETTLED)

    clock = Clock()
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(time, "sleep", lambda seconds: pass_time(seconds * 1e9))
    monkeypatch.setattr(os, "close", held_up)
    assert read(tmp_path, clock.settle) == (len(NAMES), [])


def test_a_file_that_was_modified_just_now_is_waited_for_once(tmp_path: Path) -> None:
    clock = Clock()
    began = clock.monotonic()
    modified_at = clock.now()
    assert clock.settle(modified_at)
    assert clock.monotonic() - began >= SETTLED * 9 // 10
    assert not clock.settle(modified_at)
    assert clock.settle(None)


def test_a_file_that_was_left_alone_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("")
    os.utime(path, ns=(0, Clock().now() - SETTLED))
    assert not Clock().settle(path.stat().st_mtime_ns)
    assert not Clock().settle(Clock().now() + 10**12)


def test_the_offset_is_that_of_the_local_time_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    winter, summer = 1_795_435_200, 1_783_944_000
    assert [Clock().offset(moment) for moment in (winter, summer)] == [3600, 7200]
    assert Clock().offset(10**18) == 0
    monkeypatch.undo()
    time.tzset()

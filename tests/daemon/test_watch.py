"""The watcher: what counts as a change, and that it notices when it has gone blind."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.daemon.watch import WATCHING, Root, Watcher, roots

Change = tuple[str, str]


class Changes:
    """Collects what the watcher says; ``until`` waits for one."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Change] = queue.Queue()

    def began(self, path: str) -> None:
        self._queue.put(("began", Path(path).name))

    def ended(self, path: str) -> None:
        self._queue.put(("ended", Path(path).name))

    def stirred(self) -> None:
        self._queue.put(("stirred", ""))

    def until(self, wanted: Change) -> list[Change]:
        seen: list[Change] = []
        while wanted not in seen:
            seen.append(self._queue.get(timeout=20))
        return seen


def both(folder: Path) -> tuple[Root, ...]:
    return roots(str(folder / "hosts"), str(folder / "world"))


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def watcher(tmp_path: Path, changes: Changes) -> Iterator[Watcher]:
    (tmp_path / "hosts" / "nas").mkdir(parents=True)
    (tmp_path / "world").mkdir()
    watcher = Watcher(changes, time.monotonic_ns)
    assert watcher.check(both(tmp_path)) == WATCHING
    yield watcher
    watcher.stop()


def test_a_write_begins_and_ends(tmp_path: Path, watcher: Watcher, changes: Changes) -> None:
    (tmp_path / "world" / "a.json").write_text("{}")
    seen = changes.until(("ended", "a.json"))
    assert seen[0] == ("began", "a.json")


def test_a_rename_into_place_is_an_end(tmp_path: Path, watcher: Watcher, changes: Changes) -> None:
    (tmp_path / "world" / ".a.json").write_text("{}")
    (tmp_path / "world" / ".a.json").rename(tmp_path / "world" / "a.json")
    assert changes.until(("ended", "a.json")) == [("ended", "a.json")]


def test_a_move_from_elsewhere_is_an_end(tmp_path: Path, watcher: Watcher, changes: Changes) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "a.json").rename(tmp_path / "world" / "a.json")
    assert changes.until(("ended", "a.json")) == [("ended", "a.json")]


def test_a_deletion_may_be_the_beginning_of_a_write(tmp_path: Path, watcher: Watcher, changes: Changes) -> None:
    path = tmp_path / "hosts" / "nas" / "services.yaml"
    path.write_text("")
    changes.until(("ended", "services.yaml"))
    path.unlink()
    assert changes.until(("began", "services.yaml")) == [("began", "services.yaml")]


def test_a_rename_away_may_be_the_beginning_of_a_write(tmp_path: Path, watcher: Watcher, changes: Changes) -> None:
    path = tmp_path / "hosts" / "nas" / "services.yaml"
    path.write_text("")
    changes.until(("ended", "services.yaml"))
    path.rename(f"{path}~")
    assert changes.until(("began", "services.yaml")) == [("began", "services.yaml")]


def test_a_new_folder_stirs_and_is_no_write(tmp_path: Path, watcher: Watcher, changes: Changes) -> None:
    (tmp_path / "world" / ".git").mkdir()
    (tmp_path / "world" / "more").mkdir()
    assert changes.until(("stirred", "")) == [("stirred", "")]


def test_what_is_no_input_is_no_change(tmp_path: Path, watcher: Watcher, changes: Changes) -> None:
    (tmp_path / "hosts" / "nas" / "notes.txt").write_text("x")
    (tmp_path / "world" / "a.json.tmp").write_text("x")
    (tmp_path / "world" / ".hidden.json").write_text("x")
    (tmp_path / "world" / "a.log").write_text("x")
    (tmp_path / "world" / "last.json").write_text("{}")
    assert {name for _, name in changes.until(("ended", "last.json"))} == {"last.json"}


def test_a_root_that_was_replaced_is_watched_anew(tmp_path: Path, watcher: Watcher, changes: Changes) -> None:
    (tmp_path / "world").rename(tmp_path / "old")
    (tmp_path / "world").mkdir()
    assert watcher.check(both(tmp_path)) == WATCHING
    (tmp_path / "world" / "a.json").write_text("{}")
    changes.until(("ended", "a.json"))


def test_a_root_behind_a_link_is_watched_at_its_end(tmp_path: Path, changes: Changes) -> None:
    for name in ("hosts", "first", "second"):
        (tmp_path / name).mkdir()
    (tmp_path / "world").symlink_to("first")
    watcher = Watcher(changes, time.monotonic_ns)
    try:
        watcher.check(both(tmp_path))
        (tmp_path / "first" / "a.json").write_text("{}")
        changes.until(("ended", "a.json"))
        (tmp_path / "world").unlink()
        (tmp_path / "world").symlink_to("second")
        assert watcher.check(both(tmp_path)) == WATCHING
        (tmp_path / "second" / "b.json").write_text("{}")
        changes.until(("ended", "b.json"))
    finally:
        watcher.stop()


def test_a_root_that_is_missing_is_said_and_watched_when_it_comes(tmp_path: Path, changes: Changes) -> None:
    (tmp_path / "hosts").mkdir()
    watcher = Watcher(changes, time.monotonic_ns)
    try:
        watcher.check(both(tmp_path))
        assert watcher.state.startswith("degraded: ")
        assert f"{tmp_path}/world is not watched: No such file" in watcher.state
        (tmp_path / "world").mkdir()
        assert watcher.check(both(tmp_path)) == WATCHING
    finally:
        watcher.stop()


def test_a_dead_emitter_is_noticed(tmp_path: Path, watcher: Watcher) -> None:
    observer = watcher._observer  # noqa: SLF001 - only from inside can it be broken
    emitter = next(iter(observer.emitters))
    emitter.stop()
    emitter.join(20)
    assert not watcher.is_alive()
    assert watcher.check(both(tmp_path)) == WATCHING
    assert watcher.is_alive()


def test_an_observer_that_cannot_start_leaves_the_resync(tmp_path: Path, changes: Changes) -> None:
    class Observer:
        def start(self) -> None:
            raise OSError(24, "inotify instance limit reached")

    watcher = Watcher(changes, time.monotonic_ns, Observer)
    watcher.check(roots(str(tmp_path), str(tmp_path)))
    assert (
        watcher.state
        == "degraded: no inotify: [Errno 24] inotify instance limit reached; looking every resync_interval"
    )

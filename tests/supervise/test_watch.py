"""The watcher: what counts as a change, and that it notices when it has gone blind."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from supervisor.files.trees import HOSTS_TREE, WORLD_TREE
from supervisor.supervise.watch import WATCHING, Watcher
from supervisor.supervise.watchable import Root

Change = tuple[str, str]


class Changes:
    """Collects what the watcher says; ``until`` waits for one."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Change] = queue.Queue()

    def began(self, path: str) -> None:
        self._queue.put(("began", Path(path).name))

    def ended(self, path: str) -> None:
        self._queue.put(("ended", Path(path).name))

    def renamed(self, path: str) -> None:
        self._queue.put(("renamed", Path(path).name))

    def stirred(self) -> None:
        self._queue.put(("stirred", ""))

    def until(self, wanted: Change) -> list[Change]:
        seen: list[Change] = []
        while wanted not in seen:
            seen.append(self._queue.get(timeout=20))
        return seen


def both(folder: Path) -> tuple[Root, ...]:
    return Root(HOSTS_TREE, str(folder / "hosts")), Root(WORLD_TREE, str(folder / "world"))


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def watcher(tmp_path: Path, changes: Changes) -> Iterator[Watcher]:
    (tmp_path / "hosts" / "nas").mkdir(parents=True)
    (tmp_path / "world").mkdir()
    watcher = Watcher(changes, time.monotonic_ns, time.time_ns)
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
    assert changes.until(("renamed", "a.json")) == [("renamed", "a.json")]


def test_a_move_from_elsewhere_is_an_end(tmp_path: Path, watcher: Watcher, changes: Changes) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "a.json").rename(tmp_path / "world" / "a.json")
    assert changes.until(("renamed", "a.json")) == [("renamed", "a.json")]


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


@pytest.mark.parametrize("node", ["box.tmp", "x~", "x.swp"])
def test_what_is_read_is_also_watched(tmp_path: Path, watcher: Watcher, changes: Changes, node: str) -> None:
    (tmp_path / "hosts" / node).mkdir()
    changes.until(("stirred", ""))
    assert watcher.check(both(tmp_path)) == WATCHING
    (tmp_path / "hosts" / node / "services.yaml").write_text("services:\n")
    changes.until(("ended", "services.yaml"))


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
    watcher = Watcher(changes, time.monotonic_ns, time.time_ns)
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
    watcher = Watcher(changes, time.monotonic_ns, time.time_ns)
    try:
        watcher.check(both(tmp_path))
        assert watcher.state.startswith("degraded: ")
        assert f"{tmp_path}/world is not watched: No such file" in watcher.state
        (tmp_path / "world").mkdir()
        assert watcher.check(both(tmp_path)) == WATCHING
    finally:
        watcher.stop()


@pytest.mark.parametrize("missing", ["world", "deep/er/world"])
def test_a_root_that_appears_is_noticed_at_each_step_of_the_way(tmp_path: Path, changes: Changes, missing: str) -> None:
    (tmp_path / "hosts").mkdir()
    wanted = Root(HOSTS_TREE, str(tmp_path / "hosts")), Root(WORLD_TREE, str(tmp_path / missing))
    watcher = Watcher(changes, time.monotonic_ns, time.time_ns)
    try:
        watcher.check(wanted)
        for folder in [*reversed((tmp_path / missing).relative_to(tmp_path).parents), Path(missing)][1:]:
            (tmp_path / folder).mkdir()
            changes.until(("stirred", ""))
            watcher.check(wanted)
        assert watcher.state == WATCHING
        (tmp_path / missing / "a.json").write_text("{}")
        changes.until(("ended", "a.json"))
    finally:
        watcher.stop()


def test_a_root_that_vanishes_is_noticed(tmp_path: Path, watcher: Watcher, changes: Changes) -> None:
    (tmp_path / "world").rmdir()
    changes.until(("stirred", ""))
    assert f"{tmp_path}/world is not watched: No such file" in watcher.check(both(tmp_path))


@pytest.mark.parametrize("turned", [True, False], ids=["the link is turned", "what it leads to is replaced"])
def test_a_root_behind_a_link_that_changes_hands_is_noticed(tmp_path: Path, changes: Changes, turned: bool) -> None:
    for name in ("hosts", "store/first", "store/second"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "world").symlink_to("store/first")
    watcher = Watcher(changes, time.monotonic_ns, time.time_ns)
    try:
        assert watcher.check(both(tmp_path)) == WATCHING
        if turned:
            (tmp_path / "other").symlink_to("store/second")
            (tmp_path / "other").rename(tmp_path / "world")
        else:
            (tmp_path / "store" / "first").rename(tmp_path / "store" / "old")
        changes.until(("stirred", ""))
    finally:
        watcher.stop()


def test_what_happens_beside_a_root_is_no_change(tmp_path: Path, watcher: Watcher, changes: Changes) -> None:
    (tmp_path / "agent-events.log").write_text("x")
    (tmp_path / "more").mkdir()
    (tmp_path / "world" / "last.json").write_text("{}")
    assert {kind for kind, _ in changes.until(("ended", "last.json"))} == {"began", "ended"}


def test_a_root_in_a_root_keeps_the_wider_watch(tmp_path: Path, changes: Changes) -> None:
    """The kernel has one watch for a folder, with the events of who asked last."""
    (tmp_path / "world").mkdir()
    watcher = Watcher(changes, time.monotonic_ns, time.time_ns)
    try:
        wanted = Root(WORLD_TREE, str(tmp_path)), Root(WORLD_TREE, str(tmp_path / "world"))
        assert watcher.check(wanted) == WATCHING
        (tmp_path / "a.json").write_text("{}")
        changes.until(("ended", "a.json"))
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

    watcher = Watcher(changes, time.monotonic_ns, time.time_ns, Observer)
    watcher.check((Root(HOSTS_TREE, str(tmp_path)), Root(WORLD_TREE, str(tmp_path))))
    assert watcher.state == (
        "degraded: no inotify: [Errno 24] inotify instance limit reached; falling back to a scan every resync_interval"
    )


def test_a_reader_that_died_is_noticed(tmp_path: Path, watcher: Watcher, changes: Changes) -> None:
    observer = watcher._observer  # noqa: SLF001 - only from inside can it be broken
    reader = observer._inotify_fd  # noqa: SLF001
    reader.stop()
    reader.join(20)
    # All that watchdog shows of itself says that it is well.
    assert observer.is_alive()
    assert all(emitter.is_alive() for emitter in observer.emitters)
    assert watcher.died()
    assert watcher.check(both(tmp_path)) == WATCHING
    (tmp_path / "world" / "a.json").write_text("{}")
    changes.until(("ended", "a.json"))


def test_a_listener_that_fails_does_not_end_the_watch(tmp_path: Path) -> None:
    class Clumsy(Changes):
        def began(self, path: str) -> None:
            raise RuntimeError(path)

    (tmp_path / "hosts").mkdir()
    (tmp_path / "world").mkdir()
    changes = Clumsy()
    watcher = Watcher(changes, time.monotonic_ns, time.time_ns)
    try:
        assert watcher.check(both(tmp_path)) == WATCHING
        (tmp_path / "world" / "a.json").write_text("{}")
        assert ("stirred", "") in changes.until(("ended", "a.json"))
        assert watcher.is_alive()
    finally:
        watcher.stop()


def test_what_watchdog_complains_of_is_a_reason_to_look(watcher: Watcher, changes: Changes) -> None:
    logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; filesystem events were lost")
    changes.until(("stirred", ""))


def test_a_folder_that_was_replaced_below_the_root_is_watched_anew(
    tmp_path: Path, watcher: Watcher, changes: Changes
) -> None:
    before = watcher._observer  # noqa: SLF001 - is it another one?
    (tmp_path / "hosts" / "nas").rename(tmp_path / "old")
    (tmp_path / "hosts" / "nas").mkdir()
    assert watcher.check(both(tmp_path)) == WATCHING
    assert watcher._observer is not before  # noqa: SLF001
    (tmp_path / "hosts" / "nas" / "services.yaml").write_text("services:\n")
    changes.until(("ended", "services.yaml"))


def test_links_are_said_and_those_that_do_not_matter_are_not(tmp_path: Path, watcher: Watcher) -> None:
    for name in (".hidden", "hosts/README", "hosts/nas/notes.txt"):
        (tmp_path / name).symlink_to(tmp_path / "world")
    (tmp_path / "elsewhere").mkdir()
    assert watcher.check(both(tmp_path)).startswith("degraded: ")
    (tmp_path / "hosts" / "README").unlink()
    (tmp_path / "hosts" / "nas" / "notes.txt").unlink()
    assert watcher.check(both(tmp_path)) == WATCHING
    for number in range(6):
        (tmp_path / "hosts" / f"node{number}").symlink_to(tmp_path / "elsewhere")
    state = watcher.check(both(tmp_path))
    assert f"{tmp_path}/hosts/node0 is a symbolic link, behind which changes are not noticed; " in state
    assert state.endswith(
        "node3 is a symbolic link, behind which changes are not noticed; and 2 more; "
        "falling back to a scan every resync_interval"
    )


def test_a_link_that_leads_to_a_folder_only_now_is_said(tmp_path: Path, changes: Changes) -> None:
    (tmp_path / "hosts").mkdir()
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "more").symlink_to(tmp_path / "elsewhere")
    # Seen an hour later, so that the folders count as old and are not listed again.
    watcher = Watcher(changes, time.monotonic_ns, lambda: time.time_ns() + 3600 * 10**9)
    try:
        assert watcher.check(both(tmp_path)) == WATCHING
        # Nothing in the watched folder changes with it.
        (tmp_path / "elsewhere").mkdir()
        assert "more is a symbolic link" in watcher.check(both(tmp_path))
        (tmp_path / "elsewhere").rmdir()
        assert watcher.check(both(tmp_path)) == WATCHING
    finally:
        watcher.stop()


def test_what_cannot_be_watched_is_tried_again_with_a_growing_pause(tmp_path: Path, changes: Changes) -> None:
    attempts = []

    class Observer:
        def start(self) -> None:
            attempts.append(now)
            raise OSError(24, "inotify instance limit reached")

    second, now = 10**9, 0
    watcher = Watcher(changes, lambda: now, time.time_ns, Observer)
    folders = (Root(HOSTS_TREE, str(tmp_path)), Root(WORLD_TREE, str(tmp_path)))
    while now < 300 * second:
        watcher.check(folders)
        now += second // 2
    pauses = [(after - before) // second for before, after in pairwise(attempts)]
    assert pauses[:7] == [2, 4, 8, 16, 32, 60, 60]
    watcher.stop()


def test_a_remote_filesystem_is_said(tmp_path: Path, watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "supervisor.supervise.watchable.filesystem", lambda path: "nfs4" if path.endswith("world") else "ext4"
    )
    assert f"{tmp_path}/world is on nfs4, where changes by other machines are not noticed" in watcher.check(
        both(tmp_path)
    )

"""What there is to watch below the input folders, and what no watch would see."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from watchdog.observers.inotify import InotifyObserver

from supervisor.files.settings import load_settings
from supervisor.files.trees import HOSTS_TREE, MAX_DEPTH, TREES, WORLD_TREE
from supervisor.supervise.watchable import Root, Survey, Surveyor, Way, roots, watches, ways

LATER = 3600 * 10**9


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    (tmp_path / "hosts").mkdir()
    (tmp_path / "world").mkdir()
    return tmp_path


def survey(folder: Path, surveyor: Surveyor | None = None) -> Survey:
    wanted = (Root(HOSTS_TREE, str(folder / "hosts")), Root(WORLD_TREE, str(folder / "world")))
    # An hour later: the folders count as old, so that what is remembered of them is used.
    return (surveyor or Surveyor(lambda: time.time_ns() + LATER)).survey(wanted)


def test_every_input_tree_is_a_root() -> None:
    settings = load_settings({"inventory": "/a", "world": "/b"}, {})
    assert roots(settings) == (Root(HOSTS_TREE, "/a"), Root(WORLD_TREE, "/b"))
    assert [root.tree for root in roots(settings)] == list(TREES)


def test_every_real_folder_is_watched_also_those_that_are_not_read(folders: Path) -> None:
    for name in ("hosts/box.tmp/deeper", "world/.git/objects", "world/nodes"):
        (folders / name).mkdir(parents=True)
    expected = ["hosts", "hosts/box.tmp", "hosts/box.tmp/deeper", "world", "world/.git", "world/.git/objects"]
    assert sorted(survey(folders).folders) == [f"{folders}/{name}" for name in [*expected, "world/nodes"]]


def test_a_folder_is_told_from_another_one_in_its_place(folders: Path) -> None:
    surveyor = Surveyor(lambda: time.time_ns() + LATER)
    (folders / "world" / "nodes").mkdir()
    before = survey(folders, surveyor).folders
    assert survey(folders, surveyor).folders == before
    (folders / "world" / "nodes").rename(folders / "old")
    (folders / "world" / "nodes").mkdir()
    after = survey(folders, surveyor).folders
    assert {path for path in before if before[path] != after[path]} == {f"{folders}/world/nodes"}


def test_a_folder_that_comes_later_is_found(folders: Path) -> None:
    surveyor = Surveyor(lambda: time.time_ns() + LATER)
    survey(folders, surveyor)
    (folders / "hosts" / "nas").mkdir()
    assert f"{folders}/hosts/nas" in survey(folders, surveyor).folders


def test_a_root_that_is_not_there_has_no_identity_and_comes_later(folders: Path) -> None:
    surveyor = Surveyor(lambda: time.time_ns() + LATER)
    (folders / "world").rmdir()
    seen = survey(folders, surveyor)
    assert seen.folders == {
        f"{folders}/hosts": Root(HOSTS_TREE, f"{folders}/hosts").identity(),
        f"{folders}/world": None,
    }
    assert seen.blind == ()
    (folders / "world").mkdir()
    assert survey(folders, surveyor).folders[f"{folders}/world"] is not None


@pytest.mark.parametrize(
    ("link", "target", "is_said"),
    [
        ("hosts/nas/services.yaml", "nowhere", True),
        ("hosts/nas/notes.txt", "nowhere", False),
        ("hosts/nuc", "elsewhere", True),
        ("hosts/box.tmp", "elsewhere", True),
        ("hosts/.hidden", "elsewhere", False),
        ("hosts/nuc", "nowhere", False),
        ("hosts/nas/deeper", "elsewhere", False),
        ("world/a.json", "nowhere", True),
        ("world/a.json.tmp", "nowhere", False),
        ("world/more", "elsewhere", True),
        ("world/.git/a.json", "nowhere", False),
        ("world/lost+found/a.json", "nowhere", False),
    ],
)
def test_a_link_is_said_where_what_is_behind_it_is_read(folders: Path, link: str, target: str, is_said: bool) -> None:
    (folders / "elsewhere").mkdir()
    (folders / link).parent.mkdir(parents=True, exist_ok=True)
    (folders / link).symlink_to(folders / target)
    said = (f"{folders}/{link} is a symbolic link, behind which changes are not noticed",)
    assert survey(folders).blind == (said if is_said else ())


def test_what_is_nested_too_deep_is_not_read_and_nothing_is_said_of_it(folders: Path) -> None:
    (folders / "world" / "/".join(["deep"] * (MAX_DEPTH + 2))).mkdir(parents=True)
    assert survey(folders).blind == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_that_cannot_be_looked_into_is_said(folders: Path) -> None:
    (folders / "world" / "secret").mkdir(mode=0)
    assert survey(folders).blind == (f"{folders}/world/secret is not watched: Permission denied",)


def test_the_way_to_a_root_begins_at_the_nearest_folder_that_exists(folders: Path) -> None:
    assert ways(f"{folders}/hosts") == {Way(str(folders), f"{folders}/hosts")}
    assert ways(f"{folders}/a/b/c") == {Way(str(folders), f"{folders}/a")}
    assert ways("/") == {Way("/", "/")}
    (folders / "store").mkdir()
    (folders / "link").symlink_to("store/world")
    assert ways(f"{folders}/link") == {
        Way(str(folders), f"{folders}/link"),
        Way(f"{folders}/store", f"{folders}/store/world"),
    }


def test_the_kernels_watches_are_counted(folders: Path) -> None:
    before = watches()
    if before is None:
        pytest.skip("this kernel does not tell what is watched")
    (folders / "world" / "nodes").mkdir()
    observer = InotifyObserver()
    observer.start()
    try:
        observer.schedule(lambda: None, str(folders / "world"), recursive=True)  # type: ignore[arg-type]
        assert watches() == before + 2
    finally:
        observer.stop()
        observer.join()

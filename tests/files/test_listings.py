"""One walk through a tree; a folder is listed again only when it changed, or a link in it leads elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.core.instant import SECOND
from supervisor.files import listings as module
from supervisor.files.listings import Item, Listings, walk


@pytest.fixture
def listings(tmp_path: Path) -> Listings:
    """With a clock that is an hour ahead: every folder is old."""
    return Listings(lambda: os.stat(tmp_path).st_ctime_ns + 3600 * SECOND)


def real_folders(item: Item) -> bool:
    return bool(item.is_folder) and not item.is_link


def any_folder(item: Item) -> bool:
    return item.is_folder is not False


def names(root: Path, listings: Listings) -> list[tuple[str, str | None]]:
    return [(folder.relative, folder.fault) for folder in walk(str(root), listings, any_folder)]


def test_a_folder_that_did_not_change_is_the_same_listing(tmp_path: Path, listings: Listings) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b.json").touch()
    first = listings.of(str(tmp_path))
    assert first.items == (("a", True, False), ("b.json", False, False))
    status = os.stat(tmp_path)
    assert first.identity == (status.st_dev, status.st_ino)
    listings.begin()
    assert listings.of(str(tmp_path)) is first


def test_a_folder_that_changed_is_listed_again(tmp_path: Path, listings: Listings) -> None:
    first = listings.of(str(tmp_path))
    listings.begin()
    (tmp_path / "c").mkdir()
    assert (first.items, listings.of(str(tmp_path)).items) == ((), (("c", True, False),))


def test_a_young_folder_is_listed_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listings = Listings(lambda: os.stat(tmp_path).st_ctime_ns)
    first = listings.of(str(tmp_path))
    listings.begin()
    assert listings.of(str(tmp_path)) is not first
    assert not listings.hold()


def test_where_a_link_leads_is_looked_at_every_time_and_its_folder_is_not_listed(
    tmp_path: Path, listings: Listings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "elsewhere")
    root = str(tmp_path / "root")
    first = listings.of(root)
    assert first.items == (("link", True, True),)
    monkeypatch.setattr(os, "scandir", None)
    listings.begin()
    assert listings.of(root) is first
    (tmp_path / "elsewhere").rmdir()
    listings.begin()
    assert listings.of(root).items == (("link", False, True),)
    (tmp_path / "elsewhere").touch()
    listings.begin()
    assert listings.of(root).items == (("link", False, True),)
    (tmp_path / "elsewhere").unlink()
    (tmp_path / "elsewhere").symlink_to("elsewhere")
    listings.begin()
    assert listings.of(root).items == (("link", None, True),)


def test_a_walk_holds_while_every_folder_is_as_it_was(tmp_path: Path, listings: Listings) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert not listings.hold()
    assert names(tmp_path, listings) == [("", None), ("a", None), ("a/b", None)]
    assert listings.hold()
    (tmp_path / "a" / "b" / "new.json").touch()
    assert not listings.hold()


def test_a_walk_with_links_never_holds(tmp_path: Path, listings: Listings) -> None:
    (tmp_path / "a").symlink_to("b")
    names(tmp_path, listings)
    assert not listings.hold()


def test_folders_are_walked_in_the_order_of_their_names(tmp_path: Path, listings: Listings) -> None:
    for path in ("b/z", "b/y", "a"):
        (tmp_path / path).mkdir(parents=True)
    assert [relative for relative, _ in names(tmp_path, listings)] == ["", "a", "b", "b/y", "b/z"]


def test_only_what_is_entered_is_walked(tmp_path: Path, listings: Listings) -> None:
    (tmp_path / "a" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    results = walk(str(tmp_path), listings, real_folders)
    assert [folder.relative for folder in results] == ["", "a", "a/inner"]


def test_a_link_that_leads_round_is_not_followed_again(tmp_path: Path, listings: Listings) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "round").symlink_to(tmp_path / "a")
    assert names(tmp_path, listings) == [("", None), ("a", None)]


def test_a_folder_that_cannot_be_listed_says_why_and_the_rest_is_walked(tmp_path: Path, listings: Listings) -> None:
    (tmp_path / "itself").symlink_to("itself")
    (tmp_path / "z").mkdir()
    assert names(tmp_path, listings) == [("", None), ("itself", "cannot be read: too many symbolic links"), ("z", None)]


def test_what_is_too_deep_is_told_from_what_cannot_be_read(tmp_path: Path, listings: Listings) -> None:
    deep = tmp_path.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    *_, last = walk(str(tmp_path), listings, any_folder)
    assert (last.relative.count("d"), last.listing, last.too_far) == (33, None, True)
    assert last.fault == "is nested deeper than 32 folders"


def test_too_many_folders_behind_links_are_refused_as_a_whole(
    tmp_path: Path, listings: Listings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_FOLLOWED", 3)
    for number in range(4):
        (tmp_path / "elsewhere" / str(number)).mkdir(parents=True)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "more").symlink_to(tmp_path / "elsewhere")
    fault = "leads to too many folders: behind links are more than 3"
    assert names(tmp_path / "root", listings) == [("", None), ("more", fault)]


def test_a_root_that_is_not_there_is_an_error(tmp_path: Path, listings: Listings) -> None:
    with pytest.raises(FileNotFoundError):
        walk(str(tmp_path / "absent"), listings, any_folder)

"""What there is to watch below the input folders, what no watch would see, and what the kernel really watches."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from supervisor.core.instant import Instant
from supervisor.files.listings import Folder, Item, Listings, walk
from supervisor.files.mounts import filesystem
from supervisor.files.reading import printable_path, reason
from supervisor.files.settings import Settings
from supervisor.files.trees import TREES, Tree

_FDINFO = "/proc/self/fdinfo"
_REMOTE = frozenset(("9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "nfs", "nfs4", "smb3", "virtiofs"))
_UNREADABLE = "cannot be read: "

Identity = tuple[int, int] | None
"""Device and inode of a folder; None when it is not there."""


class Root(NamedTuple):
    """An input folder to watch, and the tree that it holds."""

    tree: Tree
    path: str

    def identity(self) -> Identity:
        with suppress(OSError):
            status = os.stat(self.path)
            return status.st_dev, status.st_ino
        return None


def roots(settings: Settings) -> tuple[Root, ...]:
    """The folders of all input trees."""
    return tuple(Root(tree, getattr(settings, tree.setting)) for tree in TREES)


class Way(NamedTuple):
    """Where a root shows that it appears or vanishes: ``child`` is the next step to it in the existing ``folder``."""

    folder: str
    child: str


def ways(path: str) -> set[Way]:
    """To the root itself and, when a link leads to it, to where that ends."""
    return {_way(os.path.abspath(path)), _way(os.path.realpath(path))}


def _way(child: str) -> Way:
    while not os.path.isdir(os.path.dirname(child)):
        child = os.path.dirname(child)
    # The real path: a watch on a symbolic link sees nothing.
    folder = os.path.realpath(os.path.dirname(child))
    return Way(folder, os.path.join(folder, os.path.basename(child)))


class Survey(NamedTuple):
    """The folders to be watched by path, what no watch can see, in words, and the ways to the roots."""

    folders: dict[str, Identity]
    blind: tuple[str, ...]
    ways: frozenset[Way] = frozenset()


class Surveyor:
    """Looks through the roots as watchdog does: every folder, no link followed. ``now`` tells how old a folder is."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._places: dict[Root, _Place] = {}

    def survey(self, wanted: tuple[Root, ...]) -> Survey:
        self._places = {root: self._places.get(root) or _Place(root, self._now) for root in wanted}
        folders: dict[str, Identity] = {}
        blind: list[str] = []
        for root, place in self._places.items():
            # Under the name it was given: it may be a link that is turned elsewhere.
            folders[root.path] = root.identity()
            if folders[root.path] is None:
                continue
            kind = filesystem(root.path)
            if kind in _REMOTE:
                blind.append(f"{root.path} is on {kind}, where changes by other machines are not noticed")
            place.look()
            folders.update(place.folders)
            blind += place.blind
        return Survey(folders, tuple(blind), frozenset().union(*[ways(root.path) for root in wanted]))


class _Place:
    """A root with its folders as they were at the last look."""

    def __init__(self, root: Root, now: Callable[[], Instant]) -> None:
        self._root = root
        self._real = ""
        self._listings = Listings(now)
        self.folders: dict[str, Identity] = {}
        self.blind: list[str] = []

    def look(self) -> None:
        # The real path: a watch on a symbolic link sees nothing.
        real = os.path.realpath(self._root.path)
        if real == self._real and self._listings.hold():
            return
        self._real, self.folders, self.blind = real, {}, []
        try:
            for folder in walk(real, self._listings, _is_watched):
                self._note(folder)
        except FileNotFoundError:
            pass
        except OSError as error:
            self.blind.append(f"{printable_path(real)} is not watched: {reason(error)}")

    def _note(self, folder: Folder) -> None:
        path = f"{self._real}/{folder.relative}" if folder.relative else self._real
        if folder.listing is None:
            # What is nested too deep is not read either, so that nobody has to watch it.
            if not folder.too_far:
                why = (folder.fault or "").removeprefix(_UNREADABLE)
                self.blind.append(f"{printable_path(path)} is not watched: {why}")
            return
        self.folders[path] = folder.listing.identity
        if folder.listing.has_links:
            for item in folder.listing.items:
                if item.is_link and self._matters(folder.path_of(item), item):
                    link = printable_path(f"{path}/{item.name}")
                    self.blind.append(f"{link} is a symbolic link, behind which changes are not noticed")

    def _matters(self, relative: str, link: Item) -> bool:
        tree = self._root.tree
        return tree.reads(relative) or (bool(link.is_folder) and tree.holds(relative))


def _is_watched(item: Item) -> bool:
    return bool(item.is_folder) and not item.is_link


def watches() -> int | None:
    """How many folders the kernel watches for this process; None when it does not tell."""
    count = 0
    try:
        for name in os.listdir(_FDINFO):
            # Descriptors come and go meanwhile.
            with suppress(FileNotFoundError), open(f"{_FDINFO}/{name}", "rb", buffering=0) as file:
                count += (file.read() or b"").count(b"inotify wd:")
    except OSError:
        return None
    return count

"""What is in folders: one walk, and listings that are made again only where a folder changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from itertools import count
from typing import NamedTuple

from supervisor.core.instant import SECOND, Instant
from supervisor.files.reading import Signature, reason, signature
from supervisor.files.trees import MAX_DEPTH

_YOUNG = 2 * SECOND
"""What changed less long ago than this may change again and keep its times: some filesystems count seconds."""

_MAX_FOLLOWED = 1000
"""Folders that are looked into behind links, in all: links to one another multiply the ways."""


def is_old(of: Signature, now: Instant) -> bool:
    """Whether a file or folder that looks like this would look different after a change."""
    return now - max(of[3:]) > _YOUNG


class Item(NamedTuple):
    """A name in a folder. ``is_folder`` follows a link; None where it cannot be told."""

    name: str
    is_folder: bool | None
    is_link: bool


class Listing(NamedTuple):
    """The names in a folder, in order, and how the folder looked when they were listed."""

    signature: Signature
    items: tuple[Item, ...]
    has_links: bool

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        return self.signature[0], self.signature[1]


class Listings:
    """The listings of the last walk. ``now`` tells how old a folder is; without it every folder is listed again."""

    def __init__(self, now: Callable[[], Instant] | None = None) -> None:
        self._now = now
        self._known: dict[str, Listing] = {}
        self._before = self._known
        self._complete = False

    def begin(self) -> None:
        """Another walk: what the walk before this one did not come by is forgotten."""
        self._before, self._known = self._known, {}
        self._complete = True

    def hold(self) -> bool:
        """Whether every folder of the last walk is certain to be as it was then: another would find the same."""
        try:
            return self._complete and all(
                signature(os.stat(folder)) == listing.signature for folder, listing in self._known.items()
            )
        except OSError:
            return False

    def of(self, folder: str, status: os.stat_result | None = None) -> Listing:
        """What is in it; the same object as before while it is certain that nothing changed. Raises OSError."""
        complete, self._complete = self._complete, False
        looks = signature(os.stat(folder) if status is None else status)
        listing = self._before.get(folder)
        if listing is None or listing.signature != looks:
            listing = _list(folder, looks)
            if self._now is None or not is_old(looks, self._now()):
                return listing
        elif listing.has_links:
            # Where a link leads changes without its folder.
            items = tuple([_followed(folder, item) if item.is_link else item for item in listing.items])
            listing = listing if items == listing.items else listing._replace(items=items)
        self._known[folder] = listing
        self._complete = complete and not listing.has_links
        return listing


class Folder(NamedTuple):
    """A folder of a walk: what is in it, or why it is not looked into.

    ``relative`` is its path below the root of the walk, empty for the root itself. ``too_far``: it can be looked into,
    and is deeper or behind more links than a walk goes.
    """

    relative: str
    listing: Listing | None
    fault: str | None = None
    too_far: bool = False

    def path_of(self, item: Item) -> str:
        """The path of an item below the root of the walk."""
        return f"{self.relative}/{item.name}" if self.relative else item.name


def walk(root: str, listings: Listings, enters: Callable[[Item], bool]) -> Iterator[Folder]:
    """The root and the folders below it; ``enters`` says which items are to be looked into. OSError for the root.

    What is gone by the time it is come to is left out. Links may lead round: a folder is not looked into again inside
    itself.
    """
    listings.begin()
    return _below(root, Folder("", listings.of(root)), (), _Ways(listings, enters), linked=False)


class _TooManyError(Exception):
    """Links lead to more folders than are looked into."""


class _Ways:
    """What is the same throughout a walk; ``follow`` counts the folders behind links."""

    def __init__(self, listings: Listings, enters: Callable[[Item], bool]) -> None:
        self.listings = listings
        self.enters = enters
        self._followed = count(1)

    def follow(self) -> None:
        if next(self._followed) > _MAX_FOLLOWED:
            raise _TooManyError


def _below(
    path: str, folder: Folder, above: tuple[tuple[int, int], ...], ways: _Ways, *, linked: bool
) -> Iterator[Folder]:
    """A folder that was listed and those below it. ``above`` are the identities of those it is in."""
    yield folder
    if folder.listing is None:
        return
    for item in folder.listing.items:
        if not ways.enters(item):
            continue
        inner, relative = f"{path}/{item.name}", folder.path_of(item)
        try:
            status = os.stat(inner)
            identity = (status.st_dev, status.st_ino)
            if identity in above:
                continue
            if len(above) >= MAX_DEPTH:
                yield Folder(relative, None, f"is nested deeper than {MAX_DEPTH} folders", too_far=True)
                continue
            behind = linked or item.is_link
            if behind:
                ways.follow()
            below = _below(
                inner, Folder(relative, ways.listings.of(inner, status)), (*above, identity), ways, linked=behind
            )
            # Of what is behind a link all is taken or nothing.
            yield from below if linked or not item.is_link else list(below)
        except _TooManyError:
            if linked:
                raise
            fault = f"leads to too many folders: behind links are more than {_MAX_FOLLOWED}"
            yield Folder(relative, None, fault, too_far=True)
        except FileNotFoundError:
            continue
        except OSError as error:
            yield Folder(relative, None, f"cannot be read: {reason(error)}")


def _list(folder: str, looks: Signature) -> Listing:
    with os.scandir(folder) as entries:
        items = tuple(sorted([Item(entry.name, _is_folder(entry), entry.is_symlink()) for entry in entries]))
    return Listing(looks, items, any(item.is_link for item in items))


def _is_folder(entry: os.DirEntry[str]) -> bool | None:
    try:
        return entry.is_dir()
    except OSError:
        return None


def _followed(folder: str, link: Item) -> Item:
    """A link, and where it leads now."""
    try:
        return link._replace(is_folder=stat.S_ISDIR(os.stat(f"{folder}/{link.name}").st_mode))
    except FileNotFoundError:
        return link._replace(is_folder=False)
    except OSError:
        return link._replace(is_folder=None)

"""What was made of each file, for as long as the file stays the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from supervisor.core.instant import SECOND, Instant
from supervisor.files.reading import Content, Settle, Signature, read_file, signature

T = TypeVar("T")

_YOUNG = 2 * SECOND
"""A file that changed less long ago than this may change again and keep its times: some filesystems count seconds."""

Changes = Mapping[str, bool]
"""Relative paths of files that changed; True for those renamed into place, which are whole."""


def is_old(of: Signature, now: Instant) -> bool:
    """Whether a file or folder that looks like this would look different after a change."""
    return now - max(of[3:]) > _YOUNG


class Reader(NamedTuple):
    """How files are read. ``settle`` waits for writers; ``now`` tells how old a file is, without it none is kept."""

    max_bytes: int
    settle: Settle | None = None
    now: Callable[[], Instant] | None = None

    def is_old(self, content: Content) -> bool:
        return self.now is not None and is_old(content.signature, self.now())


class _Entry(NamedTuple, Generic[T]):
    """``signature`` is None while the file is too young for it to tell anything."""

    path: str
    signature: Signature | None
    digest: int
    modified_at: Instant
    value: T


class Kept(Generic[T]):
    """Values made of a folder's files, by their relative paths.

    A value is the same object until its file's bytes or time of modification change.
    """

    def __init__(self, folder: str, reader: Reader) -> None:
        self._folder = folder
        self._reader = reader
        self._entries: dict[str, _Entry[T]] = {}

    def path(self, relative: str) -> str:
        return f"{self._folder}/{relative}"

    def get(self, relative: str, make: Callable[[Content], T], *, whole: bool = False) -> T:
        """What is made of the file now. ``whole``: nobody is writing it. Raises what ``read_file`` raises."""
        entry = self._entries.get(relative)
        if entry is not None and self.is_unchanged(relative):
            return entry.value
        path = self.path(relative)
        if self._reader.now is None:
            return make(read_file(path, self._reader.max_bytes, self._reader.settle))
        # What cannot be read now has no value, though it may look as it did when it could.
        self._entries.pop(relative, None)
        content = read_file(path, self._reader.max_bytes, None if whole else self._reader.settle)
        # Of 64 bits, and keyed for each process: nobody can aim at another content that has the same.
        digest = hash(content.data)
        same = entry is not None and (entry.digest, entry.modified_at) == (digest, content.modified_at)
        value = entry.value if entry is not None and same else make(content)
        old = content.signature if self._reader.is_old(content) else None
        self._entries[relative] = _Entry(path, old, digest, content.modified_at, value)
        return value

    def is_unchanged(self, relative: str) -> bool:
        """Whether the file looks as it did when its value was made, which at a glance is certain of old files alone."""
        return bool(self.unchanged((relative,)))

    def unchanged(self, names: Iterable[str]) -> set[str]:
        """Those of many files of which that is so."""
        entries, look = self._entries, os.stat
        same: set[str] = set()
        for name in names:
            entry = entries.get(name)
            if entry is None or entry.signature is None:
                continue
            try:
                found = look(entry.path)
            except OSError:
                continue
            # ``signature`` without the call: this is done for every file at every resync.
            if entry.signature == (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns):
                same.add(name)
        return same

    def keep_only(self, names: Container[str]) -> None:
        """Forget all other files."""
        for relative in [one for one in self._entries if one not in names]:
            del self._entries[relative]


class Item(NamedTuple):
    """A name in a folder. ``is_folder`` follows a link; None where it cannot be told."""

    name: str
    is_folder: bool | None
    is_link: bool


class Listings:
    """What is in folders. One is listed again only when it changed, or has links: where those lead may change."""

    def __init__(self, now: Callable[[], Instant] | None) -> None:
        self._now = now
        self._known: dict[str, tuple[Signature, tuple[Item, ...]]] = {}
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
                signature(os.stat(folder)) == found for folder, (found, _) in self._known.items()
            )
        except OSError:
            return False

    def of(self, folder: str) -> tuple[Item, ...]:
        """Its names in order; the same object as before while it is certain that they are the same. Raises OSError."""
        complete, self._complete = self._complete, False
        found = signature(os.stat(folder))
        known = self._before.get(folder)
        if known is None or known[0] != found:
            with os.scandir(folder) as entries:
                known = found, tuple(sorted([Item(one.name, _is_folder(one), one.is_symlink()) for one in entries]))
            if self._now is None or not is_old(found, self._now()) or any(one.is_link for one in known[1]):
                return known[1]
        self._known[folder] = known
        self._complete = complete
        return known[1]


def _is_folder(entry: os.DirEntry[str]) -> bool | None:
    try:
        return entry.is_dir()
    except OSError:
        return None

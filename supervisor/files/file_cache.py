"""What was made of each file, for as long as the file stays the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from supervisor.core.instant import Instant
from supervisor.files.listings import is_old
from supervisor.files.reading import Content, Settle, Signature, read_file

T = TypeVar("T")

Changes = Mapping[str, bool]
"""Relative paths of files that changed; True for those renamed into place, which are whole."""


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

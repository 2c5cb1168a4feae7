"""What was made of each file, remembered for as long as the file stays the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from supervisor.core.instant import Instant
from supervisor.files.listings import is_old
from supervisor.files.reading import Content, Signature

T = TypeVar("T")

Changes = Mapping[str, bool]
"""Relative paths of files that changed; True for those renamed into place, which are whole."""


class _Remembered(NamedTuple, Generic[T]):
    """``signature`` is None while the file is too young for it to tell anything."""

    path: str
    signature: Signature | None
    digest: int
    modified_at: Instant
    value: T


class FileCache(Generic[T]):
    """Values made of a folder's files, by their relative paths. ``now`` tells how old a file is.

    A value is the same object until its file's bytes or time of modification change.
    """

    def __init__(self, folder: str, now: Callable[[], Instant]) -> None:
        self._folder = folder
        self._now = now
        self._known: dict[str, _Remembered[T]] = {}

    def unchanged(self, names: Iterable[str]) -> dict[str, T]:
        """The values of those files that look as they did, which at a glance is certain of old files alone."""
        known, look = self._known, os.stat
        same: dict[str, T] = {}
        for name in names:
            file = known.get(name)
            if file is None or file.signature is None:
                continue
            try:
                looks = look(file.path)
            except OSError:
                continue
            # ``reading.signature`` without the call: this is done for every file at every resync.
            if file.signature == (looks.st_dev, looks.st_ino, looks.st_size, looks.st_mtime_ns, looks.st_ctime_ns):
                same[name] = file.value
        return same

    def value(self, name: str, content: Content, make: Callable[[Content], T]) -> T:
        """What is made of a file that was just read: the value there was, if its bytes and their time are the same."""
        # Of 64 bits, and keyed for each process: nobody can aim at another content that has the same.
        digest = hash(content.data)
        file = self._known.get(name)
        same = file is not None and (file.digest, file.modified_at) == (digest, content.modified_at)
        value = file.value if file is not None and same else make(content)
        looks = content.signature if is_old(content.signature, self._now()) else None
        self._known[name] = _Remembered(f"{self._folder}/{name}", looks, digest, content.modified_at, value)
        return value

    def forget(self, name: str) -> None:
        """It could not be read: it has no value now, though it may look as it did when it could."""
        self._known.pop(name, None)

    def keep_only(self, names: Container[str]) -> None:
        """Forget all other files."""
        for name in [name for name in self._known if name not in names]:
            del self._known[name]

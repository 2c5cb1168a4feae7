"""What was made of each file, for as long as the file stays the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from supervisor.core.instant import SECOND, Instant
from supervisor.files.reading import Content, Settle, Signature, read_file, signature

T = TypeVar("T")

_YOUNG = 2 * SECOND
"""A file that changed less long ago than this may change again and keep its times: some filesystems count seconds."""

Changes = Mapping[str, bool]
"""Relative paths of files that changed; True for those renamed into place, which are whole."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How files are read. ``settle`` waits for writers; ``now`` tells how old a file is, without it none is kept."""

    max_bytes: int
    settle: Settle | None = None
    now: Callable[[], Instant] | None = None

    def is_old(self, content: Content) -> bool:
        return self.now is not None and self.now() - content.changed_at > _YOUNG


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    signature: Signature | None
    """None while the file is too young for it to tell anything."""
    digest: bytes
    modified_at: Instant
    value: T


class Kept(Generic[T]):
    """Values made of files. A value is the same object until its file's bytes or time of modification change."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._entries: dict[str, _Entry[T]] = {}

    def get(self, path: str, make: Callable[[Content], T], *, whole: bool = False) -> T:
        """What is made of the file now. ``whole``: nobody is writing it. Raises what ``read_file`` raises."""
        entry = self._entries.get(path)
        if entry is not None and entry.signature is not None and entry.signature == signature(os.stat(path)):
            return entry.value
        content = read_file(path, self._reader.max_bytes, None if whole else self._reader.settle)
        digest = hashlib.blake2b(content.data, digest_size=16).digest()
        same = entry is not None and (entry.digest, entry.modified_at) == (digest, content.modified_at)
        value = entry.value if entry is not None and same else make(content)
        old = content.signature if self._reader.is_old(content) else None
        self._entries[path] = _Entry(old, digest, content.modified_at, value)
        return value

    def keep_only(self, paths: Container[str]) -> None:
        """Forget all other files."""
        for path in [one for one in self._entries if one not in paths]:
            del self._entries[path]

"""What there is to watch below the two folders, what no watch would see, and what the kernel really watches."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from supervisor.core.instant import Instant
from supervisor.files.listings import is_old
from supervisor.files.mounts import filesystem
from supervisor.files.reading import Signature, reason, shown_path, signature
from supervisor.files.trees import SERVICES_FILE, ignored, is_document

_FDINFO = "/proc/self/fdinfo"
_REMOTE = frozenset(("9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "nfs", "nfs4", "smb3", "virtiofs"))

Identity = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Root:
    """A folder to watch, under the name that the report gives it, and which names of files in it matter."""

    name: str
    path: str
    matters: Callable[[str], bool]

    def identity(self) -> Identity:
        with suppress(OSError):
            status = os.stat(self.path)
            return status.st_dev, status.st_ino
        return None


def roots(inventory: str, world: str) -> tuple[Root, ...]:
    return Root("hosts", inventory, SERVICES_FILE.__eq__), Root("world", world, is_document)


@dataclass(frozen=True, slots=True)
class Survey:
    """The folders to be watched by path, and what no watch can see, in words."""

    folders: dict[str, Identity]
    blind: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Listing:
    """A folder's real folders, and its links with whether their names matter; ``signature`` is None while it is young.

    Where a link leads may change without its folder.
    """

    identity: Identity
    signature: Signature | None
    folders: tuple[str, ...]
    links: tuple[tuple[str, bool], ...]


class Surveyor:
    """Walks the roots as watchdog does: every folder, no link followed. Lists a folder again only when it changed."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._known: dict[str, _Listing] = {}

    def survey(self, wanted: tuple[Root, ...]) -> Survey:
        known, self._known = self._known, {}
        folders: dict[str, Identity] = {}
        blind: list[str] = []
        for root in wanted:
            # Under the name it was given: it may be a link that is turned elsewhere.
            folders[root.path] = root.identity()
            if folders[root.path] is None:
                continue
            kind = filesystem(root.path)
            if kind in _REMOTE:
                blind.append(f"{root.path} is on {kind}, where changes by other machines are not noticed")
            work = [os.path.realpath(root.path)]
            while work:
                folder = work.pop()
                listing = known.get(folder)
                try:
                    status = os.stat(folder)
                    if listing is None or listing.signature != signature(status):
                        listing = self._list(root, folder, status)
                except OSError as error:
                    if error.errno != errno.ENOENT:
                        blind.append(f"{shown_path(folder)} is not watched: {reason(error)}")
                    continue
                self._known[folder] = listing
                folders[folder] = listing.identity
                for path, matters in listing.links:
                    if matters or os.path.isdir(path):
                        blind.append(f"{shown_path(path)} is a symbolic link, behind which changes are not noticed")
                if listing.folders:
                    work += reversed(listing.folders)
        return Survey(folders, tuple(blind))

    def _list(self, root: Root, folder: str, status: os.stat_result) -> _Listing:
        found = signature(status)
        folders, links = [], []
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_symlink() and not ignored(entry.name):
                    links.append((entry.path, root.matters(entry.name)))
        old = found if is_old(found, self._now()) else None
        return _Listing((status.st_dev, status.st_ino), old, tuple(sorted(folders)), tuple(sorted(links)))


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

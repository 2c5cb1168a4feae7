"""What there is to watch below the two folders, what no watch would see, and what the kernel really watches."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from supervisor.files.inventory import FILE_NAME
from supervisor.files.mounts import filesystem
from supervisor.files.reading import reason, shown_path
from supervisor.files.world import ignored, is_document

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
    return Root("hosts", inventory, FILE_NAME.__eq__), Root("world", world, is_document)


@dataclass(frozen=True, slots=True)
class Survey:
    """The folders to be watched by path, and what no watch can see, in words."""

    folders: dict[str, Identity]
    blind: tuple[str, ...]


def survey(wanted: tuple[Root, ...]) -> Survey:
    """Walk the roots as watchdog does: every folder, no link followed."""
    folders: dict[str, Identity] = {}
    blind: list[str] = []

    def refused(error: OSError) -> None:
        if error.errno != errno.ENOENT:
            folders.pop(error.filename, None)
            blind.append(f"{shown_path(error.filename)} is not watched: {reason(error)}")

    for root in wanted:
        # Under the name it was given: it may be a link that is turned elsewhere.
        folders[root.path] = root.identity()
        if folders[root.path] is None:
            continue
        kind = filesystem(root.path)
        if kind in _REMOTE:
            blind.append(f"{root.path} is on {kind}, where changes by other machines are not noticed")
        for folder, names, files in os.walk(os.path.realpath(root.path), onerror=refused):
            with suppress(OSError):
                status = os.stat(folder)
                folders[folder] = (status.st_dev, status.st_ino)
            for name in sorted(names) + sorted(one for one in files if root.matters(one)):
                path = os.path.join(folder, name)
                if not ignored(name) and os.path.islink(path):
                    blind.append(f"{shown_path(path)} is a symbolic link, behind which changes are not noticed")
    return Survey(folders, tuple(blind))


def watches() -> int | None:
    """How many folders the kernel watches for this process; None when it does not tell."""
    count = 0
    try:
        for name in os.listdir(_FDINFO):
            # Descriptors come and go meanwhile.
            with suppress(FileNotFoundError), open(f"{_FDINFO}/{name}", encoding="ascii", errors="replace") as lines:
                count += sum(line.startswith("inotify wd:") for line in lines)
    except OSError:
        return None
    return count

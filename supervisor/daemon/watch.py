"""Notices changes below the two folders. A hint, never the truth: the resync reads everything anyway.

watchdog goes blind in many ways while it looks alive. So ``check``, which every pass calls before it reads, compares
the folders that are there with those that were, counts the kernel's watches and looks whether the threads live; it
builds the observer anew where that can help, and says ``degraded`` and why where it cannot.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from watchdog.events import (
    DirAttribEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.inotify import InotifyObserver

from supervisor.core.instant import SECOND
from supervisor.files.inventory import FILE_NAME
from supervisor.files.mounts import filesystem
from supervisor.files.reading import reason, shown_path
from supervisor.files.world import ignored, is_document

WATCHING = "inotify"

_LOG = structlog.get_logger()
_FDINFO = "/proc/self/fdinfo"
_REMOTE = frozenset(("9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "nfs", "nfs4", "smb3", "virtiofs"))
_NAMED = 4
"""Faults that the state names; of more it says how many."""

_FIRST_RETRY = SECOND
_LAST_RETRY = 60 * SECOND

# Reads of a watched file must not wake us: our own would never end.
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    FileClosedEvent,
    FileAttribEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
    DirAttribEvent,
]
# Editors and git replace a file by deleting or renaming it first: what has gone may be about to come back.
_BEGINNINGS = (FileCreatedEvent, FileModifiedEvent, FileDeletedEvent, FileMovedEvent)

Identity = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Root:
    """A folder to watch, and which names of files in it matter."""

    path: str
    matters: Callable[[str], bool]

    def identity(self) -> Identity:
        with suppress(OSError):
            status = os.stat(self.path)
            return status.st_dev, status.st_ino
        return None


def roots(inventory: str, world: str) -> tuple[Root, ...]:
    return Root(inventory, FILE_NAME.__eq__), Root(world, is_document)


class Listener(Protocol):
    """Who is told of changes, from the watcher's threads."""

    def began(self, path: str) -> None: ...

    def ended(self, path: str) -> None: ...

    def stirred(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Survey:
    """The folders to be watched by path, and what no watch can see, in words."""

    folders: dict[str, Identity]
    blind: tuple[str, ...]


def _survey(wanted: tuple[Root, ...]) -> _Survey:
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
    return _Survey(folders, tuple(blind))


def _watches() -> int:
    """How many folders the kernel watches for this process."""
    count = 0
    for name in os.listdir(_FDINFO):
        with suppress(OSError), open(f"{_FDINFO}/{name}", encoding="ascii", errors="replace") as lines:
            count += sum(line.startswith("inotify wd:") for line in lines)
    return count


def _inotify() -> Any:
    return InotifyObserver(generate_full_events=True)


class Watcher:
    """Tells a listener of the changes that matter. ``monotonic`` gives nanoseconds."""

    def __init__(
        self, listener: Listener, monotonic: Callable[[], int], make_observer: Callable[[], Any] = _inotify
    ) -> None:
        self._listener = listener
        self._monotonic = monotonic
        self._make_observer = make_observer
        self._observer: Any = None
        self._wanted: tuple[Root, ...] = ()
        self._folders: dict[str, Identity] = {}
        self._faults: list[str] = []
        self._failures = 0
        self._retry_at = 0
        self._complaints = _Complaints(listener)
        logging.getLogger("watchdog").addHandler(self._complaints)
        self.state = "not watching"

    def check(self, wanted: tuple[Root, ...]) -> str:
        """Make sure that what is watched is what is wanted and there; ``inotify`` or ``degraded: why``."""
        seen = _survey(wanted)
        replaced = any(self._folders.get(path, identity) != identity for path, identity in seen.folders.items())
        self._folders = seen.folders
        may_retry = self._monotonic() >= self._retry_at and (self._faults or self._unwatched())
        if wanted != self._wanted or replaced or not self.is_alive() or may_retry:
            self._rebuild(wanted)
        faults = [*self._faults, *self._unwatched(), *seen.blind]
        if len(faults) > _NAMED:
            faults[_NAMED:] = [f"and {len(faults) - _NAMED} more"]
        self.state = f"degraded: {'; '.join(faults)}; looking every resync_interval" if faults else WATCHING
        return self.state

    def is_alive(self) -> bool:
        """False when one of its threads died, or there are none."""
        observer = self._observer
        if observer is None:
            return False
        # The thread that reads from the kernel is a private part; without it all others wait for ever.
        threads = (observer, getattr(observer, "_inotify_fd", observer), *tuple(observer.emitters))
        return all(one.is_alive() for one in threads)

    def died(self) -> bool:
        """True when it was watching and no longer is."""
        return self._observer is not None and not self.is_alive()

    def stop(self) -> None:
        """Stop watching for good."""
        logging.getLogger("watchdog").removeHandler(self._complaints)
        self._discard()

    def _discard(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            # What is left of a broken observer must not keep us from going on.
            with suppress(Exception):
                observer.stop()
                observer.join(5)

    def _rebuild(self, wanted: tuple[Root, ...]) -> None:
        self._discard()
        self._wanted = wanted
        self._faults = self._schedule(wanted)
        self._failures = self._failures + 1 if self._faults or self._unwatched() else 0
        self._retry_at = self._monotonic() + min(_FIRST_RETRY << min(self._failures, 10), _LAST_RETRY)

    def _schedule(self, wanted: tuple[Root, ...]) -> list[str]:
        """A new observer of these roots; what could not be watched, in words."""
        faults: list[str] = []
        try:
            observer = self._make_observer()
            observer.start()
        except (OSError, RuntimeError) as error:
            return [f"no inotify: {error}"]
        for root in wanted:
            # The real path: a watch on a symbolic link sees nothing.
            real = os.path.realpath(root.path)
            try:
                observer.schedule(_Handler(self._listener, root, real), real, recursive=True, event_filter=_EVENTS)
            except OSError as error:
                faults.append(f"{root.path} is not watched: {reason(error)}")
        self._observer = observer
        return faults

    def _unwatched(self) -> list[str]:
        """Watches that are missing although nothing said so: watchdog passes over folders that it cannot watch."""
        expected = len({identity for identity in self._folders.values() if identity is not None})
        missing = 0 if self._faults else expected - _watches()
        return (
            [f"{missing} of {expected} folders are not watched (fs.inotify.max_user_watches?)"] if missing > 0 else []
        )


class _Complaints(logging.Handler):
    """What watchdog complains of (a queue that overflowed, a watch it lost) may have cost changes: look soon."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(logging.WARNING)
        self._listener = listener

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - whatever it says
        self._listener.stirred()


class _Handler(FileSystemEventHandler):
    """Only sets flags; nothing may come out of it, an exception would end watchdog's dispatching thread."""

    def __init__(self, listener: Listener, root: Root, real: str) -> None:
        self._listener = listener
        self._root = root
        self._real = real

    def on_any_event(self, event: FileSystemEvent) -> None:
        try:
            self._tell(event)
        except Exception:  # noqa: BLE001 - whatever it is, the thread must go on
            _LOG.exception("a change was not understood; everything will be looked at")
            self._listener.stirred()

    def _tell(self, event: FileSystemEvent) -> None:
        source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
        if event.is_directory:
            if any(path and self._matters(path, ignored_only=True) for path in (source, target)):
                self._listener.stirred()
            return
        if source and self._matters(source):
            if isinstance(event, _BEGINNINGS):
                self._listener.began(source)
            else:
                self._listener.ended(source)
        if target and self._matters(target):
            self._listener.ended(target)

    def _matters(self, path: str, ignored_only: bool = False) -> bool:
        *folders, name = os.path.relpath(path, self._real).split("/")
        if any(ignored(folder) for folder in folders):
            return False
        return not ignored(name) if ignored_only else self._root.matters(name)

"""Notices changes below the input folders. It only gives hints: the resync looks at everything anyway.

watchdog can stop noticing changes in many ways while its threads live. So every pass that looks at everything calls
``check`` first, which compares the folders that are there with those that were there, counts the watches of the kernel
and asks whether the threads live. Where it helps, the observer is rebuilt; where not, the state is ``degraded: why``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

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
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

from supervisor.core.instant import SECOND, Instant
from supervisor.files.reading import reason
from supervisor.process import logs
from supervisor.supervise.watchable import Identity, Root, Surveyor, Way, watches

WATCHING = "inotify"
_FALLBACK = "falling back to a scan every resync_interval"

_LOG = logs.get_logger()
_NAMED = 4
"""Faults that the state names; the others are counted."""

_PAIRING = 0.005
"""Seconds that half of a rename waits for the other half. The kernel sends both together, so that only a file that left
the folders waits in vain."""

_FIRST_RETRY = SECOND
_LAST_RETRY = 60 * SECOND

# Not the events of reading: each pass reads, and would cause the next pass.
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
# A link to a folder is a file to watchdog.
_APPEARANCES: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
# Editors and git delete or rename a file before they write the new one: what is gone may come back at once.
_BEGINNINGS = (FileCreatedEvent, FileModifiedEvent, FileDeletedEvent, FileMovedEvent)


class Listener(Protocol):
    """Who is told of changes, from the watcher's threads. Paths begin with the name of their root."""

    def began(self, path: str) -> None: ...

    def ended(self, path: str) -> None: ...

    def renamed(self, path: str) -> None: ...

    def stirred(self) -> None: ...


def _inotify() -> Any:
    # watchdog's own value is half a second, for which everything after a moved file would wait.
    InotifyMoveEventGrouper.delay = _PAIRING
    return InotifyObserver(generate_full_events=True)


class Watcher:
    """Tells a listener of the changes that matter. Both clocks give nanoseconds."""

    def __init__(
        self,
        listener: Listener,
        monotonic: Callable[[], int],
        now: Callable[[], Instant],
        make_observer: Callable[[], Any] = _inotify,
    ) -> None:
        self._listener = listener
        self._monotonic = monotonic
        self._surveyor = Surveyor(now)
        self._make_observer = make_observer
        self._observer: Any = None
        self._wanted: tuple[Root, ...] = ()
        self._folders: dict[str, Identity] = {}
        self._ways: frozenset[Way] = frozenset()
        self._above: set[tuple[int, int]] = set()
        self._faults: list[str] = []
        self._failures = 0
        self._retry_at = 0
        self._complaints = _Complaints(listener)
        logging.getLogger("watchdog").addHandler(self._complaints)
        self.state = "not watching"

    def check(self, wanted: tuple[Root, ...]) -> str:
        """Watch every folder that is wanted and there; the state: ``inotify``, or ``degraded: why``."""
        seen = self._surveyor.survey(wanted)
        replaced = any(self._folders.get(path, identity) != identity for path, identity in seen.folders.items())
        replaced |= seen.ways != self._ways
        self._folders, self._ways = seen.folders, seen.ways
        unwatched = self._unwatched()
        may_retry = self._monotonic() >= self._retry_at and (self._faults or unwatched)
        if wanted != self._wanted or replaced or self.died() or may_retry:
            unwatched = self._rebuild(wanted)
        faults = [*self._faults, *unwatched, *seen.blind]
        if len(faults) > _NAMED:
            faults[_NAMED:] = [f"and {len(faults) - _NAMED} more"]
        self.state = (
            f"degraded: {'; '.join(faults)}; falling back to a scan every resync_interval" if faults else WATCHING
        )
        return self.state

    def is_alive(self) -> bool:
        """False when one of its threads died, or there are none."""
        observer = self._observer
        if observer is None:
            return False
        # The thread that reads from the kernel is a private part; without it all others wait for ever.
        threads = (observer, getattr(observer, "_inotify_fd", observer), *tuple(observer.emitters))
        return all(thread.is_alive() for thread in threads)

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
            # A broken observer may fail to stop; the new one does not depend on it.
            with suppress(Exception):
                observer.stop()
                observer.join(5)

    def _rebuild(self, wanted: tuple[Root, ...]) -> list[str]:
        """Build the observer again; what is still not watched, in words."""
        self._discard()
        self._wanted = wanted
        self._faults = self._schedule(wanted)
        unwatched = self._unwatched()
        self._failures = self._failures + 1 if self._faults or unwatched else 0
        self._retry_at = self._monotonic() + min(_FIRST_RETRY << min(self._failures, 10), _LAST_RETRY)
        return unwatched

    def _schedule(self, wanted: tuple[Root, ...]) -> list[str]:
        """A new observer of these roots; what could not be watched, in words."""
        faults: list[str] = []
        try:
            observer = self._make_observer()
            observer.start()
        except (OSError, RuntimeError) as error:
            return [f"no inotify: {error}"]
        # First: where a folder is also below a root, the wider watch on it has to be the last.
        self._watch_ways(observer)
        for root in wanted:
            # The real path: a watch on a symbolic link sees nothing.
            real = os.path.realpath(root.path)
            try:
                observer.schedule(_Handler(self._listener, root, real), real, recursive=True, event_filter=_EVENTS)
            except OSError as error:
                faults.append(f"{root.path} is not watched: {reason(error)}")
        self._observer = observer
        return faults

    def _watch_ways(self, observer: Any) -> None:
        """A root that appears or vanishes is seen in the folder above it. It is a help only: who may not, need not."""
        self._above = set()
        for way in sorted(self._ways):
            with suppress(OSError):
                handler = _Threshold(self._listener, way.child)
                observer.schedule(handler, way.folder, recursive=False, event_filter=_APPEARANCES)
                status = os.stat(way.folder)
                self._above.add((status.st_dev, status.st_ino))

    def _unwatched(self) -> list[str]:
        """Folders without a watch of the kernel, in words. watchdog leaves them out and says nothing."""
        expected = len({identity for identity in self._folders.values() if identity is not None} | self._above)
        there = None if self._faults else watches()
        if there is None or there >= expected:
            return []
        return [f"{expected - there} of {expected} folders are not watched (fs.inotify.max_user_watches?)"]


class _Complaints(logging.Handler):
    """After a warning of watchdog (its queue overflowed, a watch is lost) changes may be missing: look soon."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(logging.WARNING)
        self._listener = listener

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - whatever it says
        self._listener.stirred()


class _Threshold(FileSystemEventHandler):
    """Tells the listener when a root, or a folder on the way to it, appears or vanishes. It raises nothing."""

    def __init__(self, listener: Listener, path: str) -> None:
        self._listener = listener
        self._path = os.fsencode(path)

    def on_any_event(self, event: FileSystemEvent) -> None:
        if self._path in (os.fsencode(event.src_path), os.fsencode(event.dest_path)):
            self._listener.stirred()


class _Handler(FileSystemEventHandler):
    """Tells the listener. It raises nothing: an exception would end the thread of watchdog that calls it."""

    def __init__(self, listener: Listener, root: Root, real: str) -> None:
        self._listener = listener
        self._root = root
        self._real = real

    def on_any_event(self, event: FileSystemEvent) -> None:
        try:
            self._tell(event)
        except Exception:  # noqa: BLE001 - whatever it is, the thread must go on
            _LOG.exception("unexpected file event; rescanning everything")
            self._listener.stirred()

    def _tell(self, event: FileSystemEvent) -> None:
        source, target = self._below(event.src_path), self._below(event.dest_path)
        tree = self._root.tree
        if event.is_directory:
            if any(path and (tree.holds(path) or tree.reads(path)) for path in (source, target)):
                self._listener.stirred()
            return
        if source and tree.reads(source):
            if isinstance(event, _BEGINNINGS):
                self._listener.began(f"{tree.name}/{source}")
            else:
                self._listener.ended(f"{tree.name}/{source}")
        if target and tree.reads(target):
            self._listener.renamed(f"{tree.name}/{target}")

    def _below(self, path: str | bytes) -> str:
        """Relative to the root; nothing for what is not below it, the root itself among that."""
        text = os.fsdecode(path)
        return text[len(self._real) + 1 :] if text.startswith(f"{self._real}/") else ""

"""Notices changes below the two folders. A hint, never the truth: the resync looks at everything anyway.

watchdog goes blind in many ways while it looks alive. So ``check``, which every pass calls before it looks at
everything, compares the folders that are there with those that were, counts the kernel's watches and looks whether the
threads live; it builds the observer anew where that can help, and says ``degraded`` and why where it cannot.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
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
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

from supervisor.core.instant import SECOND, Instant
from supervisor.files.reading import reason
from supervisor.supervise.watchable import Identity, Root, Surveyor, watches

WATCHING = "inotify"

_LOG = structlog.get_logger()
_NAMED = 4
"""Faults that the state names; of more it says how many."""

_PAIRING = 0.005
"""Seconds; the kernel puts the halves of a rename behind one another, so that only what left the folders waits."""

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


class Listener(Protocol):
    """Who is told of changes, from the watcher's threads. Paths begin with the name of their root."""

    def began(self, path: str) -> None: ...

    def ended(self, path: str) -> None: ...

    def renamed(self, path: str) -> None: ...

    def stirred(self) -> None: ...


def _inotify() -> Any:
    # How long a rename's first half, and everything behind it, waits for its second: half a second, as it comes.
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
        self._faults: list[str] = []
        self._failures = 0
        self._retry_at = 0
        self._complaints = _Complaints(listener)
        logging.getLogger("watchdog").addHandler(self._complaints)
        self.state = "not watching"

    def check(self, wanted: tuple[Root, ...]) -> str:
        """Make sure that what is watched is what is wanted and there; ``inotify`` or ``degraded: why``."""
        seen = self._surveyor.survey(wanted)
        replaced = any(self._folders.get(path, identity) != identity for path, identity in seen.folders.items())
        self._folders = seen.folders
        unwatched = self._unwatched()
        may_retry = self._monotonic() >= self._retry_at and (self._faults or unwatched)
        if wanted != self._wanted or replaced or self.died() or may_retry:
            unwatched = self._rebuild(wanted)
        faults = [*self._faults, *unwatched, *seen.blind]
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

    def _rebuild(self, wanted: tuple[Root, ...]) -> list[str]:
        """Watch anew; what is not watched all the same."""
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
        there = None if self._faults else watches()
        if there is None or there >= expected:
            return []
        return [f"{expected - there} of {expected} folders are not watched (fs.inotify.max_user_watches?)"]


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

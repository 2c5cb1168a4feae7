"""Notices changes below the two folders. A hint, never the truth: the resync reads everything anyway.

watchdog goes blind in many ways while it looks alive, so ``check`` compares the roots that are watched with those that
are there, looks whether its threads live, and builds the observer anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
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

from supervisor.files.inventory import FILE_NAME
from supervisor.files.reading import reason
from supervisor.files.world import ignored, is_document

WATCHING = "inotify"

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


def _inotify() -> Any:
    return InotifyObserver(generate_full_events=True)


class Watcher:
    """Tells a listener of the changes that matter."""

    def __init__(self, listener: Listener, make_observer: Callable[[], Any] = _inotify) -> None:
        self._listener = listener
        self._make_observer = make_observer
        self._observer: Any = None
        self._watched: tuple[tuple[Root, Identity], ...] = ()
        self.state = "not watching"

    def check(self, wanted: tuple[Root, ...]) -> str:
        """Make sure that what is watched is what is wanted and there; ``inotify`` or ``degraded: why``."""
        seen = tuple((root, root.identity()) for root in wanted)
        if seen != self._watched or not self.is_alive():
            self._watched = seen
            self._rebuild(wanted)
        return self.state

    def is_alive(self) -> bool:
        observer = self._observer
        return observer is not None and observer.is_alive() and all(one.is_alive() for one in tuple(observer.emitters))

    def stop(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            # What is left of a broken observer must not keep us from going on.
            with suppress(Exception):
                observer.stop()
                observer.join(5)

    def _rebuild(self, wanted: tuple[Root, ...]) -> None:
        self.stop()
        faults: list[str] = []
        try:
            observer = self._make_observer()
            observer.start()
        except (OSError, RuntimeError) as error:
            self.state = f"degraded: no inotify: {error}; looking every resync_interval"
            return
        for root in wanted:
            # The real path: a watch on a symbolic link sees nothing.
            real = os.path.realpath(root.path)
            try:
                observer.schedule(_Handler(self._listener, root, real), real, recursive=True, event_filter=_EVENTS)
            except OSError as error:
                faults.append(f"{root.path} is not watched: {reason(error)}")
        self._observer = observer
        self.state = f"degraded: {'; '.join(faults)}" if faults else WATCHING


class _Handler(FileSystemEventHandler):
    """Only sets flags: an exception here would end watchdog's dispatching thread."""

    def __init__(self, listener: Listener, root: Root, real: str) -> None:
        self._listener = listener
        self._root = root
        self._real = real

    def on_any_event(self, event: FileSystemEvent) -> None:
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

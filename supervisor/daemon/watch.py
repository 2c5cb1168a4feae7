"""Notices changes below the two folders. A hint, never the truth: the resync reads everything anyway.

watchdog goes blind in many ways while it looks alive (a root replaced, an emitter dead, a symlink re-pointed), so
``check`` compares what is watched with what is there and builds the observer anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

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
_BEGINNINGS = (FileCreatedEvent, FileModifiedEvent, DirCreatedEvent)

Identity = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Root:
    """A folder to watch, and which files in it matter."""

    path: str
    matters: Callable[[str], bool]

    def identity(self) -> Identity:
        with suppress(OSError):
            status = os.stat(self.path)
            return status.st_dev, status.st_ino
        return None


def roots(inventory: str, world: str) -> tuple[Root, ...]:
    return Root(inventory, lambda name: name == FILE_NAME), Root(world, is_document)


class Watcher:
    """Calls ``began(path)`` and ``ended(path)``, from threads of its own, for changes that matter."""

    def __init__(
        self,
        began: Callable[[str], None],
        ended: Callable[[str], None],
        make_observer: Callable[[], Any] = lambda: InotifyObserver(generate_full_events=True),
    ) -> None:
        self.began = began
        self.ended = ended
        self._make_observer = make_observer
        self._observer: Any = None
        self._roots: tuple[Root, ...] = ()
        self._watched: tuple[Identity, ...] = ()
        self.state = "not watching"

    def aim(self, wanted: tuple[Root, ...]) -> None:
        """Watch these from now on."""
        self._roots = wanted
        self._rebuild()

    def check(self) -> str:
        """Make sure that what is watched is what is there; the state, ``inotify`` or ``degraded: why``."""
        seen = tuple(root.identity() for root in self._roots)
        if seen != self._watched or not self.is_alive() or self.state != WATCHING:
            self._rebuild()
        return self.state

    def is_alive(self) -> bool:
        observer = self._observer
        return bool(
            observer is not None and observer.is_alive() and all(emitter.is_alive() for emitter in observer.emitters)
        )

    def stop(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            # What is left of a broken observer must not keep us from going on.
            with suppress(Exception):
                observer.stop()
                observer.join(5)

    def _rebuild(self) -> None:
        self.stop()
        faults: list[str] = []
        self._watched = tuple(root.identity() for root in self._roots)
        try:
            observer = self._make_observer()
            observer.start()
        except (OSError, RuntimeError) as error:
            self.state = f"degraded: no inotify: {error}; looking every resync_interval"
            return
        self._observer = observer
        for root in self._roots:
            # The real path: a watch on a symbolic link sees nothing.
            real = os.path.realpath(root.path)
            try:
                observer.schedule(_Handler(self, root, real), real, recursive=True, event_filter=_EVENTS)
            except OSError as error:
                faults.append(f"{root.path} is not watched: {reason(error)}")
        self.state = f"degraded: {'; '.join(faults)}" if faults else WATCHING


class _Handler(FileSystemEventHandler):
    """Only sets flags: an exception here would end watchdog's dispatching thread."""

    def __init__(self, watcher: Watcher, root: Root, real: str) -> None:
        self._watcher = watcher
        self._root = root
        self._real = real

    def on_any_event(self, event: FileSystemEvent) -> None:
        for path in {os.fsdecode(event.src_path), os.fsdecode(event.dest_path)} - {""}:
            if event.is_directory or self._matters(path):
                if isinstance(event, _BEGINNINGS):
                    self._watcher.began(path)
                else:
                    self._watcher.ended(path)

    def _matters(self, path: str) -> bool:
        *folders, name = os.path.relpath(path, self._real).split("/")
        return self._root.matters(name) and not any(map(ignored, folders))

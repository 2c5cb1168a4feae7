"""The world folder: the union of every document in it, as the actual state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

from supervisor.core.model.actual import Actual, Reading
from supervisor.core.model.problems import InvalidInput, Level, Problem
from supervisor.core.model.subjects import WORLD
from supervisor.core.state.world_union import update
from supervisor.errors import InputError, UnreadableError
from supervisor.files.file_cache import Changes, Kept, Reader
from supervisor.files.listings import Item, Listings, walk
from supervisor.files.loaded import Loaded
from supervisor.files.reading import Settle, reason, shown_path
from supervisor.files.trees import SUFFIXES, WORLD_TREE, ignored, is_document
from supervisor.files.world.document import parse_document, unreadable


def load_world(folder: str, max_bytes: int, settle: Settle | None = None) -> Loaded[Actual]:
    """Read every document below ``folder``. Never raises for what it finds there: see ``problems``."""
    return World(folder, Reader(max_bytes, settle)).read()


class World:
    """A world folder. What did not change since it was read is the same object when it is read again."""

    def __init__(self, folder: str, reader: Reader) -> None:
        self._folder = folder
        self._keeps = reader.now is not None
        self._kept: Kept[Reading] = Kept(folder, reader)
        self._listings = Listings(reader.now)
        # Reasons, and no errors: one that was raised leads back here by way of its frames.
        self._files: dict[str, str | None] = {}
        self._loaded: Loaded[Actual] | None = None

    def read(self, changes: Changes | None = None) -> Loaded[Actual]:
        """Read every document, or look at those alone that ``changes`` names. Never raises for what it finds."""
        before = self._loaded.value if self._loaded is not None and self._loaded.value.folder is None else Actual()
        known = before.readings
        changed: dict[str, Reading | None] = {}
        if changes is None or not known:
            try:
                if not self._listings.hold():
                    self._files = dict(_documents(self._folder, self._listings))
            except OSError as error:
                return self._unusable(f"the world folder {shown_path(self._folder)} cannot be read: {reason(error)}")
            files = self._files
            changed |= dict.fromkeys(known.keys() - files.keys())
            same = self._kept.unchanged(files) & known.keys()
            for relative in [one for one in files if one not in same]:
                fault = files[relative]
                reading = self._reading(relative, fault, False, known.get(relative))
                if reading is not known.get(relative):
                    changed[relative] = reading
            if changed:
                self._kept.keep_only(files)
        else:
            for relative, whole in sorted(changes.items()):
                if WORLD_TREE.reads(relative):
                    changed[relative] = self._reading(relative, None, whole, known.get(relative))
        if not changed and self._loaded is not None and self._loaded.value is before:
            return self._loaded
        actual = update(before, changed) if changed else before
        if not actual.readings:
            return self._unusable(
                f"the world folder {shown_path(self._folder)} has no document (*.json, *.yaml, *.yml)"
            )
        self._loaded = Loaded(actual, tuple(fault for one in actual.unreadable for fault in one.errors))
        return self._loaded

    def _unusable(self, message: str) -> Loaded[Actual]:
        fault = Problem("world/", None, None, Level.ERROR, message)
        self._loaded = Loaded(Actual(folder=InvalidInput(WORLD, (fault,))), (fault,))
        return self._loaded

    def _reading(self, relative: str, fault: str | None, whole: bool, before: Reading | None) -> Reading | None:
        """What a document says, or why it cannot be told; None when it is gone."""
        try:
            if fault is not None:
                raise UnreadableError(fault)
            return self._kept.get(relative, partial(parse_document, relative, self._keeps), whole=whole)
        except FileNotFoundError:
            # Gone between listing and reading: as if it had gone before. A link to nothing is another matter.
            if not os.path.lexists(self._kept.path(relative)):
                return None
            fault_reading = unreadable(relative, UnreadableError("is a symbolic link to nothing"))
        except OSError as error:
            fault_reading = unreadable(relative, UnreadableError(f"cannot be read: {reason(error)}"))
        except InputError as error:
            fault_reading = unreadable(relative, error)
        return before if before == fault_reading else fault_reading


def _documents(root: str, listings: Listings) -> Iterator[tuple[str, str | None]]:
    """Relative paths of documents, and of folders that cannot be looked into with the reason; OSError for the root."""
    for folder in walk(root, listings, _is_folder):
        if folder.listing is None:
            yield folder.relative, folder.fault
            continue
        for item in folder.listing.items:
            if not item.is_folder and is_document(item.name):
                yield folder.path_of(item), None


def _is_folder(item: Item) -> bool:
    """Where it cannot be told, looking into it says why, unless its name says that it is a document."""
    is_folder = not item.name.endswith(SUFFIXES) if item.is_folder is None else item.is_folder
    return is_folder and not ignored(item.name)

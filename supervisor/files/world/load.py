"""The world folder: the union of every document in it, as the actual state."""

from __future__ import annotations

import os
from collections.abc import Iterator

from supervisor.core.model.actual import Actual, Reading
from supervisor.core.model.problems import InvalidInput, Level, Problem
from supervisor.core.model.subjects import WORLD
from supervisor.core.state.world_union import union_of
from supervisor.core.text import printable
from supervisor.errors import UnreadableError
from supervisor.files.listings import Item, Listings, walk
from supervisor.files.loaded import Loaded
from supervisor.files.reading import Settle, Unread, printable_path, read_files, reason
from supervisor.files.trees import SUFFIXES, ignored, is_document, own_node
from supervisor.files.world.document import parse_document, unreadable


def load_world(folder: str, max_bytes: int, settle: Settle | None = None) -> Loaded[Actual]:
    """Read every document below ``folder``. Never raises for what it finds there: see ``problems``."""
    try:
        files = documents(folder, Listings())
    except OSError as error:
        return unusable_folder(f"the world folder {printable_path(folder)} cannot be read: {reason(error)}")
    readings: dict[str, Reading | None] = unusable_files(files)
    names = {file: False for file, fault in files.items() if fault is None}
    for file, content in read_files(folder, names, max_bytes, settle):
        if isinstance(content, Unread):
            readings[file] = unread_document(folder, file, content)
        else:
            readings[file] = parse_document(file, content)
    return world_of(folder, union_of(readings))


def documents(root: str, listings: Listings) -> dict[str, str | None]:
    """Relative paths of documents; of what cannot be used whatever is in it with the reason. OSError for the root."""
    files = dict(_walked(root, listings))
    own: dict[str, list[str]] = {}
    for file in files:
        node = own_node(file)
        if node is not None:
            own.setdefault(node, []).append(file)
    for node, several in own.items():
        if len(several) > 1:
            # Which of them the node's observer writes cannot be told.
            fault = f"is not the only document of node {node!r}: keep one of {', '.join(several)}"
            files |= {file: printable(fault) for file in several}
    return files


def _walked(root: str, listings: Listings) -> Iterator[tuple[str, str | None]]:
    """Documents, and folders that cannot be looked into with the reason."""
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


def unusable_files(files: dict[str, str | None]) -> dict[str, Reading | None]:
    """Those of ``documents`` that cannot be used."""
    return {file: unreadable(file, UnreadableError(fault)) for file, fault in files.items() if fault is not None}


def unread_document(folder: str, file: str, unread: Unread) -> Reading | None:
    """A document that cannot be read; None when it is gone since it was listed, as if it had gone before."""
    if not unread.is_absent:
        return unreadable(file, UnreadableError(unread.fault))
    if os.path.lexists(f"{folder}/{file}"):
        return unreadable(file, UnreadableError("is a symbolic link to nothing"))
    return None


def world_of(folder: str, actual: Actual) -> Loaded[Actual]:
    """A world with its problems; unusable where no document observes anything."""
    if not actual.unreadable and not any(facts.newest is not None for facts in actual.nodes.values()):
        lacks = "that tells of nodes or services" if actual.readings else "(*.json, *.yaml, *.yml)"
        return unusable_folder(f"the world folder {printable_path(folder)} has no document {lacks}")
    return Loaded(actual, tuple(fault for document in actual.unreadable for fault in document.errors))


def unusable_folder(message: str) -> Loaded[Actual]:
    """No world at all."""
    fault = Problem("world/", None, None, Level.ERROR, message)
    return Loaded(Actual(folder=InvalidInput(WORLD, (fault,))), (fault,))

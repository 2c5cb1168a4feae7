"""What is remembered of an inventory folder between passes: only files that changed are read again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial

from supervisor.core.instant import Instant
from supervisor.core.model.desired import Desired
from supervisor.files.file_cache import Changes, FileCache
from supervisor.files.inventory.load import (
    inventory_of,
    node_without_file,
    services_files,
    unusable_folder,
    without_folder,
)
from supervisor.files.inventory.services_file import NodePart, parse_services
from supervisor.files.listings import Listing, Listings
from supervisor.files.loaded import Loaded
from supervisor.files.reading import Settle, Unread, read_files
from supervisor.files.trees import HOSTS_TREE


class InventoryMemory:
    """Reads what ``load_inventory`` reads. What did not change is the same object as in the pass before."""

    def __init__(self, folder: str, max_bytes: int, settle: Settle | None, now: Callable[[], Instant]) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._settle = settle
        self._listings = Listings(now)
        self._listed: Listing | None = None
        self._files: dict[str, str] = {}
        self._cache: FileCache[NodePart] = FileCache(folder, now)
        self._parts: dict[str, NodePart] = {}
        self._loaded: Loaded[Desired] = unusable_folder("nothing was read yet")

    def read(self, changes: Changes | None = None) -> Loaded[Desired]:
        """Look at every node, or at the files alone that ``changes`` names."""
        if changes is not None and self._loaded.value.folder is None:
            return self._read_changed(changes)
        try:
            self._listings.begin()
            listing = self._listings.of(self._folder)
        except OSError as error:
            return self._remember({}, unusable_folder(without_folder(self._folder, error)))
        if listing is not self._listed:
            self._listed, self._files = listing, services_files(listing)
            self._cache.keep_only(self._files)
        return self._read_all()

    def _read_all(self) -> Loaded[Desired]:
        same = self._cache.unchanged(self._files)
        if len(same) == len(self._files) == len(self._parts) and self._loaded.value.folder is None:
            return self._loaded
        parts: dict[str, NodePart | None] = {node: same.get(file) for file, node in self._files.items()}
        parts |= self._read({file: False for file in self._files if file not in same})
        left = {node: part for node, part in parts.items() if part is not None}
        if self._loaded.value.folder is None and [*map(id, left.values())] == [*map(id, self._parts.values())]:
            return self._loaded
        return self._remember(left, inventory_of(self._folder, left))

    def _read_changed(self, changes: Changes) -> Loaded[Desired]:
        parts = self._read({file: whole for file, whole in sorted(changes.items()) if HOSTS_TREE.reads(file)})
        if all(part is self._parts.get(node) for node, part in parts.items()):
            return self._loaded
        if all(_is_plain(part) and _is_plain(self._parts.get(node)) for node, part in parts.items()):
            return self._patch(parts)
        parts = {**self._parts, **parts}
        left = {node: part for node in sorted(parts, key=os.fsencode) if (part := parts[node]) is not None}
        return self._remember(left, inventory_of(self._folder, left))

    def _read(self, files: Changes) -> dict[str, NodePart | None]:
        """What is in some files now, by node; the same object as before where it says the same."""
        parts: dict[str, NodePart | None] = {}
        for file, content in read_files(self._folder, files, self._max_bytes, self._settle):
            node = file.partition("/")[0]
            if isinstance(content, Unread):
                self._cache.forget(file)
                part, before = node_without_file(self._folder, node, content), self._parts.get(node)
                parts[node] = before if before == part else part
            else:
                parts[node] = self._cache.value(file, content, partial(parse_services, node))
        return parts

    def _patch(self, changed: Mapping[str, NodePart | None]) -> Loaded[Desired]:
        """Some plain parts in the place of others: the rest is not looked through."""
        desired = self._loaded.value
        parts, nodes = dict(self._parts), dict(desired.nodes)
        for name, part in changed.items():
            if part is not None and part.node is not None:
                parts[name], nodes[name] = part, part.node
        self._parts = parts
        self._loaded = self._loaded._replace(value=desired._replace(nodes=nodes))
        return self._loaded

    def _remember(self, parts: dict[str, NodePart], loaded: Loaded[Desired]) -> Loaded[Desired]:
        self._parts = parts
        if self._loaded != loaded:
            self._loaded = loaded
        return self._loaded


def _is_plain(part: NodePart | None) -> bool:
    """Whether it is a node's, and nothing is to be said of it."""
    return part is not None and part.node is not None and not part.problems and not part.hints

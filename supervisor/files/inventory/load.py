"""The inventory folder: every ``<node>/services.yaml`` below it, as the desired state."""

from __future__ import annotations

import os
from collections.abc import Mapping as Map
from functools import partial

from supervisor.core.model.desired import Desired
from supervisor.core.model.problems import InvalidInput, Level, Problem
from supervisor.core.model.subjects import HOSTS
from supervisor.errors import InputError, UnreadableError
from supervisor.files.file_cache import Changes, Kept, Reader
from supervisor.files.inventory.services_file import (
    MISNAMED,
    NodePart,
    ServicesFile,
    closed_folder,
    is_plain,
    parse_services,
)
from supervisor.files.listings import Listing, Listings
from supervisor.files.loaded import Loaded
from supervisor.files.reading import Settle, reason, shown_path
from supervisor.files.trees import HOSTS_TREE, SERVICES_FILE


def load_inventory(folder: str, max_bytes: int, settle: Settle | None = None) -> Loaded[Desired]:
    """Read every node below ``folder``. Never raises for what it finds there: see ``problems``."""
    return Inventory(folder, Reader(max_bytes, settle)).read()


class Inventory:
    """An inventory folder. What did not change since it was read is the same object when it is read again."""

    def __init__(self, folder: str, reader: Reader) -> None:
        self._folder = folder
        self._kept: Kept[NodePart] = Kept(folder, reader)
        self._listings = Listings(reader.now)
        self._listed: Listing | None = None
        self._names: dict[str, str] = {}
        self._parts: dict[str, NodePart] = {}
        self._loaded: Loaded[Desired] = Loaded(Desired(folder=InvalidInput(HOSTS, ())))

    def read(self, changes: Changes | None = None) -> Loaded[Desired]:
        """Read every node, or look at the files alone that ``changes`` names. Never raises for what it finds."""
        if changes is None or self._loaded.value.folder is not None:
            try:
                self._listings.begin()
                listed = self._listings.of(self._folder)
            except OSError as error:
                message = f"the inventory folder {shown_path(self._folder)} cannot be read: {reason(error)}"
                return self._keep({}, _unusable_folder(message))
            if listed is not self._listed:
                self._listed = listed
                names = sorted([item.name for item in listed.items if HOSTS_TREE.holds(item.name)], key=os.fsencode)
                self._names = {name: _relative(name) for name in names}
                self._kept.keep_only(set(self._names.values()))
            same = self._kept.unchanged(self._names.values())
            if len(same) == len(self._names) == len(self._parts) and self._loaded.value.folder is None:
                return self._loaded
            found = {
                name: self._parts[name] if relative in same and name in self._parts else self._part(name)
                for name, relative in self._names.items()
            }
        else:
            found = dict[str, NodePart | None]()
            for path, whole in sorted(changes.items()):
                if HOSTS_TREE.reads(path):
                    name = path.partition("/")[0]
                    found[name] = self._part(name, whole)
            if all(part == self._parts.get(name) for name, part in found.items()):
                return self._loaded
            plain = {name: part for name, part in found.items() if is_plain(part) and is_plain(self._parts.get(name))}
            if len(plain) == len(found):
                return self._patch(plain)
            found = {**self._parts, **found}
            found = {name: found[name] for name in sorted(found, key=os.fsencode)}
        parts = {name: one for name, one in found.items() if one is not None}
        if self._loaded.value.folder is not None or [*map(id, parts.values())] != [*map(id, self._parts.values())]:
            return self._keep(parts, self._load(parts))
        return self._loaded

    def _patch(self, found: Map[str, NodePart | None]) -> Loaded[Desired]:
        """Some plain parts in the place of others: the rest is not looked through."""
        desired, problems = self._loaded
        parts, nodes = dict(self._parts), dict(desired.nodes)
        for name, part in found.items():
            if part is not None and part.node is not None:
                parts[name], nodes[name] = part, part.node
        self._parts = parts
        self._loaded = Loaded(desired._replace(nodes=nodes), problems)
        return self._loaded

    def _keep(self, parts: dict[str, NodePart], loaded: Loaded[Desired]) -> Loaded[Desired]:
        self._parts = parts
        if self._loaded != loaded:
            self._loaded = loaded
        return self._loaded

    def _load(self, parts: Map[str, NodePart]) -> Loaded[Desired]:
        problems = tuple(one for part in parts.values() for one in part.problems)
        nodes = {name: part.node for name, part in parts.items() if part.node is not None}
        invalid = tuple(part.invalid for part in parts.values() if part.invalid is not None)
        if not nodes and not invalid:
            message = f"the inventory folder {shown_path(self._folder)} has no <node>/{SERVICES_FILE}"
            unusable = _unusable_folder(message)
            return Loaded(unusable.value, (*problems, *unusable.problems))
        return Loaded(Desired(nodes, invalid), problems)

    def _part(self, name: str, whole: bool = False) -> NodePart | None:
        """What is below one name in the folder; None when it is no node."""
        relative = _relative(name)
        before = self._parts.get(name)
        try:
            return self._kept.get(relative, partial(parse_services, name), whole=whole)
        except (OSError, InputError) as error:
            part = self._without_text(name, error)
        return before if before == part else part

    def _without_text(self, name: str, error: OSError | InputError) -> NodePart | None:
        file = ServicesFile(name)
        folder = os.path.join(self._folder, name)
        if not isinstance(error, FileNotFoundError):
            try:
                os.stat(os.path.join(folder, "."))
            except NotADirectoryError:
                # A plain file beside the node folders.
                return None
            except OSError as closed:
                return closed_folder(name, f"cannot be looked into: {reason(closed)}")
            file.fail(error if isinstance(error, InputError) else UnreadableError(f"cannot be read: {reason(error)}"))
        elif os.path.lexists(self._kept.path(_relative(name))):
            file.fail(InputError("is a symbolic link to nothing"))
        elif os.path.lexists(os.path.join(folder, MISNAMED)):
            file.warn_misnamed()
        else:
            return None
        return file.part()


def _relative(name: str) -> str:
    return f"{name}/{SERVICES_FILE}"


def _unusable_folder(message: str) -> Loaded[Desired]:
    fault = Problem("hosts/", None, None, Level.ERROR, message)
    return Loaded(Desired(folder=InvalidInput(HOSTS, (fault,))), (fault,))

"""The registry of input trees: what each is called, which setting names its folder, which names in it matter.

Readers and watch ask here and nowhere else, so that what is read is also what is watched. Another tree is another
``Tree``: its reader, its setting, and a row in ``TREES``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

SERVICES_FILE = "services.yaml"
SUFFIXES = (".json", ".yaml", ".yml")
MAX_DEPTH = 32
"""Folders in one another; what is deeper is not read."""

_UNFINISHED = ("~", ".tmp", ".swp")
_OF_DISKS_AND_SHARES = frozenset(("lost+found", "@eaDir", "#recycle", "$RECYCLE.BIN", ".stfolder"))
_CONFLICTS = (".sync-conflict-", " (conflicted copy ")


class Tree(NamedTuple):
    """An input folder. ``name`` begins the paths in reports, ``setting`` holds the folder's path.

    Paths are relative to the folder. ``reads(file)``: the file is an input; ``holds(folder)``: files in the folder, or
    further below, can be inputs. Both go by names alone.
    """

    name: str
    setting: str
    reads: Callable[[str], bool]
    holds: Callable[[str], bool]


def ignored(name: str) -> bool:
    """Whether a file or folder of this name is passed over: an unfinished file, or a file that is not the owner's."""
    return name.endswith(_UNFINISHED) or ignored_node(name)


def ignored_node(name: str) -> bool:
    """Whether a folder of the inventory is passed over. Any other folder is a node's, also ``box.tmp``.

    Besides hidden names: what filesystems, shares and recycle bins put there, and the copies that Syncthing and
    Nextcloud make of files that were changed in two places.
    """
    return name.startswith(".") or name in _OF_DISKS_AND_SHARES or any(mark in name for mark in _CONFLICTS)


def is_document(name: str) -> bool:
    """Whether a file of this name is a document of the world."""
    return name.endswith(SUFFIXES) and not ignored(name)


def own_node(relative: str) -> str | None:
    """The node whose own document this is: ``nodes/<node>.json``."""
    folder, _, name = relative.partition("/")
    stem, dot, suffix = name.rpartition(".")
    return stem if folder == "nodes" and "/" not in name and dot + suffix in SUFFIXES else None


def _is_services_file(relative: str) -> bool:
    node, _, name = relative.partition("/")
    return name == SERVICES_FILE and not ignored_node(node)


def _is_node_folder(relative: str) -> bool:
    return "/" not in relative and not ignored_node(relative)


def _is_world_document(relative: str) -> bool:
    folder, _, name = relative.rpartition("/")
    return is_document(name) and (not folder or _is_world_folder(folder))


def _is_world_folder(relative: str) -> bool:
    folders = relative.split("/")
    return len(folders) <= MAX_DEPTH and not any(map(ignored, folders))


HOSTS_TREE = Tree("hosts", "inventory", _is_services_file, _is_node_folder)
WORLD_TREE = Tree("world", "world", _is_world_document, _is_world_folder)

TREES = (HOSTS_TREE, WORLD_TREE)

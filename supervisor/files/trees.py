"""Which names in the two input trees matter: nodes, documents, and what others leave behind there."""

from __future__ import annotations

SERVICES_FILE = "services.yaml"
SUFFIXES = (".json", ".yaml", ".yml")
_IGNORED_ENDS = ("~", ".tmp", ".swp")
MAX_DEPTH = 32


def ignored(name: str) -> bool:
    """Names of files and folders that editors and writers leave behind on the way to the real one."""
    return name.startswith(".") or name.endswith(_IGNORED_ENDS)


def is_document(name: str) -> bool:
    return name.endswith(SUFFIXES) and not ignored(name)


def could_be_document(relative: str) -> bool:
    """Whether a file of this relative path is read as a document, as far as its name tells."""
    *folders, name = relative.split("/")
    return is_document(name) and len(folders) <= MAX_DEPTH and not any(map(ignored, folders))


def own_node(relative: str) -> str | None:
    """The node whose own document this is: ``nodes/<node>.json``."""
    folder, _, name = relative.partition("/")
    stem, dot, suffix = name.rpartition(".")
    return stem if folder == "nodes" and "/" not in name and dot + suffix in SUFFIXES else None

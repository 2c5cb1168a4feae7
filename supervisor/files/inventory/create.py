"""A node's first ``services.yaml``, written for somebody to go on with."""

from __future__ import annotations

import os

from supervisor.errors import DraftError
from supervisor.files import atomic
from supervisor.files.names import node_name_fault
from supervisor.files.reading import printable_path
from supervisor.files.trees import SERVICES_FILE, ignored_node


def create(folder: str, node: str, text: str, *, replace: bool) -> str:
    """Write a node's first ``services.yaml``; its path. DraftError when there is one and ``replace`` is not given."""
    path = os.path.join(folder, node, SERVICES_FILE)
    refuse_node(node)
    if os.path.lexists(path) and not replace:
        raise DraftError(f"cannot write {printable_path(path)}: it is there already; --force replaces it")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with atomic.replacing(path) as new:
            new.file.write(text.encode())
            new.commit()
    except OSError as error:
        raise DraftError(f"cannot write {printable_path(path)}: it {atomic.why(error)}") from error
    return path


def refuse_node(node: str) -> None:
    """DraftError for a name that no node can have, or whose folder would be passed over."""
    fault = node_name_fault(node)
    if fault is None and ignored_node(node):
        fault = "a folder of this name is passed over, so it cannot be a node's"
    if fault is not None:
        raise DraftError(f"cannot write an inventory of {node!r}: {fault}")

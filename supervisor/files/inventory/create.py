"""A node's ``services.yaml``, written by a command for somebody to go on with."""

from __future__ import annotations

import os
import stat

from supervisor.errors import DraftError, InputError
from supervisor.files import atomic
from supervisor.files.names import node_name_fault
from supervisor.files.reading import printable_path, read_file
from supervisor.files.trees import SERVICES_FILE, ignored_node


def create(folder: str, node: str, text: str, *, replace: bool, max_bytes: int) -> str:
    """Write a node's first ``services.yaml``; its path.

    DraftError when there is one and ``replace`` is not given. What is replaced is kept as ``services.yaml~``.
    """
    path = services_path(folder, node)
    if not os.path.lexists(path):
        return _write(path, text.encode())
    if not replace:
        raise DraftError(
            f"cannot write {printable_path(path)}: it is there already; "
            "--add appends what is missing, --force replaces it"
        )
    try:
        before = read_file(path, max_bytes).data
    except (InputError, OSError) as error:
        raise DraftError(f"cannot write {printable_path(path)}: what is there cannot be kept: {error}") from error
    _write(f"{path}~", before)
    return _write(path, text.encode())


def rewrite(path: str, text: str) -> None:
    """Replace a ``services.yaml`` by itself with something added."""
    _write(path, text.encode())


def services_path(folder: str, node: str) -> str:
    """Where a node's file is. DraftError for a name that no node can have, or whose folder would be passed over."""
    fault = node_name_fault(node)
    if fault is None and ignored_node(node):
        fault = "a folder of this name is passed over, so it cannot be a node's"
    if fault is not None:
        raise DraftError(f"cannot write an inventory of {node!r}: {fault}")
    return os.path.join(folder, node, SERVICES_FILE)


def _write(path: str, data: bytes) -> str:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        mode = stat.S_IMODE(os.stat(path).st_mode) if os.path.exists(path) else 0o644
        with atomic.replacing(path, mode) as new:
            new.file.write(data)
            new.commit()
    except OSError as error:
        raise DraftError(f"cannot write {printable_path(path)}: it {atomic.why(error)}") from error
    return path

"""A YAML tree as ordinary values, for those who need no places."""

from __future__ import annotations

from typing import Any

from supervisor.files.yamltree import Node, Scalar, Sequence


def plain(node: Node) -> Any:
    """The tree as ordinary values; keys are the text as written."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {name: plain(entry.value) for name, entry in node.items()}

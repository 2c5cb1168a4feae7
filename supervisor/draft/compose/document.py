"""A compose file: its documents as ordinary values, compose's own tags marked, and the place of every value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from supervisor.errors import SchemaError
from supervisor.files import yamltree

Fields = dict[str, Any]
_DOCUMENT_BEGINS = re.compile(r"^---(?=[ \t\r\n]|$)|^\.\.\.(?=[ \t\r\n]|$)", re.MULTILINE)


class Reset(NamedTuple):
    """``!reset``: what lies below is taken away."""


class Override(NamedTuple):
    """``!override``: what lies below is replaced by this, not joined with it."""

    value: Any


@dataclass(frozen=True, slots=True)
class Document:
    """One document of the file at ``path``."""

    path: str
    fields: Fields
    tree: yamltree.Node

    def place(self, pointer: str) -> tuple[int, int] | None:
        """Line and column of a JSON pointer; of what it has not, of the nearest part that it has."""
        while (place := yamltree.place(self.tree, pointer)) is None:
            pointer = pointer.rpartition("/")[0]
        return place

    def error(self, message: str, pointer: str) -> SchemaError:
        """An error of the value at a pointer, with its place."""
        return SchemaError(message, pointer, *(self.place(pointer) or (None, None)))


def parse_documents(path: str, text: str) -> list[Document]:
    """The documents of a compose file's text. InputError, with its place, when one of them cannot be used."""
    documents = []
    for part in _parts(text):
        tree = yamltree.parse(part)
        if tree is None:
            continue
        if not isinstance(tree, yamltree.Mapping):
            raise SchemaError("is not a mapping", "", tree.line, tree.column)
        twice = yamltree.first_duplicate(tree)
        if twice is not None:
            raise SchemaError(f"has the key {twice.key.text!r} twice", "", twice.key.line, twice.key.column)
        documents.append(Document(path, _marked(tree), tree))
    return documents


def _parts(text: str) -> list[str]:
    """The text of each document, at the lines where it stands in the file."""
    begins = [match.start() for match in _DOCUMENT_BEGINS.finditer(text)]
    if not begins:
        return [text]
    ends = [*begins, len(text)]
    parts = [text[: begins[0]]]
    for begin, end in zip(begins, ends[1:], strict=True):
        # The marker itself may be followed by the document's first line.
        parts.append("\n" * text.count("\n", 0, begin) + "   " + text[begin + 3 : end])
    return parts


def _marked(node: yamltree.Node) -> Any:
    """Like ``yamltree.plain``, with Reset and Override where the tags are."""
    tag = node.tag if isinstance(node, yamltree.Scalar) else node.start.tag
    if tag == "!reset":
        return Reset()
    if isinstance(node, yamltree.Scalar):
        # An unknown tag leaves the text, but this one says nothing of what the text is.
        value = node.value if tag != "!override" else _untagged(node)
    elif isinstance(node, yamltree.Sequence):
        value = [item for item in map(_marked, node.items) if not isinstance(item, Reset)]
    else:
        value = {name: _marked(entry.value) for name, entry in node.items()}
    return Override(value) if tag == "!override" else value


def _untagged(node: yamltree.Scalar) -> Any:
    return None if node.text in ("", "~", "null", "Null", "NULL") else node.text

"""What the readers share: legal names, and problems with a place."""

from __future__ import annotations

from functools import lru_cache

from supervisor.core.model.problems import Level, Problem
from supervisor.errors import InputError, SchemaError
from supervisor.files.yamltree import escape

NAME_LIMIT = 200
_MESSAGE_LIMIT = 500
_POINTER_LIMIT = 2000
"""More than any pointer whose names are legal, however much of them is escaped."""


def name_fault(text: str) -> str | None:
    """Why ``text`` is no name of a node, service or stack/service; None when it is one."""
    if text in _LEGAL:
        return None
    fault = _name_fault(text)
    if fault is None:
        if len(_LEGAL) >= _MANY:
            _LEGAL.clear()
        _LEGAL[text] = text
    return fault


_MANY = 1 << 14
_LEGAL: dict[str, str] = {}
"""The same names are met in file after file: they are looked through once, and kept once."""


def shared(name: str) -> str:
    """The same legal name, as one text for all files."""
    return _LEGAL.get(name, name)


def _name_fault(text: str) -> str | None:
    if not text:
        return "a name is empty"
    if len(text) > NAME_LIMIT:
        return f"the name {text[:40]!r}… is longer than {NAME_LIMIT} characters"
    if not text.isprintable() or any(character.isspace() for character in text):
        return f"the name {ascii(text)[:80]} has a blank or a character that cannot be printed"
    if any(part in ("", ".", "..") for part in text.split("/")):
        return f"the name {text!r} has an empty, '.' or '..' part between its slashes"
    return None


def node_name_fault(text: str) -> str | None:
    """Like ``name_fault``; a node's name is a folder's, so it has no slash."""
    return f"the node name {text!r} has a slash" if "/" in text else name_fault(text)


@lru_cache(maxsize=1 << 14)
def pointer_of(above: str, name: str) -> str:
    """A JSON pointer one level down, to a legal name: those of common names are one text for all files."""
    return f"{above}/{escape(name)}"


def pointer_below(above: str, name: str) -> str:
    """Likewise to any name, however long."""
    return pointer_of(above, name) if len(name) <= NAME_LIMIT >= len(above) else f"{above}/{escape(name)}"


def problem(file: str, error: InputError, level: Level = Level.ERROR) -> Problem:
    """An input error as a problem of ``file``. Names that are too long for one are not repeated at length."""
    pointer = error.pointer if isinstance(error, SchemaError) else ""
    while len(pointer) > _POINTER_LIMIT:
        pointer = pointer.rpartition("/")[0]
    message = error.message
    if len(message) > _MESSAGE_LIMIT:
        message = message[: _MESSAGE_LIMIT - 1] + "…"
    return Problem(file, error.line, error.column, level, message, pointer)

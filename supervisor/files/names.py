"""Which texts are names of nodes and services, and one object for each name that is met again and again."""

from __future__ import annotations

NAME_LIMIT = 200


def name_fault(text: str) -> str | None:
    """Why ``text`` is not a name of a node, service or stack/service; None when it is."""
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

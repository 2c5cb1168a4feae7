"""JSON pointers (RFC 6901): where in a document a value stands."""

from __future__ import annotations

from functools import lru_cache

_USUAL = 200
"""Pointers to longer names, or below longer pointers, are not kept for the next time."""


def escape(part: str) -> str:
    """One reference token of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


def parts(pointer: str) -> list[str]:
    """The reference tokens of a JSON pointer as they were before they were escaped."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


@lru_cache(maxsize=1 << 14)
def pointer_of(above: str, name: str) -> str:
    """A JSON pointer one level down, to a legal name: those of common names are one text for all files."""
    return f"{above}/{escape(name)}"


def pointer_below(above: str, name: str) -> str:
    """Likewise to any name, however long."""
    return pointer_of(above, name) if len(name) <= _USUAL >= len(above) else f"{above}/{escape(name)}"

"""Text out of an input on its way to people: it may not break a line or steer a terminal."""

from __future__ import annotations

import json
from typing import Any


def printable(text: str) -> str:
    """Control characters, line breaks and the like as escapes."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON in which what is not printable stands as ``\\u…``, so that no terminal and no reader of lines is misled."""
    separators = None if indent else (",", ":")
    text = json.dumps(value, indent=indent, separators=separators)
    if "\\u" not in text:
        return text
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    if (text if indent is None else text.replace("\n", "")).isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def place_in(text: str, offset: int) -> tuple[int, int]:
    """1-based line and column of an offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def quoted(text: str) -> str:
    """A word as a sentence shows it: quoted, escaped, short."""
    return f"{text if len(text) <= 60 else text[:59] + '…'!r}"

"""Where the values of a document stand, found when somebody asks."""

from __future__ import annotations

import zlib
from typing import Any

from supervisor.files import jsontext

_FEW = 16
"""So many places are looked up one by one; for more, all are found in one walk."""
_SHORT = 2000
"""Characters of which it does not pay to make less."""


class LazyPlaces:
    """Line and column of a JSON pointer, found when first asked for: most documents are never asked."""

    __slots__ = ("_asked", "_index", "_text")

    def __init__(self, text: str) -> None:
        self._text: str | bytes = text
        self._asked = 0
        self._index: jsontext.Places | None = None

    def pack(self) -> None:
        """Take less room, as what is kept for long has to."""
        if isinstance(self._text, str) and len(self._text) > _SHORT:
            self._text = zlib.compress(self._text.encode(), 1)

    def value(self, pointer: str) -> Any:
        """The value there, read again."""
        return jsontext.value(self._whole(), pointer)

    def _whole(self) -> str:
        return self._text if isinstance(self._text, str) else zlib.decompress(self._text).decode()

    def at(self, pointer: str) -> tuple[int, int] | None:
        if self._index is not None:
            return self._index.at(pointer)
        text = self._whole()
        self._asked += 1
        if self._asked <= _FEW:
            return jsontext.place(text, pointer)
        self._index = jsontext.index(text)
        return self._index.at(pointer)

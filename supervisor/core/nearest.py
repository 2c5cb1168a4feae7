"""Near misses: the known word that somebody most likely meant."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

_FIRST, _MANY = 20, 1000


@lru_cache(maxsize=1024)
def did_you_mean(word: str, known: tuple[str, ...], cutoff: float = 0.75) -> str:
    """``; did you mean X?`` for the nearest of ``known``, or nothing."""
    import difflib  # only misspelled input pays for it

    close = difflib.get_close_matches(word, known, 1, cutoff)
    return f"; did you mean {close[0]}?" if close else ""


class Guesses:
    """``did_you_mean`` for the first few of many words, among not too many: comparing all with all may not end."""

    def __init__(self, known: Iterable[str], cutoff: float = 0.75) -> None:
        self._known = known
        self._sorted: tuple[str, ...] | None = None
        self._cutoff = cutoff
        self._left = _FIRST

    def __call__(self, word: str) -> str:
        if not self._left:
            return ""
        self._left -= 1
        if self._sorted is None:
            self._sorted = tuple(sorted(self._known))
        return did_you_mean(word, self._sorted, self._cutoff) if len(self._sorted) <= _MANY else ""

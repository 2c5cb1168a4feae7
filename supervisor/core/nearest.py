"""Near misses: the known word that somebody most likely meant."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1024)
def did_you_mean(word: str, known: tuple[str, ...], cutoff: float = 0.75) -> str:
    """``; did you mean X?`` for the nearest of ``known``, or nothing."""
    import difflib  # only misspelled input pays for it

    close = difflib.get_close_matches(word, known, 1, cutoff)
    return f"; did you mean {close[0]}?" if close else ""

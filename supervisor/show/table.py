"""Rows as columns, no wider than the terminal; everything out of an input is escaped on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from supervisor.core.text import printable

_COLOURS = {
    "nominal": "32",
    "degraded": "33",
    "unstable": "31",
    "unknown": "31",
    "critical": "31",
    "warning": "33",
    "reconcile_resolved": "32",
}
_GAP = "  "
INDENT = "    "


@dataclass(frozen=True, slots=True)
class Style:
    """``width``: the columns of the terminal; None where there is none, and no limit."""

    colour: bool = False
    width: int | None = None

    def paint(self, word: str, width: int = 0) -> str:
        code = _COLOURS.get(word)
        text = word.ljust(width)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text


def table(rows: Sequence[Sequence[str]], style: Style) -> list[str]:
    """Lines of a table whose first row is its head. Where it is too wide, the last column goes below each row."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if style.width is None or sum(widths) + len(_GAP) * (len(widths) - 1) <= style.width:
        return [_line(row, widths, style) for row in rows]
    head, *others = rows
    lines = [_line(head[:-1], widths, style)]
    for row in others:
        lines.append(_line(row[:-1], widths, style))
        lines += [INDENT + text for text in wrapped(row[-1], style.width - len(INDENT))]
    return lines


def _line(row: Sequence[str], widths: Sequence[int], style: Style) -> str:
    cells = list(zip(row, widths, strict=False))
    plain = _GAP.join(cell.ljust(width) for cell, width in cells).rstrip()
    if style.width is not None and len(plain) > style.width:
        return plain[: style.width - 1] + "…"
    return _GAP.join(style.paint(cell, width) for cell, width in cells).rstrip()


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of at most so many characters, broken between words where that is possible."""
    width = max(width, 1)
    lines: list[str] = []
    rest = text
    while len(rest) > width:
        end = rest.rfind(" ", 1, width + 1)
        end = end if end > 0 else width
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*lines, rest]

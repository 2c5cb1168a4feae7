"""What a benchmark gives: figures, most of them ratios within one run, each with its limit if there is one."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of a table. ``limit`` is the most that ``value`` may be."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.limit is None:
            return ""
        return "met" if self.value <= self.limit else "MISSED"

    @property
    def shown(self) -> str:
        return f"{number(self.value)} {self.unit}".strip()

    @property
    def bound(self) -> str:
        return "" if self.limit is None else f"{number(self.limit)} {self.unit}".strip()


@dataclass(frozen=True)
class Table:
    """Figures of one subject, under its heading; ``notes`` are sentences about all of them."""

    name: str
    title: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        width = max((len(figure.name) for figure in self.figures), default=0)
        lines = [self.title]
        for figure in self.figures:
            limit = f"at most {figure.bound}: {figure.verdict}" if figure.bound else ""
            lines.append(f"  {figure.name:<{width}}  {figure.shown:>12}  {_joined(limit, figure.note)}".rstrip())
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def markdown(self) -> str:
        lines = ["| figure | measured | at most | |", "|---|---:|---:|---|"]
        for figure in self.figures:
            verdict = {"met": "", "MISSED": "**missed**"}.get(figure.verdict, "")
            lines.append(f"| {figure.name} | {figure.shown} | {figure.bound} | {_joined(verdict, figure.note)} |")
        return "\n".join([*lines, *(f"\n{note}" for note in self.notes)])


def number(value: float) -> str:
    """Three digits that count; whole numbers whole."""
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))

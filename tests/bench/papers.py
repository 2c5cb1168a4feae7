"""Puts tables and plots into docs/performance.md, between the marks there; what was not measured stays as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.figures import Table

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "performance.md"
PLOTS = DOCS / "plots"

Series = Mapping[str, Mapping[str, float]]

_AXES = {
    "cold": ("A pass from nothing", "services", "ms of processor time"),
    "change": ("One file changes: rename to durable event", "services", "ms, p50"),
    "nothing": ("Nothing changes: a resync", "services", "ms"),
    "memory": ("Resident memory", "services", "MB"),
    "many": ("Many nodes change in one pass, 1000x100", "nodes that change", "ms"),
}


def write(machine: str, tables: Sequence[Table], series: Mapping[str, Series]) -> None:
    text = PAGE.read_text()
    for name, content in [(table.name, f"{machine}\n\n{table.markdown()}") for table in tables]:
        text = put(text, name, content)
    PAGE.write_text(text)
    PLOTS.mkdir(exist_ok=True)
    for name, lines in series.items():
        plot(name, lines)


def put(text: str, name: str, content: str) -> str:
    """Replace what stands between ``<!-- bench NAME -->`` and ``<!-- end -->``."""
    pattern = re.compile(rf"(<!-- bench {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    replaced, count = pattern.subn(lambda match: f"{match[1]}{content}\n{match[2]}", text)
    if count != 1:
        raise LookupError(f"{PAGE.name} has {count} places for {name}")
    return replaced


def plot(name: str, lines: Series) -> None:
    """Write docs/plots/NAME.svg; the same values give the same bytes."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "plots", "font.family": "sans-serif"}
    from matplotlib import pyplot as plt

    title, across, up = _AXES[name]
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for (label, points), marker in zip(lines.items(), "osD^v", strict=False):
        sizes = {_count(at): value for at, value in points.items()}
        axes.loglog(sorted(sizes), [sizes[at] for at in sorted(sizes)], marker=marker, label=label)
    axes.set(title=title, xlabel=across, ylabel=up)
    axes.grid(visible=True, which="major", alpha=0.4)
    axes.legend()
    figure.savefig(PLOTS / f"{name}.svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)


def _count(at: str) -> int:
    """Services of a fleet of nodes x services; a plain number is itself."""
    nodes, _, services = at.partition("x")
    return int(nodes) * int(services or 1)

"""Faults provoked for real. ``make test`` runs the short form of those that need nothing; ``make torture`` all.

A test tells what it measured by the fixture ``figure``; ``make torture`` prints the table of all figures at its end.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.torture import ground

LONG = bool(os.environ.get("TORTURE"))

Figure = Callable[[str, str, str], None]
"""Takes the fault, how it was provoked, and what was measured."""


def pytest_configure(config: pytest.Config) -> None:
    if LONG and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Table(), "figures")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what is marked ``torture`` to ``make torture``."""
    if LONG:
        return
    kept = [item for item in items if item.get_closest_marker("torture") is None]
    if len(kept) != len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot do, and say why."""
    for marker in item.iter_markers("needs"):
        for what in marker.args:
            reason = ground.why_not(what)
            if reason is not None:
                pytest.skip(reason)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    def note(fault: str, provoked: str, measured: str) -> None:
        request.node.user_properties.append(("figure", [fault, provoked, measured]))

    return note


@pytest.fixture(params=["disk", "tmpfs"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A scratch folder on a disk's filesystem, and one in memory."""
    if request.param == "disk":
        yield tmp_path
        return
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no /dev/shm")
    folder = Path("/dev/shm") / f"runtime-supervisor-{os.getpid()}-{tmp_path.name}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


class _Table:
    """Gathers the figures of all tests and prints them as the table of docs/reliability.md."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.rpartition("::")[2].partition("[")[0]
        command = f"`make torture ARGS='-k {name}'`"
        if report.skipped and isinstance(report.longrepr, tuple):
            self._rows.append((name.removeprefix("test_").replace("_", " "), "", f"not run: {report.longrepr[2]}", ""))
        elif report.when == "call":
            outcome = "" if report.passed else "**FAILED** "
            for key, value in report.user_properties:
                if key == "figure" and isinstance(value, list):
                    fault, provoked, measured = (str(item) for item in value)
                    self._rows.append((fault, provoked, outcome + measured, command))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("figures")
        terminalreporter.line("| fault | how provoked | figure | command |")
        terminalreporter.line("| --- | --- | --- | --- |")
        for row in sorted(self._rows):
            terminalreporter.line(f"| {' | '.join(row)} |")

"""The floors: who may import whom, what reaches outside, and that the core does no I/O."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "supervisor"

STEPS = [
    ("errors", "core.text", "Floors only look down"),
    ("core.judge.summary", "files.settings", "Floors only look down"),
    ("files.mounts", "process.clock", "Floors only look down"),
    ("files.atomic", "show.terminal", "Floors only look down"),
    ("process.signals", "show.terminal", "Floors only look down"),
    ("show.terminal", "process.clock", "Floors only look down"),
    ("process.clock", "passes.recorder", "Floors only look down"),
    ("show.terminal", "passes.recorder", "Floors only look down"),
    ("process.follow", "draft.write", "Floors only look down"),
    ("draft.compose.load", "passes.recorder", "Floors only look down"),
    ("passes.read_and_judge", "draft.write", "Floors only look down"),
    ("passes.recorder", "supervise.worker", "Floors only look down"),
    ("draft.write", "observe.service", "Floors only look down"),
    ("observe.service", "supervise.pacing", "Floors only look down"),
    ("supervise.pacing", "observe.reach", "Floors only look down"),
    ("supervise.app", "cli.main", "Floors only look down"),
    ("observe.settings", "cli.main", "Floors only look down"),
    ("core.text", "core.model.subjects", "Inside the core, floors only look down"),
    ("core.instant", "core.nearest", "Inside the core, floors only look down"),
    ("core.model.actual", "core.state.graph", "Inside the core, floors only look down"),
    ("core.state.graph", "core.judge.summary", "Inside the core, floors only look down"),
    ("core.judge.inhibit", "core.announce.ledger", "Inside the core, floors only look down"),
    ("files.inventory.load", "files.world.load", "The readers and outputs do not know one another"),
    ("files.settings", "files.checkpoint", "The readers and outputs do not know one another"),
    ("core.judge.cases", "time", "The core does no I/O, reads no clock and waits for nothing"),
    ("core.instant", "uuid", "The core does no I/O, reads no clock and waits for nothing"),
    ("core.announce.events", "yaml", "The core does no I/O, reads no clock and waits for nothing"),
    ("files.world.load", "socket", "The readers and outputs start nothing, watch nothing and speak to nobody"),
    ("files.lock", "time", "The readers and outputs start nothing, watch nothing and speak to nobody"),
]
"""A module, what it may not import, and the contract that says so."""

UNPLACED = [("act", "Floors only look down"), ("core.decide", "Inside the core, floors only look down")]
"""Packages without a place, and the contract that asks for their place."""

REACHES = {
    "subprocess": set(),
    "multiprocessing": set(),
    "pty": set(),
    "ctypes": set(),
    "asyncio": {"observe/reach.py"},
    "http": {"observe/sources/engines.py"},
    "ssl": {"observe/sources/engines.py"},
    "urllib": set(),
    "urllib.request": set(),
    # A datagram to the journal goes to a socket of this machine.
    "socket": {"observe/reach.py", "observe/sources/engines.py", "process/journal.py"},
    "time": {"process/clock.py"},
    "yaml": {"files/yamltree.py"},
    "structlog": {"process/logs.py"},
    "logging": {"process/logs.py", "supervise/watch.py"},
    "watchdog": {"supervise/watch.py"},
    "sdnotify": {"process/heartbeat.py"},
    "tenacity": {"files/reading.py"},
}
"""What reaches outside, and the modules that may import it. Whoever else needs it asks them."""


def module_path(house: Path, module: str) -> Path:
    path = house.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--config", "tests/importlinter.ini"]
    environ = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200"}
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)


def test_every_floor_only_looks_down() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """By contract, what is said of a house in which every forbidden step was taken and packages have no place."""
    root = tmp_path_factory.mktemp("house")
    shutil.copytree(HOUSE, root / "supervisor", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "importlinter.ini", root / "tests")
    for module, target, _ in STEPS:
        line = f"import {target if target in sys.stdlib_module_names | {'yaml'} else f'supervisor.{target}'}\n"
        path = module_path(root / "supervisor", module)
        mark = "from __future__ import annotations\n"
        assert mark in path.read_text(), f"{module} has no place for an import"
        path.write_text(path.read_text().replace(mark, mark + line, 1))
    for package, _ in UNPLACED:
        folder = root.joinpath("supervisor", *package.split("."))
        folder.mkdir()
        (folder / "__init__.py").write_text('"""Without a place."""\n')
    done = lint_imports(root)
    assert done.returncode == 1
    said = done.stdout.partition("Broken contracts")[2]
    parts = re.split(r"\n([A-Z][^\n]+)\n-{5,}\n", said)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("module", "target", "contract"), STEPS, ids=lambda part: str(part).replace(" ", "-"))
def test_a_forbidden_step_is_noticed(broken: dict[str, str], module: str, target: str, contract: str) -> None:
    outside = target in sys.stdlib_module_names | {"yaml"}
    step = f"supervisor.{module} -> {target if outside else f'supervisor.{target}'} (l."
    assert step in broken[contract]


@pytest.mark.parametrize(("package", "contract"), UNPLACED)
def test_a_package_without_a_place_is_noticed(broken: dict[str, str], package: str, contract: str) -> None:
    assert f"- supervisor.{package}\n" in broken[contract]


def imports(path: Path) -> Iterator[str]:
    """The names of all modules that a module imports, wherever in it, and of the packages that they are in."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


@pytest.fixture(scope="module")
def importers() -> dict[str, set[str]]:
    """By module, who imports it."""
    results: dict[str, set[str]] = {}
    for path in HOUSE.rglob("*.py"):
        for name in imports(path):
            results.setdefault(name, set()).add(path.relative_to(HOUSE).as_posix())
    return results


@pytest.mark.parametrize("library", REACHES)
def test_what_reaches_outside_is_imported_where_it_belongs_alone(importers: dict[str, set[str]], library: str) -> None:
    assert importers.get(library, set()) == REACHES[library]


def test_every_library_that_is_not_pythons_own_has_its_place(importers: dict[str, set[str]]) -> None:
    known = sys.stdlib_module_names | {"supervisor", "__future__"}
    foreign = {name for name in importers if "." not in name and name not in known}
    assert foreign == {"sdnotify", "structlog", "tenacity", "watchdog", "yaml"}
    assert foreign <= REACHES.keys()


def test_every_package_says_what_it_is() -> None:
    for path in HOUSE.rglob("__init__.py"):
        assert path.read_text().startswith('"""'), path


def calls(path: Path) -> set[str]:
    """The names of the functions and methods that a module calls."""
    nodes = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in nodes}


def test_the_core_neither_opens_nor_prints_nor_asks_for_the_time() -> None:
    effects = {"open", "print", "input", "now", "today", "utcnow", "fromtimestamp", "exec", "eval", "__import__"}
    modules = sorted((HOUSE / "core").rglob("*.py"))
    assert len(modules) > 10
    assert {path.name: sorted(calls(path) & effects) for path in modules if calls(path) & effects} == {}


def test_programs_are_started_in_one_place() -> None:
    starts = {"system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "execv", "execve", "execvp"}
    results = {path.relative_to(HOUSE).as_posix() for path in HOUSE.rglob("*.py") if calls(path) & {*starts, "Popen"}}
    assert results == {"process/child.py"}


def test_only_one_module_reads_the_clock() -> None:
    clocks = {"time_ns", "monotonic", "monotonic_ns", "perf_counter", "time", "now", "today", "utcnow"}
    asked = {
        path.relative_to(HOUSE).as_posix()
        for path in HOUSE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in clocks
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("time", "datetime", "date")
    }
    assert asked == {"process/clock.py"}


def test_variables_say_what_they_hold() -> None:
    """The two names that say nothing, whatever is called so."""
    empty = {"one", "found"}
    named = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((*HOUSE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")))
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in empty)
        or (isinstance(node, ast.arg) and node.arg in empty)
    ]
    assert named == []

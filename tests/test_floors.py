"""The floors: who may import whom, and that the core does no I/O."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--config", "tests/importlinter.ini"]
    environ = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)


def test_every_floor_only_looks_down() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("core/judge/summary.py", "import time", "The core does no I/O"),
        ("core/judge/summary.py", "from supervisor.files import settings", "Floors only look down"),
        ("files/world/load.py", "from supervisor.files import inventory", "The readers and outputs do not know one"),
        ("files/world/load.py", "from supervisor.process import clock", "Floors only look down"),
        ("files/world/load.py", "import socket", "The readers and outputs start nothing"),
        ("core/instant.py", "import uuid", "The core does no I/O"),
    ],
)
def test_a_step_up_is_noticed(tmp_path: Path, module: str, line: str, contract: str) -> None:
    shutil.copytree(ROOT / "supervisor", tmp_path / "supervisor", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "importlinter.ini", tmp_path / "tests")
    path = tmp_path / "supervisor" / module
    path.write_text(path.read_text().replace("from __future__ import annotations\n", f"{line}\n", 1))
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    broken = [out for out in done.stdout.splitlines() if out.endswith(" BROKEN")]
    assert [out for out in broken if out.startswith(contract)]


def test_every_package_says_what_it_is() -> None:
    for path in (ROOT / "supervisor").rglob("__init__.py"):
        assert path.read_text().startswith('"""'), path


def calls(path: Path) -> set[str]:
    """The names of the functions and methods that a module calls."""
    nodes = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in nodes}


def test_the_core_neither_opens_nor_prints_nor_asks_for_the_time() -> None:
    effects = {"open", "print", "input", "now", "today", "utcnow", "fromtimestamp", "exec", "eval", "__import__"}
    modules = sorted((ROOT / "supervisor" / "core").rglob("*.py"))
    assert len(modules) > 10
    assert {path.name: sorted(calls(path) & effects) for path in modules if calls(path) & effects} == {}


def test_only_the_daemon_reads_the_clock_and_only_in_one_place() -> None:
    clocks = {"time_ns", "monotonic", "monotonic_ns", "perf_counter", "time", "now", "today", "utcnow"}
    asked = {
        path.relative_to(ROOT / "supervisor").as_posix()
        for path in (ROOT / "supervisor").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in clocks
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("time", "datetime", "date")
    }
    assert asked == {"process/clock.py"}


def imports(path: Path) -> set[str]:
    """The modules that a module imports anywhere in it, by their full names; ``from a import b`` counts as ``a``."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return named | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module is not None}


MODULES = {path.relative_to(ROOT / "supervisor").as_posix(): path for path in (ROOT / "supervisor").rglob("*.py")}


def importers(*packages: str) -> set[str]:
    """Who imports one of these packages, or something in them."""
    return {
        name for name, path in MODULES.items() if {module.partition(".")[0] for module in imports(path)} & {*packages}
    }


def test_only_one_module_starts_other_programs() -> None:
    ways = {"posix_spawn", "posix_spawnp", "fork", "forkpty", "system", "popen", "Popen", "run_in_subprocess"}
    ways |= {f"{way}{how}" for way in ("exec", "spawn") for how in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")}
    assert {name for name, path in MODULES.items() if calls(path) & ways} == {"process/child.py"}
    assert importers("subprocess", "pty", "multiprocessing") <= {"process/child.py"}


def test_the_network_is_the_observers() -> None:
    rooms = ("observe/",)
    assert {
        name
        for name in importers("asyncio", "ftplib", "http", "select", "smtplib", "socketserver", "ssl", "urllib")
        if not name.startswith(rooms)
    } == set()
    # A socket of this machine is not the network: the journal is one, and a host has a name without any.
    allowed = (*rooms, "cli/", "passes/recorder.py", "process/journal.py")
    assert {name for name in importers("socket") if not name.startswith(allowed)} == set()


@pytest.mark.parametrize(
    ("package", "places"),
    [
        ("yaml", {"files/yamltree.py"}),
        ("tenacity", {"files/reading.py"}),
        ("sdnotify", {"process/heartbeat.py"}),
        (
            "structlog",
            {"process/logs.py", "supervise/app.py", "supervise/worker.py", "supervise/watch.py", "observe/service.py"},
        ),
        ("watchdog", {"supervise/watch.py"}),
    ],
)
def test_a_library_of_others_stays_in_its_place(package: str, places: set[str]) -> None:
    assert importers(package) <= places


def test_no_other_library_is_imported() -> None:
    libraries = {module.partition(".")[0] for path in MODULES.values() for module in imports(path)}
    assert libraries - sys.stdlib_module_names - {"supervisor"} == {
        "yaml",
        "tenacity",
        "sdnotify",
        "structlog",
        "watchdog",
    }

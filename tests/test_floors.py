"""The floors: who may import whom, and that the core does no I/O."""

from __future__ import annotations

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
        ("core/summary.py", "import time", "The core does no I/O"),
        ("core/summary.py", "from supervisor.files import settings", "Floors only look down"),
        ("files/world.py", "from supervisor.files import inventory", "The readers and outputs do not know one another"),
        ("files/world.py", "from supervisor.daemon import clock", "Floors only look down"),
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


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (["--help"], ["yaml", "structlog", "watchdog", "tenacity", "socket", "supervisor.core.model", "json"]),
        (["status", "--checkpoint", "/absent"], ["yaml", "structlog", "watchdog", "tenacity", "supervisor.core.drift"]),
        (["check", "--inventory", "/absent", "--world", "/absent"], ["structlog", "watchdog", "tenacity", "socket"]),
        (["schema", "world"], ["yaml", "structlog", "watchdog", "tenacity", "supervisor.core.drift"]),
        (["events", "--event-log", "/absent"], ["yaml", "structlog", "watchdog", "tenacity", "supervisor.core.drift"]),
        (["reconcile", "--dry-run", "--inventory", "/absent", "--world", "/absent"], ["structlog", "watchdog"]),
    ],
)
def test_a_command_imports_only_what_it_uses(arguments: list[str], unused: list[str]) -> None:
    script = (
        "import sys\nfrom supervisor.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "supervisor.cli" in loaded
    assert not loaded & set(unused)

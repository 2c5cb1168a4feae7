"""What each command imports: nothing it does not use, so that the small ones start at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOMELAB = ROOT / "config" / "homelab"
INPUTS = ["--inventory", str(HOMELAB / "hosts"), "--world", str(HOMELAB / "world")]

DAEMON = ["structlog", "watchdog", "sdnotify", "supervisor.supervise.app", "supervisor.supervise.worker"]
JUDGING = ["supervisor.core.judge.assessment", "supervisor.core.judge.recommend", "supervisor.core.judge.reconcile"]
MODEL = ["supervisor.core.model.findings", "supervisor.core.model.subjects"]
READING = ["yaml", "supervisor.files.inventory.load", "supervisor.files.world.load"]
NETWORK = ["socket", "_socket", "ssl", "http", "http.client", "urllib.request", "asyncio"]
TESTS = ["jsonschema", "hypothesis", "pytest", "_pytest"]
SELDOM = ["tenacity", "difflib", "logging", "concurrent.futures", "multiprocessing", "pdb", "unittest"]

SCRIPT = """\
import sys
from supervisor.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(*sys.modules, file=sys.stderr)
"""


def imported(*arguments: str) -> set[str]:
    """The modules that are there after a command has run in a process of its own."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("RUNTIME_SUPERVISOR_")}
    command = [sys.executable, "-c", SCRIPT, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "supervisor.cli.main" in loaded
    return loaded


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (
            ["--help"],
            [*DAEMON, *JUDGING, *READING, *NETWORK, *TESTS, *SELDOM, "json", "supervisor.core.model.findings"],
        ),
        (["status", "--help"], [*DAEMON, *JUDGING, *READING, *NETWORK, *TESTS, *SELDOM]),
        (["status", "--checkpoint", "/absent"], [*DAEMON, *JUDGING, *READING, *NETWORK, *TESTS, *SELDOM, "shutil"]),
        (["events", "--event-log", "/absent"], [*DAEMON, *JUDGING, *READING, *TESTS, "tenacity", "difflib"]),
        (["schema", "world"], [*DAEMON, *JUDGING, *READING, *NETWORK, *TESTS, *SELDOM]),
        (["check", *INPUTS], [*DAEMON, *JUDGING, *NETWORK, *TESTS, "tenacity", "shutil"]),
        (["explain", "node:nas", *INPUTS], [*DAEMON, *TESTS, "tenacity"]),
        (["reconcile", "--dry-run", *INPUTS], [*DAEMON, *TESTS, "tenacity"]),
    ],
)
def test_a_command_imports_only_what_it_uses(arguments: list[str], unused: list[str]) -> None:
    assert imported(*arguments) & set(unused) == set()


def test_what_is_used_would_be_noticed() -> None:
    """That the lists above name modules by the names they have when they are loaded."""
    assert {*READING} <= imported("check", *INPUTS)
    assert {*READING, *JUDGING} <= imported("reconcile", "--dry-run", *INPUTS)


def test_help_is_as_wide_as_usual_where_nobody_knows_the_width() -> None:
    """Serial lines and new terminals say that they have no columns."""
    command = [sys.executable, "-m", "supervisor", "reconcile", "--help"]
    environ = {**os.environ, "COLUMNS": "0"}
    said = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    assert 60 < max(map(len, said.splitlines())) <= 80

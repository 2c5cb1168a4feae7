"""Every command out of a built wheel: an editable install hides a room, a schema or an entry that was forgotten."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from supervisor.cli.commands import COMMANDS
from tests.acceptance.harness import PATIENCE, Daemon, Lab, environment

ROOT = Path(__file__).parents[1]

# Without site nothing of an editable install is looked at; the dependencies come after the wheel.
START = """\
import sys
from importlib import import_module
unpacked, packages, module, name = sys.argv[1:5]
sys.path[:0] = [unpacked]
sys.path.append(packages)
sys.argv[:] = ["runtime-supervisor", *sys.argv[5:]]
import supervisor
assert supervisor.__file__.startswith(unpacked), supervisor.__file__
getattr(import_module(module), name)()
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content. Building may need what is not here and cannot be fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    # A build in the checkout would leave files there, and take along what lies about.
    shutil.copytree(ROOT / "supervisor", source / "supervisor", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    built = subprocess.run(pip, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if not wheels and "No matching distribution found for setuptools" in built.stderr:
        pytest.skip("the build needs setuptools, which is neither here nor to be had")
    assert wheels, built.stderr
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(folder / "unpacked")
    return folder / "unpacked"


def program(unpacked: Path) -> list[str]:
    """The command that an install of the wheel would give."""
    entries = configparser.ConfigParser()
    entries.read(next(unpacked.glob("*.dist-info/entry_points.txt")))
    module, _, name = entries["console_scripts"]["runtime-supervisor"].partition(":")
    return [sys.executable, "-I", "-S", "-c", START, str(unpacked), sysconfig.get_path("purelib"), module, name]


ARGUMENTS = {
    "reconcile": ["--dry-run"],
    "explain": ["node:nas"],
    "inventory": ["init", "--from-observed", "nas", "--dry-run"],
    "schema": ["report"],
    "observe": ["--once", "--engines", "none", "--systemd", "false", "--reachability", "false", "--node", "pi4"],
}


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "run"])
def test_every_command_works_out_of_the_wheel(unpacked: Path, tmp_path: Path, name: str) -> None:
    lab = Lab(tmp_path)
    lab.observe("nas", traefik="failed", jellyfin="ok")
    lab.command("reconcile")
    options = lab.options[:4] if name == "observe" else lab.options
    done = subprocess.run(
        [*program(unpacked), name, *options, *ARGUMENTS.get(name, [])],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(),
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    if name == "schema":
        assert json.loads(done.stdout)["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_the_daemon_works_out_of_the_wheel(unpacked: Path, tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.observe("nas", traefik="failed", jellyfin="ok")
    with Daemon(lab, command=program(unpacked)):
        assert lab.kinds()[0] == ("reconcile_required", "service:nas/traefik")


def test_every_module_and_schema_is_in_the_wheel(unpacked: Path) -> None:
    there = {
        path.relative_to(unpacked).as_posix()
        for path in (unpacked / "supervisor").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "supervisor").rglob("*")
        if path.suffix in (".py", ".json", ".typed")
    }
    assert there == ours

"""What faults are provoked with: filesystems of a given size, kernel settings for a while, system calls that fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from supervisor.files import mounts

ROOT = Path(__file__).parents[2]


def rounds(short: int, long: int) -> int:
    """How often: ``ROUNDS`` if it is set, else ``long`` under ``make torture`` and ``short`` otherwise."""
    return int(os.environ.get("ROUNDS", long if os.environ.get("TORTURE") else short))


def why_not(what: str) -> str | None:
    """Why this machine cannot do it, None when it can: ``root``, ``strace``, ``mount``, ``loop``, or a program."""
    if what == "root":
        return None if os.geteuid() == 0 else "needs root"
    if what == "mount":
        return _mounting()
    if what == "loop":
        return _mounting() or (None if os.path.exists("/dev/loop-control") else "needs loop devices")
    return None if shutil.which(what) else f"needs {what}"


def _mounting() -> str | None:
    if os.geteuid() != 0:
        return "needs root"
    done = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return None if done.returncode == 0 else "may not mount"


def filesystem(path: Path) -> str:
    """The type of the filesystem that a path is on."""
    return mounts.filesystem(str(path))


@contextmanager
def mounted(kind: str, source: str, folder: Path, options: str) -> Iterator[Path]:
    """A filesystem at ``folder``, unmounted (lazily, if it is busy) at the end."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", kind, "-o", options, source, str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


@contextmanager
def tmpfs(folder: Path, options: str) -> Iterator[Path]:
    """A filesystem in memory, with ``options`` such as ``size=64k``."""
    with mounted("tmpfs", "none", folder, options) as where:
        yield where


@contextmanager
def sysctl(**values: str) -> Iterator[None]:
    """Kernel settings for a while; ``fs__protected_symlinks`` is ``fs.protected_symlinks``."""
    paths = {Path("/proc/sys") / name.replace("__", "/"): value for name, value in values.items()}
    before = {path: path.read_text().strip() for path in paths}
    try:
        for path, value in paths.items():
            path.write_text(value)
        yield
    finally:
        for path, value in before.items():
            with suppress(OSError):
                path.write_text(value)


@dataclass(frozen=True)
class Call:
    """A system call in a trace: its name, which one of that name it was in its thread (from 1), and its line."""

    name: str
    count: int
    line: str
    thread: str


def traced(command: list[str], calls: str, *options: str, **more: object) -> tuple[int, list[Call]]:
    """Run a command under strace; its exit code and its calls, in order, descriptors shown with their paths."""
    with tempfile.NamedTemporaryFile("r", prefix="trace-", errors="replace") as trace:
        # Faster with a filter in the kernel, which loses the signals that strace is to inject.
        fast = [] if any("signal=" in option for option in options) else ["--seccomp-bpf"]
        strace = ["strace", "-f", *fast, "-y", "-qq", "-s", "0", "-o", trace.name, "-e", f"trace={calls}"]
        done = subprocess.run(
            [*strace, *options, *command],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **more,  # type: ignore[call-overload]
        )
        return done.returncode, parse_trace(trace.read())


def parse_trace(text: str) -> list[Call]:
    counts: dict[tuple[str, str], int] = {}
    results = []
    for line in text.splitlines():
        match = re.match(r"(\d+) +(\w+)\(", line)
        if match:
            thread, name = match.groups()
            counts[thread, name] = counts.get((thread, name), 0) + 1
            results.append(Call(name, counts[thread, name], line.split(None, 1)[1], thread))
    return results


UNPRIVILEGED = 64242
"""A user who owns nothing and may do nothing special."""


@contextmanager
def like_tmp() -> Iterator[Path]:
    """A folder with ``tmp`` in it, where everybody may write, and remove only what is theirs."""
    folder = Path(tempfile.mkdtemp(prefix="runtime-supervisor-"))
    try:
        folder.chmod(0o755)
        (folder / "tmp").mkdir()
        (folder / "tmp").chmod(0o1777)
        yield folder
    finally:
        shutil.rmtree(folder)


def plain_environment() -> dict[str, str]:
    """Enough to import the project and what it needs, for anybody."""
    packages = [path for path in sys.path if path.endswith("site-packages")]
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), *packages]), "PYTHONDONTWRITEBYTECODE": "1"}


def as_user(user: int, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command as a user who may do nothing special."""
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=plain_environment(),
        user=user,
        group=user,
        extra_groups=[],
    )


def python_for(user: int) -> str:
    """An interpreter that a user without privileges may start, with what the supervisor needs."""
    for python in (sys.executable, "/usr/bin/python3"):
        with suppress(PermissionError):
            done = as_user(user, [python, "-c", "import yaml, watchdog, structlog, supervisor.cli.main"])
            if done.returncode == 0:
                return python
    pytest.skip("no Python that an unprivileged user may start")

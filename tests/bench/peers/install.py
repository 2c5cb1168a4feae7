"""Peers from Debian and PyPI, below a folder of their own: nothing is installed into the system, nothing started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 300.0
"""Seconds after which a download is given up."""


class SkippedError(Exception):
    """A peer cannot be had here; the message says why."""


@dataclass(frozen=True)
class Programs:
    """A tree that holds a peer's programs and what libraries the system lacks for them."""

    root: Path
    versions: str

    def path(self, name: str) -> str:
        return str(self.root / "usr/bin" / name)

    def at_home(self, command: Sequence[str]) -> list[str]:
        """The same command with the tree's ``/usr/share`` in the place of the system's, for itself alone."""
        namespace = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--mount", "--map-root-user"]
        script = 'mount --bind "$0" /usr/share && exec "$@"'
        return [*namespace, "sh", "-c", script, str(self.root / "usr/share"), *command]

    def environ(self, **more: str) -> dict[str, str]:
        folders = sorted({str(path.parent) for path in self.root.glob("**/lib*.so*")})
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "LD_LIBRARY_PATH": ":".join(folders), **more}


def debian(scratch: Path, program: str, *packages: str) -> Programs:
    """Unpack packages with what they need and the system has not. Raises SkippedError, also if they do not run."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise SkippedError("not a Debian: no apt-get or dpkg-deb")
    folder = scratch / packages[0]
    archives, root, done = folder / "archives", folder / "root", folder / "done"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        download = ["apt-get", "install", "--yes", "--quiet", "--reinstall", "--download-only"]
        download += ["--no-install-recommends", "-o", f"Dir::Cache::archives={archives}", "-o", "Debug::NoLocking=1"]
        # Where this is root, apt would fetch as another user, who cannot write here.
        download += ["-o", "APT::Sandbox::User=root", *packages]
        try:
            attempt(download)
        except SkippedError as error:
            # What apt knows may be too old, or nothing.
            try:
                attempt(["apt-get", "update", "--quiet"])
            except SkippedError:
                raise error from None
            attempt(download)
        for archive in sorted(archives.glob("*.deb")):
            attempt(["dpkg-deb", "--extract", str(archive), str(root)])
        programs = Programs(root, "")
        attempt([programs.path(program), "--version"], **programs.environ())
        versions = [_version(next(archives.glob(f"{package}_*.deb"))) for package in packages]
        done.write_text(", ".join(f"{name} {version}" for name, version in zip(packages, versions, strict=True)))
    return Programs(root, done.read_text())


def pypi(scratch: Path, package: str) -> Programs:
    """Install the newest release into a virtual environment of its own. Raises SkippedError."""
    folder = scratch / package
    done = folder / "done"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        attempt([sys.executable, "-m", "venv", str(folder / "usr")])
        python = str(folder / "usr/bin/python")
        # What pins our own dependencies is not meant for it.
        attempt([python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", package], PIP_CONSTRAINT="")
        asked = f"from importlib.metadata import version; print(version({package!r}), end='')"
        done.write_text(f"{package} {attempt([python, '-c', asked])}")
    return Programs(folder, done.read_text())


def _version(archive: Path) -> str:
    return attempt(["dpkg-deb", "--field", str(archive), "Version"]).strip()


def attempt(command: Sequence[str], **environ: str) -> str:
    """Run a step of an installation; what it says. Raises SkippedError with its last word."""
    try:
        done = subprocess.run(
            command,
            check=False,
            env=os.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SkippedError(f"{Path(command[0]).name}: {error}") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise SkippedError(f"{Path(command[0]).name}: {lines[-1] if lines else f'ended with {done.returncode}'}")
    return done.stdout

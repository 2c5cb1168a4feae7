"""A real Podman for tests: own storage, an image of one static program, and the API service as a process."""

from __future__ import annotations

import io
import shutil
import signal
import subprocess
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.systemd.machine import until

BUSYBOX = Path("/bin/busybox")
IMAGE = "localhost/box:1"


def why_not() -> str | None:
    """Why no Podman runs here, or None."""
    missing = [name for name in ("podman", "runc") if shutil.which(name) is None]
    if missing or not BUSYBOX.exists():
        return f"there is no {' and no '.join(missing) or BUSYBOX} (Debian: apt-get install podman runc busybox-static)"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            with Podman(Path(folder)) as podman:
                podman.start("probe")
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            return f"no container can be started: {error}"
    return None


class Podman:
    """``with Podman(folder) as podman: podman.start("web")``; gone with all its containers at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "podman.sock"
        self._command = [
            *("podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs"),
            *("--root", str(folder / "root"), "--runroot", str(folder / "run")),
        ]
        self._service: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(BUSYBOX, "bin/busybox")
            for name in ("sh", "sleep", "true", "false", "cat", "test"):
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        subprocess.run(
            [*self._command, "import", "-", IMAGE], input=archive.getvalue(), check=True, capture_output=True
        )
        self.serve()
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        self.silence()

    def serve(self) -> None:
        """Answer on the socket."""
        self._service = subprocess.Popen(
            [*self._command, "system", "service", "--time", "0", f"unix://{self.socket}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self.socket.exists, "the API's socket")

    def silence(self) -> None:
        """Gone, and the socket with it."""
        if self._service is not None:
            self._service.kill()
            self._service.wait()
            self._service = None
        with suppress(FileNotFoundError):
            self.socket.unlink()

    def suspend(self) -> None:
        """The API takes connections, and answers nothing."""
        assert self._service is not None
        self._service.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._service is not None
        self._service.send_signal(signal.SIGCONT)

    def __call__(self, *arguments: str, check: bool = True) -> str:
        """One command of podman; its standard output."""
        done = subprocess.run([*self._command, *arguments], capture_output=True, text=True, check=False, timeout=60)
        assert not check or done.returncode == 0, f"podman {arguments}: exit {done.returncode}\n{done.stderr}"
        return done.stdout

    def start(self, name: str, *command: str, options: tuple[str, ...] = ()) -> None:
        """Run a container in the background; it sleeps unless told otherwise."""
        limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000", "--network=host", "--stop-timeout=0")
        self("run", "--detach", "--name", name, *limits, *options, IMAGE, *(command or ("sleep", "3600")))

    def clear(self) -> None:
        """No container is left."""
        self("rm", "--force", "--all", "--time", "0", check=False)
        self("pod", "rm", "--force", "--all", check=False)

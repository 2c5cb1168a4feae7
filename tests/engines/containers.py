"""Real container engines for tests: own storage, an image of one static program, and the API service as a process."""

from __future__ import annotations

import io
import os
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


class Engine:
    """``with Podman() as engine: engine.start("web")``; gone with all its containers at the end."""

    programs: tuple[str, ...]
    packages: str
    limits: tuple[str, ...] = ("--network=host",)

    def __init__(self) -> None:
        # Not below pytest's folder, which could not be tidied up while an engine has something mounted there.
        self.folder = Path(tempfile.mkdtemp(prefix="runtime-supervisor-engine-"))
        self.socket = self.folder / "engine.sock"
        self._service: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> list[str]:
        """The client."""
        raise NotImplementedError

    @property
    def service(self) -> list[str]:
        """The process that answers on the socket."""
        raise NotImplementedError

    @classmethod
    def why_not(cls) -> str | None:
        """Why none runs here, or None."""
        if os.geteuid() != 0:
            return "it needs root"
        missing = [name for name in cls.programs if shutil.which(name) is None]
        if missing or not BUSYBOX.exists():
            what = " and no ".join(missing) or str(BUSYBOX)
            return f"there is no {what} (Debian: apt-get install {cls.packages} busybox-static)"
        try:
            with cls() as engine:
                engine.start("probe")
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            return f"no container can be started: {error}"
        return None

    def __enter__(self) -> Self:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(BUSYBOX, "bin/busybox")
            for name in ("sh", "sleep", "true", "false", "cat", "test"):
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        image = archive.getvalue()
        try:
            self.serve()
            subprocess.run([*self.command, "import", "-", IMAGE], input=image, check=True, capture_output=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        self.silence()
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for mount in reversed([mount for mount in mounts if mount.startswith(f"{self.folder}/")]):
            subprocess.run(["umount", "--lazy", mount], check=True)
        shutil.rmtree(self.folder)

    def serve(self) -> None:
        """Answer on the socket."""
        with (self.folder / "log").open("ab") as log:
            self._service = subprocess.Popen(self.service, stdout=log, stderr=log, start_new_session=True)
        until(lambda: self("version", check=False), "the API answers")

    def silence(self) -> None:
        """Gone, and the socket with it; what runs goes on."""
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
        """One command of the client; its standard output."""
        done = subprocess.run([*self.command, *arguments], capture_output=True, text=True, check=False, timeout=60)
        assert not check or done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stderr}"
        return done.stdout if done.returncode == 0 else ""

    def start(self, name: str, *command: str, options: tuple[str, ...] = ()) -> None:
        """Run a container in the background; it sleeps unless told otherwise."""
        self("run", "--detach", "--name", name, *self.limits, *options, IMAGE, *(command or ("sleep", "3600")))

    def health(self, command: str) -> tuple[str, ...]:
        """Options that give a container a health check."""
        raise NotImplementedError

    def check(self, name: str, wanted: str) -> None:
        """Until the health check of a container has said what is wanted."""
        raise NotImplementedError

    def clear(self) -> None:
        """No container is left."""
        if names := self("ps", "--all", "--quiet", check=False).split():
            self("rm", "--force", *names, check=False)


class Podman(Engine):
    """Its client works without the API; its health checks are the test's to run."""

    programs = ("podman", "runc")
    packages = "podman runc"
    limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000", "--network=host", "--stop-timeout=0")

    @property
    def command(self) -> list[str]:
        return [
            *("podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs"),
            *("--root", str(self.folder / "root"), "--runroot", str(self.folder / "run")),
        ]

    @property
    def service(self) -> list[str]:
        return [*self.command, "system", "service", "--time", "0", f"unix://{self.socket}"]

    def serve(self) -> None:
        super().serve()
        until(self.socket.exists, "the API's socket")

    def health(self, command: str) -> tuple[str, ...]:
        return ("--health-cmd", command, "--health-interval", "disable", "--health-retries", "1")

    def check(self, name: str, wanted: str) -> None:
        self("healthcheck", "run", name, check=wanted == "healthy")

    def clear(self) -> None:
        super().clear()
        self("pod", "rm", "--force", "--all", check=False)


class RootlessPodman(Podman):
    """That of a user who has no rights at all, and one number: all that its containers hold belongs to that user."""

    user = 65534

    def __init__(self) -> None:
        super().__init__()
        os.chown(self.folder, self.user, self.user)

    @property
    def command(self) -> list[str]:
        return [
            *("setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"),
            *("env", "-i", f"PATH={os.environ['PATH']}", f"HOME={self.folder}", f"XDG_RUNTIME_DIR={self.folder}"),
            *(*super().command, "--storage-driver", "vfs", "--events-backend", "file"),
        ]

    def silence(self) -> None:
        # It runs once more in the user's namespace, and that one is not the child that we know.
        if self._service is not None:
            os.killpg(self._service.pid, signal.SIGKILL)
        super().silence()

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        # Podman leaves one behind that keeps the user's namespace; nobody else lives in this folder.
        for process in Path("/proc").glob("[1-9]*"):
            with suppress(OSError):
                if f"HOME={self.folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGKILL)


class Docker(Engine):
    """The daemon, without a network of its own; its containers outlive it."""

    programs = ("dockerd", "docker")
    packages = "docker.io"
    limits = ("--network=host", "--stop-timeout=1")

    @property
    def command(self) -> list[str]:
        return ["docker", "--host", f"unix://{self.socket}"]

    @property
    def service(self) -> list[str]:
        return [
            *("dockerd", "--host", f"unix://{self.socket}", "--live-restore", "--storage-driver", "vfs"),
            *("--iptables=false", "--ip6tables=false", "--bridge=none", "--pidfile", str(self.folder / "pid")),
            *("--data-root", str(self.folder / "data"), "--exec-root", str(self.folder / "exec")),
        ]

    def silence(self) -> None:
        # Asked to end, it takes its containerd with it and leaves what runs; killed, it leaves all of it behind.
        if self._service is not None:
            self._service.terminate()
            self._service.wait(60)
        super().silence()

    def health(self, command: str) -> tuple[str, ...]:
        return ("--health-cmd", command, "--health-interval", "300ms", "--health-retries", "1")

    def check(self, name: str, wanted: str) -> None:
        until(lambda: self("inspect", "--format", "{{.State.Health.Status}}", name).strip() == wanted, wanted)


ENGINES: dict[str, type[Engine]] = {"docker": Docker, "podman": Podman}

"""A Debian root, made once and kept, booted with its own systemd in a container; and the project installed in it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

T = TypeVar("T")

PROJECT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("RUNTIME_SUPERVISOR_TESTS_CACHE", "/var/cache/runtime-supervisor-tests"))
SUITE = os.environ.get("RUNTIME_SUPERVISOR_TESTS_SUITE", "bookworm")
"""Debian 12 with systemd 252; `trixie` has 257."""
PACKAGES = ("dbus", "logrotate", "make", "python3", "python3-venv", "systemd", "systemd-sysv")
"""What a small Debian server has, and make. No procps: ExecReload= must do without."""

NAME = "runtime-supervisor"
PATIENCE = 30.0


def why_not() -> str | None:
    """Why no system can be booted here, or None."""
    if os.geteuid() != 0:
        return "it needs root"
    missing = [name for name in ("debootstrap", "systemd-nspawn", "nsenter") if shutil.which(name) is None]
    if missing:
        return f"there is no {' and no '.join(missing)} (Debian: apt-get install debootstrap systemd-container)"
    probe = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        return "this machine lets nobody make namespaces"
    return None


def prepare() -> None:
    """Make the Debian root (about a minute, once) and fetch the wheels that an install without network needs."""
    CACHE.mkdir(parents=True, exist_ok=True)
    if not root().exists():
        # Beside its place, and renamed when it is whole: an interrupted attempt is not mistaken for a root.
        with tempfile.TemporaryDirectory(dir=CACHE, ignore_cleanup_errors=True) as scratch:
            new = Path(scratch) / "root"
            mirror = [url] if (url := os.environ.get("DEBIAN_MIRROR")) else []
            command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(new), *mirror]
            _build(command, "the Debian root")
            _keep(new, root())
    if not wheels().exists():
        with tempfile.TemporaryDirectory(dir=CACHE, ignore_cleanup_errors=True) as scratch:
            new = Path(scratch) / "wheels"
            project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
            needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
            pins = ["--constraint", str(PROJECT / "config" / "constraints.txt")]
            # sdnotify comes as source only; it is pure Python, so any Python may make its wheel.
            _build([*pip, "wheel", "--no-deps", *pins, "--wheel-dir", str(new), "sdnotify"], "a wheel")
            theirs = ["--only-binary=:all:", "--implementation=cp", f"--python-version={_python()}"]
            _build([*pip, "download", *theirs, *pins, "--find-links", str(new), "--dest", str(new), *needed], "wheels")
            _keep(new, wheels())


def _keep(new: Path, place: Path) -> None:
    """Into its place; whoever was there first has made the same."""
    with suppress(OSError):
        new.rename(place)
    if not place.exists():
        raise CannotPrepareError(f"cannot put anything at {place}")


def _build(command: list[str], what: str) -> None:
    log = CACHE / "build.log"
    with log.open("w") as output:
        if subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode != 0:
            raise CannotPrepareError(f"{command[0]} could not make {what}, see {log}")


class CannotPrepareError(Exception):
    """What the tests run on could not be made; most often there is no network."""


def root() -> Path:
    return CACHE / f"root-{SUITE}-{_digest(*PACKAGES)}"


def wheels() -> Path:
    pins = (PROJECT / "config" / "constraints.txt").read_text()
    return CACHE / f"wheels-{_digest(pins, (PROJECT / 'pyproject.toml').read_text(), _python())}"


def _python() -> str:
    """The version of the root's python3, such as 3.11."""
    return os.readlink(root() / "usr/bin/python3").removeprefix("python")


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def until(look: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """The first true thing that ``look`` gives; AssertionError saying ``what`` did not come."""
    end = time.monotonic() + patience
    while not (seen := look()):
        assert time.monotonic() < end, f"not within {patience:g} s: {what}; last seen: {seen!r}"
        time.sleep(0.02)
    return seen


class Machine:
    """A booted system. What it writes is in memory and gone with it; ``with Machine() as machine: …``."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [
                *(
                    "systemd-nspawn",
                    "--quiet",
                    "--register=no",
                    "--keep-unit",
                    "--console=read-only",
                    "--private-network",
                ),
                *("--volatile=overlay", "--boot", f"--directory={root()}", f"--machine=supervisor-tests-{os.getpid()}"),
                *(f"--bind-ro={PROJECT}:/usr/src/{NAME}", f"--bind-ro={wheels()}:/usr/src/wheels"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._init = 0
        try:
            self._init = until(self._find_init, "the container's init")
            until(self._is_up, "the system is up", 60)
        except BaseException:
            self.__exit__()
            raise

    def _find_init(self) -> int:
        """The child that is process 1 of its own; nspawn has helpers, too, while it starts."""
        for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            with suppress(OSError):
                numbers = re.search(r"^NSpid:\t\d+\t1$", Path(f"/proc/{child}/status").read_text(), re.MULTILINE)
                if numbers and os.readlink(f"/proc/{child}/exe").endswith("/systemd/systemd"):
                    return int(child)
        return 0

    def _is_up(self) -> bool:
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in {"running", "degraded"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._init:
            os.kill(self._init, signal.SIGKILL)
        else:
            self.process.kill()
        self.process.wait(PATIENCE)

    def path(self, inside: str) -> Path:
        """Where the host sees a path of the system."""
        return Path(f"/proc/{self._init}/root{inside}")

    def run(self, *command: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command as root in the system."""
        done = subprocess.run(
            ["nsenter", "-t", str(self._init), "-m", "-u", "-i", "-n", "-p", "-C", "--", *command],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
        )
        assert not check or done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def make(self, *arguments: str) -> str:
        """``make`` in the project's sources, which are read-only there, without network; its standard output."""
        offline = ["env", "PIP_NO_INDEX=1", "PIP_FIND_LINKS=/usr/src/wheels"]
        return self.run(*offline, "make", "-C", f"/usr/src/{NAME}", "--no-print-directory", *arguments).stdout

    def systemctl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("systemctl", *arguments, check=check)

    def show(self, name: str, unit: str = NAME) -> str:
        """One property of a unit."""
        return self.systemctl("show", "--value", f"--property={name}", unit).stdout.strip()

    @property
    def version(self) -> int:
        """That of systemd."""
        return int(self.systemctl("--version").stdout.split()[1])

    def journal(self, *arguments: str) -> list[dict[str, Any]]:
        """Lines of the journal, as their fields."""
        self.run("journalctl", "--sync")
        return [json.loads(line) for line in self.run("journalctl", "-o", "json", *arguments).stdout.splitlines()]

    def files(self) -> set[str]:
        """All names on the root filesystem and in /tmp, but what systemd and the tests themselves leave behind."""
        shown = self.run("find", "/", "/tmp", "-xdev", "-not", "-path", "/usr/src/*").stdout.splitlines()
        passing = re.compile(
            r"/(tmp/systemd-private-|var/(lib|tmp|log|cache)/(systemd|logrotate|dbus|private|journal))"
        )
        return {name for name in shown if not passing.match(name)}


class Homelab:
    """The service on a machine, with a small homelab to look at."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.folder = machine.path("/opt/homelab")
        self.log = machine.path("/tmp/agent-events.log")
        self.checkpoint = machine.path("/tmp/supervisor-checkpoint.json")
        self._drop_ins = machine.path(f"/etc/systemd/system/{NAME}.service.d")

    def reset(self) -> None:
        """Stopped, unmodified, well, and without a past."""
        self.machine.systemctl("stop", NAME)
        self.machine.systemctl("reset-failed", check=False)
        shutil.rmtree(self._drop_ins, ignore_errors=True)
        self.machine.systemctl("daemon-reload")
        self.machine.path(f"/etc/{NAME}/supervisor.yaml").write_text("")
        for left in self.machine.path("/tmp").glob("*"):
            if left.is_file():
                left.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "world" / "nodes").mkdir(parents=True)
        self.declare("traefik", "jellyfin")
        self.observe(traefik="ok", jellyfin="ok")
        self.machine.run("journalctl", "--rotate")
        self.machine.run("journalctl", "--vacuum-time=1us")

    def start(self) -> float:
        """Start it; the seconds until it was ready."""
        began = time.monotonic()
        self.machine.systemctl("start", NAME)
        return time.monotonic() - began

    def drop_in(self, *lines: str) -> None:
        """Change the unit as an operator would."""
        self._drop_ins.mkdir(parents=True, exist_ok=True)
        (self._drop_ins / "test.conf").write_text("\n".join(("[Service]", *lines, "")))
        self.machine.systemctl("daemon-reload")

    def declare(self, *services: str) -> None:
        text = "services:\n" + "".join(f"  {service}:\n" for service in services)
        self._replace(self.folder / "hosts" / "nas" / "services.yaml", text)

    def observe(self, **words: str) -> None:
        services = {name: {"status": word} for name, word in words.items()}
        self._replace(
            self.folder / "world" / "nodes" / "nas.json", json.dumps({"status": "online", "services": services})
        )

    def configure(self, text: str) -> None:
        self.machine.path(f"/etc/{NAME}/supervisor.yaml").write_text(text)

    def events(self) -> list[dict[str, Any]]:
        """What anybody in the system reads from the log."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]

    def subjects(self) -> list[tuple[str, str]]:
        return [(event["type"], event["subject"]) for event in self.events()]

    @property
    def pid(self) -> str:
        return self.machine.show("MainPID")

    @staticmethod
    def _replace(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_text(text)
        new.rename(path)

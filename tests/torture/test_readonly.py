"""What a traced run does to the world around it: it writes its outputs, and nothing else."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.acceptance.harness import Daemon, environment
from tests.torture.busy import SERVICES, BusyLab
from tests.torture.conftest import Figure

pytestmark = [pytest.mark.torture, pytest.mark.needs("strace")]

CALLS = "%file,%desc,%process,%network,%signal,ptrace,mount,umount2,setuid,setgid,chroot,bpf,init_module"
_CHANGING = re.compile(
    r"^(rename|unlink|mkdir|rmdir|symlink|link|chmod|fchmod|chown|fchown|lchown|truncate|ftruncate|mknod|utime|futimes"
    r"|setxattr|lsetxattr|fsetxattr|removexattr|creat|fallocate|mount|umount)\w*$"
)
_WRITING = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|TMPFILE)")
_FORBIDDEN = re.compile(r"^(kill|tkill|tgkill|execve|execveat|fork|vfork|ptrace|setuid|setgid|chroot|bpf|init_module)$")


@dataclass
class Conduct:
    """What a trace shows: its calls, the paths that it may have changed, and what it must never do."""

    calls: int = 0
    writing: int = 0
    written: set[str] = field(default_factory=set)
    sockets: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def take(self, text: str, allowed: re.Pattern[str]) -> None:
        first = True
        for line in text.splitlines():
            match = re.match(r"\d+ +(\w+)\(", line)
            if not match:
                continue
            self.calls += 1
            name, call = match.group(1), line.split(None, 1)[1]
            if name == "execve" and first:
                # strace itself starts the program.
                first = False
                continue
            if _FORBIDDEN.match(name) or (name in ("clone", "clone3") and "CLONE_THREAD" not in call):
                self.faults.append(call)
            elif name == "socket":
                self.sockets.add(call.partition("(")[2].partition(",")[0])
            elif _CHANGING.match(name) or (name in ("open", "openat", "openat2") and _WRITING.search(call)):
                self._judge(call, allowed)

    def _judge(self, call: str, allowed: re.Pattern[str]) -> None:
        self.writing += 1
        paths = re.findall(r'"([^"]+)"', call) or re.findall(r"^\w+\(\d+<([^>]*)>", call)
        self.written.update(paths)
        if not paths or not all(allowed.fullmatch(path) for path in paths):
            self.faults.append(call)


def traced(trace: Path, *command: str) -> list[str]:
    return ["strace", "-f", "-y", "-qq", "-s", "0", "-o", str(trace), "-e", f"trace={CALLS}", *command]


def declared(lab: BusyLab) -> re.Pattern[str]:
    """The outputs: the log, the checkpoint, its replacement, what is set aside, and the lock."""
    log, saved = re.escape(str(lab.log)), re.escape(str(lab.checkpoint))
    return re.compile(rf"{log}|{saved}(\.lock|\.[0-9a-f]{{16}}\.tmp|\.corrupt-[0-9T.Z-]+)?|/dev/null|/dev/tty")


def test_the_supervisor_writes_its_outputs_and_nothing_else(tmp_path: Path, figure: Figure) -> None:
    lab = BusyLab(tmp_path / "lab")
    (lab.folder / "out").mkdir()
    lab.put_outputs(lab.folder / "out")
    conduct, allowed = Conduct(), declared(lab)
    trace = tmp_path / "trace"
    # As installed: the code's compiled form is there already, and cannot be written.
    subprocess.run([sys.executable, "-m", "compileall", "-q", "supervisor"], check=True, cwd=Path(__file__).parents[2])
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(traced(trace, sys.executable))} "$@"\n')
    wrapper.chmod(0o755)
    with Daemon(lab, "--quiet-period", "20ms", python=str(wrapper)) as daemon:
        for word in ("exited", "ok", "unhealthy", "absent", "ok"):
            before = len(lab.events())
            lab.say("nas", "online", dict.fromkeys(SERVICES, "ok") | {"traefik": word})
            daemon.wait_for(lambda before=before: len(lab.events()) > before)  # type: ignore[misc]
        lab.log.rename(f"{lab.log}.1")
        lab.checkpoint.write_bytes(b"\0")
        lab.declare("nas", "services: [")
        _signal_all(daemon, signal.SIGHUP)
        daemon.wait_for(lab.log.exists)
        _signal_all(daemon, signal.SIGTERM)
        daemon.process.wait(20)
    conduct.take(trace.read_text(errors="replace"), allowed)
    for command in ("reconcile", "status", "events", "check", "explain"):
        arguments = ["nas/traefik"] if command == "explain" else []
        subprocess.run(
            traced(trace, sys.executable, "-m", "supervisor", command, *lab.options, *arguments),
            check=False,
            capture_output=True,
            env=environment(),
            cwd=lab.folder,
        )
        conduct.take(trace.read_text(errors="replace"), allowed)
    assert conduct.faults == []
    assert conduct.sockets <= {"AF_UNIX"}
    assert {str(lab.log), str(lab.checkpoint), f"{lab.checkpoint}.lock"} <= conduct.written
    assert any(".corrupt-" in path for path in conduct.written)
    figure(
        "it could write elsewhere, start a program or open a connection",
        "strace over a daemon's life (drift, rotation, a damaged checkpoint, broken YAML, reload) and five commands",
        f"{conduct.calls} calls; {conduct.writing} can change a file, all of them on the declared paths; 0 programs, "
        f"0 processes, sockets: {', '.join(sorted(conduct.sockets)) or 'none'}",
    )


def _signal_all(daemon: Daemon, number: signal.Signals) -> None:
    """The tracer's child is the daemon; strace passes no signals on."""
    children = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text().split()
    os.kill(int(children[0]), number)


@pytest.mark.parametrize(
    "bad",
    [
        "open('/tmp/runtime-supervisor-elsewhere', 'w')",
        "import os; os.mkdir('/tmp/runtime-supervisor-elsewhere')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.fork()",
        "import os; os.kill(1, 0)",
        "import os; os.chmod('.', 0o755)",
    ],
)
def test_the_proof_would_notice(tmp_path: Path, bad: str) -> None:
    conduct = Conduct()
    trace = tmp_path / "trace"
    subprocess.run(traced(trace, sys.executable, "-c", bad), check=False, env=environment(), cwd=tmp_path)
    conduct.take(trace.read_text(errors="replace"), re.compile(r"/dev/null"))
    assert conduct.faults
    for left in Path("/tmp").glob("runtime-supervisor-elsewhere"):
        left.rmdir() if left.is_dir() else left.unlink()


def test_the_proof_would_notice_a_socket(tmp_path: Path) -> None:
    conduct = Conduct()
    trace = tmp_path / "trace"
    code = "import socket; socket.socket(socket.AF_INET)"
    subprocess.run(traced(trace, sys.executable, "-c", code), check=False, env=environment(), cwd=tmp_path)
    conduct.take(trace.read_text(errors="replace"), re.compile(r"/dev/null"))
    assert "AF_INET" in conduct.sockets

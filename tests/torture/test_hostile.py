"""A folder that everybody may write to: what is planted at our names is refused by name, and its victim untouched."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from supervisor.core.announce.events import Event, make_event
from supervisor.core.announce.ledger import Ledger
from supervisor.core.model.findings import EventType
from supervisor.errors import CheckpointError, EventLogError
from supervisor.files import checkpoint, eventlog
from supervisor.files.checkpoint import Checkpoint
from tests.acceptance.harness import Daemon
from tests.torture import ground
from tests.torture.audit import audit
from tests.torture.busy import SERVICES, BusyLab
from tests.torture.conftest import Figure
from tests.torture.test_log import until

SECRET = b"what the victim holds\n"
STRANGER = 65534


@dataclass(frozen=True)
class Trap:
    """How to plant something at a path, given a victim's file; and what the supervisor must call it."""

    name: str
    plant: Callable[[Path, Path], object]
    called: str
    privileged: bool = False


def _socket(path: Path, _: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        # Its address may not be long.
        here = os.getcwd()
        os.chdir(path.parent)
        try:
            listener.bind(path.name)
        finally:
            os.chdir(here)


def _file(path: Path, mode: int = 0o644, owner: int | None = None) -> None:
    path.write_bytes(SECRET)
    path.chmod(mode)
    if owner is not None:
        os.chown(path, owner, owner)


TRAPS = [
    Trap("a symbolic link", lambda path, victim: path.symlink_to(victim), "is a symbolic link"),
    Trap("a link to nothing", lambda path, _: path.symlink_to("/nowhere/at/all"), "is a symbolic link"),
    Trap("a hard link", lambda path, victim: path.hardlink_to(victim), "has other hard links"),
    Trap("a FIFO", lambda path, _: os.mkfifo(path), "is a FIFO, not a regular file"),
    Trap("a socket", _socket, "is a socket, not a regular file"),
    Trap("a folder", lambda path, _: path.mkdir(), "is a folder, not a regular file"),
    Trap("a file for everybody", lambda path, _: _file(path, 0o666), "may be written by everybody"),
    Trap(
        "a device",
        lambda path, _: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3)),
        "is a device, not a regular file",
        privileged=True,
    ),
    Trap("somebody else's file", lambda path, _: _file(path, owner=STRANGER), "belongs to user", privileged=True),
    Trap(
        "somebody else's file for everybody",
        lambda path, _: _file(path, 0o666, STRANGER),
        "belongs to user",
        privileged=True,
    ),
]

OUTPUTS = ["agent-events.log", "checkpoint.json", "checkpoint.json.lock"]


@pytest.fixture
def shared() -> Iterator[Path]:
    with ground.like_tmp() as folder:
        yield folder


def fingerprint(path: Path) -> tuple[object, ...]:
    """All that a write or a change of its mode would change."""
    status = path.lstat()
    content = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
    return content, status.st_mode, status.st_uid, status.st_nlink, status.st_mtime_ns, status.st_ino


class Attempt:
    """A daemon that runs into a trap, goes on, and catches up when the trap is gone."""

    def __init__(self, folder: Path, trap: Trap, output: str) -> None:
        self.lab = BusyLab(folder / "lab")
        self.lab.put_outputs(folder / "tmp")
        self.path = folder / "tmp" / output
        self.victim = folder / "tmp" / "victim"
        _file(self.victim, 0o600)
        trap.plant(self.path, self.victim)
        self.trap = trap
        self.before = fingerprint(self.path), fingerprint(self.victim)

    def run(self, passes: int) -> None:
        if self.trap.called == "belongs to user":
            self._is_refused()
        else:
            self._is_outlived(passes)

    def _is_refused(self) -> None:
        """A daemon that is not the service's does not even start on somebody else's files."""
        for command in ("run", "reconcile"):
            done = self.lab.command(command)
            assert done.returncode == 77
            assert f"cannot write {self.path}: it belongs to" in done.stderr
            assert (fingerprint(self.path), fingerprint(self.victim)) == self.before

    def _is_outlived(self, passes: int) -> None:
        # It is not ready before it has the lock.
        ready = not self.path.name.endswith(".lock")
        with Daemon(self.lab, "--resync-interval", "1h", "--quiet-period", "10ms", ready=ready) as daemon:
            daemon.wait_for(lambda: len(daemon.passes()) > 0)
            for number in range(passes):
                done = len(daemon.passes())
                self._change(number)
                daemon.send(signal.SIGHUP)
                daemon.wait_for(lambda done=done: len(daemon.passes()) > done)  # type: ignore[misc]
            assert {line["outcome"] for line in daemon.passes()} == {"retry"}
            assert daemon.process.poll() is None
            status = [notice for notice in daemon.notices if notice.startswith("STATUS=")][-1]
            assert "degraded(output): " in status
            assert str(self.path) in status
            assert self.trap.called in status
            assert (fingerprint(self.path), fingerprint(self.victim)) == self.before
            self._remove()
            daemon.send(signal.SIGHUP)
            daemon.wait_for(lambda: daemon.passes()[-1]["outcome"] == "ok")
        # The drift is announced once, and whatever happened before is not told.
        audited = audit(self.lab.log)
        assert audited.faults == []
        assert [event["subject"] for event in audited.events] == ["service:nas/db", "summary"]

    def _change(self, number: int) -> None:
        self.lab.say("nas", "online", dict.fromkeys(SERVICES, "ok") | {"db": f"broken-{number}"})

    def _remove(self) -> None:
        if self.path.is_dir() and not self.path.is_symlink():
            self.path.rmdir()
        else:
            self.path.unlink()


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("trap", [trap for trap in TRAPS if not trap.privileged], ids=lambda item: item.name)
def test_a_trap_is_refused_by_name_and_the_daemon_goes_on(shared: Path, trap: Trap, output: str) -> None:
    Attempt(shared, trap, output).run(3)


@pytest.mark.torture
@pytest.mark.needs("root")
@pytest.mark.parametrize("level", [0, 1, 2])
def test_no_trap_harms_at_any_level_of_the_kernels_own_protection(level: int, figure: Figure) -> None:
    link = str(min(level, 1))
    attempts = 0
    with ground.sysctl(
        fs__protected_symlinks=link,
        fs__protected_hardlinks=link,
        fs__protected_regular=str(level),
        fs__protected_fifos=str(level),
    ):
        for trap in TRAPS:
            for output in OUTPUTS:
                with ground.like_tmp() as folder:
                    Attempt(folder, trap, output).run(10)
                attempts += 1
    figure(
        "a trap at the name of the log, the checkpoint or the lock, in a folder such as /tmp",
        f"{len(TRAPS)} kinds ({', '.join(trap.name for trap in TRAPS)}) at {len(OUTPUTS)} names, "
        f"fs.protected_*={level}",
        f"{attempts}/{attempts} refused by name, victim untouched, 10 passes each and caught up when it was gone",
    )


@pytest.mark.torture
@pytest.mark.needs("root")
def test_without_privileges_a_trap_is_refused_as_well(figure: Figure) -> None:
    python = ground.python_for(ground.UNPRIVILEGED)
    attempts = 0
    traps = [*TRAPS, Trap("root's file", lambda path, _: _file(path, 0o600), f"for user {ground.UNPRIVILEGED}")]
    for trap in traps:
        for output in OUTPUTS:
            with ground.like_tmp() as folder:
                attempt = Attempt(folder, trap, output)
                attempt.lab.say("nas", "online", {"db": "exited"})
                done = ground.as_user(
                    ground.UNPRIVILEGED, [python, "-m", "supervisor", "reconcile", *attempt.lab.options]
                )
                assert done.returncode == 77, done.stderr
                assert f"cannot write {attempt.path}: it belongs to the user " in done.stderr
                assert (fingerprint(attempt.path), fingerprint(attempt.victim)) == attempt.before
            attempts += 1
    figure(
        "the same for a supervisor without privileges",
        f"reconcile as user {ground.UNPRIVILEGED}, {len(traps)} kinds at {len(OUTPUTS)} names, planted by others",
        f"{attempts}/{attempts} refused by name with exit 77, victim untouched",
    )


@pytest.mark.parametrize("trap", [trap for trap in TRAPS if not trap.privileged], ids=lambda item: item.name)
def test_a_trap_among_the_rotated_logs_is_not_looked_into(shared: Path, trap: Trap) -> None:
    attempt = Attempt(shared, trap, "agent-events.log.1")
    attempt.lab.say("nas", "online", {"db": "exited"})
    assert attempt.lab.command("reconcile").returncode == 0
    assert (fingerprint(attempt.path), fingerprint(attempt.victim)) == attempt.before
    assert audit(attempt.lab.log).sequence > 0


@pytest.mark.torture
@pytest.mark.needs("root")
def test_events_that_somebody_else_forged_beside_the_log_are_not_believed(shared: Path, figure: Figure) -> None:
    lab = BusyLab(shared / "lab")
    lab.put_outputs(shared / "tmp")
    assert lab.command("reconcile").returncode == 0
    lab.say("nas", "online", {"db": "exited"})
    assert lab.command("reconcile").returncode == 0
    forged = Path(f"{lab.log}.1")
    shutil.copy(lab.log, forged)
    os.chown(forged, STRANGER, STRANGER)
    kept = lab.log.read_bytes()
    lab.log.write_bytes(b"")
    lab.checkpoint.unlink()
    assert lab.command("reconcile").returncode == 0
    # As if there were no such file: the sequence begins anew.
    assert audit(lab.log).sequence == kept.count(b"\n")
    figure("a rotated log with forged events", "owned by somebody else", "not read; the sequence begins with 1")


@pytest.mark.torture
@pytest.mark.needs("root")
def test_names_that_a_stranger_makes_and_removes_hold_no_recovery_up(shared: Path, figure: Figure) -> None:
    log, theirs = shared / "tmp" / "agent-events.log", shared / "tmp" / "theirs"
    position = eventlog.append(str(log), [event(1)])
    eventlog.append(str(log), [event(2)])
    _file(theirs, owner=STRANGER)
    code = (
        "import itertools, os, sys\nfor n in itertools.count(): os.rename(*sys.argv[1:] if n % 2 else sys.argv[:0:-1])"
    )
    with subprocess.Popen([sys.executable, "-c", code, f"{log}.1", str(theirs)]) as stranger:
        try:
            until(lambda: not theirs.exists())
            for _ in range(2000):
                recovered, _ = eventlog.recover(str(log), position, "/runtime-supervisor/test")
                assert [item["sequence"] for item in recovered] == ["2"]
            assert stranger.poll() is None
        finally:
            stranger.kill()
    figure(
        "a stranger makes files that are called like rotated logs come and go",
        "renamed there and away without end, during 2000 recoveries",
        "2000/2000 recoveries went through",
    )


def test_a_name_that_was_taken_is_not_written_to(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, victim = shared / "tmp" / "checkpoint.json", shared / "tmp" / "victim"
    _file(victim)
    monkeypatch.setattr("secrets.token_hex", lambda size: "0" * 2 * size)
    Path(f"{path}.{'0' * 16}.tmp").symlink_to(victim)
    with pytest.raises(CheckpointError, match="File exists"):
        checkpoint.save(str(path), Checkpoint(Ledger()))
    assert victim.read_bytes() == SECRET
    monkeypatch.undo()
    checkpoint.save(str(path), Checkpoint(Ledger()))
    assert victim.read_bytes() == SECRET


def test_a_link_that_comes_and_goes_never_leads_to_its_victim(shared: Path, figure: Figure) -> None:
    log, victim = shared / "tmp" / "agent-events.log", shared / "tmp" / "victim"
    _file(victim)
    swaps, over, chance = 0, threading.Event(), random.Random(1)

    def swap() -> None:
        nonlocal swaps
        link, file = shared / "tmp" / "link", shared / "tmp" / "file"
        while not over.is_set():
            link.symlink_to(victim)
            link.rename(log)
            file.touch()
            file.rename(log)
            swaps += 1
            # Else the two threads may go in step, and the file is never there when the log is opened.
            over.wait(chance.uniform(0, 0.001))

    thread = threading.Thread(target=swap)
    thread.start()
    appends = appended = 0
    enough = ground.rounds(300, 20_000)
    deadline = time.monotonic() + 60
    try:
        while appends < enough or (appended in (0, appends) and time.monotonic() < deadline):
            appends += 1
            with suppress(EventLogError):
                eventlog.append(str(log), [event(appends)])
                appended += 1
    finally:
        over.set()
        thread.join()
    assert victim.read_bytes() == SECRET
    assert 0 < appended < appends
    figure(
        "a link to a victim is swapped in and out at the log's name while events are appended",
        f"{appends} appends, {swaps} swaps",
        f"victim untouched; {appended} appended, {appends - appended} refused",
    )


def event(sequence: int) -> Event:
    return make_event(
        "/runtime-supervisor/test", sequence, 10**18, EventType.REQUIRED, "node:nas", {"fingerprint": "f"}
    )


@pytest.mark.torture
@pytest.mark.needs("mount")
def test_a_start_on_a_read_only_disk_is_said_and_caught_up(tmp_path: Path, figure: Figure) -> None:
    lab = BusyLab(tmp_path / "lab")
    lab.say("nas", "online", dict.fromkeys(SERVICES, "ok") | {"db": "exited"})
    with ground.tmpfs(tmp_path / "disk", "ro") as disk:
        lab.put_outputs(disk)
        # Without the lock it is not ready.
        with Daemon(lab, "--resync-interval", "1h", ready=False) as daemon:
            daemon.wait_for(lambda: any("degraded(output): " in notice for notice in daemon.notices))
            status = [notice for notice in daemon.notices if notice.startswith("STATUS=")][-1]
            assert "ReadWritePaths=" in status
            subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
            # No signal: the retries come by themselves.
            daemon.wait_for(lambda: daemon.passes()[-1]["outcome"] == "ok")
        assert [event["subject"] for event in audit(lab.log).events] == ["service:nas/db", "summary"]
    figure(
        "a start while log, checkpoint and lock are on a read-only disk",
        "tmpfs, mounted read-only, then remounted",
        "degraded(output), the message names ReadWritePaths=; caught up by itself",
    )

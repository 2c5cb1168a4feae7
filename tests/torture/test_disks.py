"""Disks that are full, over quota, read-only or slow: the daemon lives, says so, and catches up when they are well."""

from __future__ import annotations

import itertools
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from supervisor.core.announce.events import event_line
from tests.acceptance.harness import Daemon, Lab, environment
from tests.torture.audit import Audit, audit
from tests.torture.conftest import Figure
from tests.torture.ground import mounted, rounds, tmpfs
from tests.torture.others import NAMES, busy, line_of, where

BLOCK = 4096


class DiskLab(Lab):
    """A node with twelve services, and outputs that may be on other filesystems than the inputs."""

    def __init__(self, folder: Path, log: Path, checkpoint: Path) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(folder)
        self.log, self.checkpoint = log / "agent-events.log", checkpoint / "checkpoint.json"
        self.options[5::2] = [str(self.log), str(self.checkpoint)]
        self.declare("nas", json.dumps({"services": NAMES}))
        self.let({})

    def let(self, words: dict[str, str]) -> None:
        """Observe these words; all other services are well."""
        self.observe("nas", **(dict.fromkeys(NAMES, "ok") | words))

    def audit(self) -> Audit:
        return audit(self.log)

    def is_open(self, words: dict[str, str]) -> bool:
        """Whether a reader of the log takes exactly these to be open."""
        return sorted(self.audit().open.values()) == sorted(f"service:nas/{name}" for name in words)

    def is_counted(self) -> bool:
        """Whether the checkpoint knows of the log's last event."""
        sequences = [int(event["sequence"]) for event in self.audit().events]
        return bool(json.loads(self.checkpoint.read_bytes())["sequence"] == max(sequences, default=0))

    def left_over(self) -> list[Path]:
        return [path for folder in (self.log.parent, self.checkpoint.parent) for path in folder.glob("*.tmp")]


class Sick:
    """A daemon through an illness of its disks: what it says, and what it takes until all is caught up."""

    def __init__(self, lab: DiskLab, daemon: Daemon) -> None:
        self.lab, self.daemon = lab, daemon
        self.seconds: list[float] = []

    def statuses(self) -> list[str]:
        return [notice for notice in self.daemon.notices if notice.startswith("STATUS=")]

    def let(self, words: dict[str, str]) -> None:
        self.lab.let(words)
        self.daemon.send(signal.SIGHUP)

    def complaint(self, why: str) -> None:
        """Wait until it says so from now on, in its status and in its log."""
        before = len(self.daemon.notices)
        self.daemon.wait_for(
            lambda: any("degraded(output)" in notice and why in notice for notice in self.daemon.notices[before:])
        )
        said = [
            line for line in self.daemon.lines() if line["event"] == "cannot write event log or checkpoint; will retry"
        ]
        assert why in said[-1]["error"]
        assert said[-1]["level"] == "error"

    def recovery(self, words: dict[str, str]) -> None:
        """Wait until all is caught up, however long the daemon itself waits between its tries."""
        began = time.monotonic()
        self.daemon.wait_for(lambda: self.lab.is_open(words) and "degraded(" not in self.statuses()[-1], 90)
        self.seconds.append(time.monotonic() - began)
        assert self.lab.audit().faults == []
        # The events are there before the checkpoint that counts them is in place.
        self.daemon.wait_for(lambda: self.lab.left_over() == [] and self.lab.is_counted())

    def check(self) -> Audit:
        """What was said to be done is in the log."""
        audited = self.lab.audit()
        assert audited.faults == []
        said = [
            (line["type"], line["subject"], line.get("fingerprint"))
            for line in self.daemon.lines()
            if "emit_reason" in line
        ]
        there = [(event["type"], event["subject"], event["data"].get("fingerprint")) for event in audited.events]
        assert all(said.count(item) <= there.count(item) for item in said)
        return audited


class Filler:
    """Files that take all that is left, and what commits of the journal give back meanwhile, some of it late."""

    def __init__(self, folder: Path) -> None:
        # The last block may be one that a file of many extents cannot take, for it would need another one to say so.
        self._paths = [folder / f"filler{number}" for number in range(4)]
        size = full = 0
        while full < 3 or (os.statvfs(folder).f_bavail and full < 20):
            os.sync()
            for path in self._paths:
                self._grow(path)
            before, size = size, sum(path.stat().st_size for path in self._paths)
            full = full + 1 if size == before else 0

    @staticmethod
    def _grow(path: Path) -> None:
        with path.open("ab", buffering=0) as file:
            for length in (1 << 16, BLOCK, 512, 1):
                with suppress(OSError):
                    while file.write(b"\0" * length) == length:
                        pass
                with suppress(OSError):
                    os.fsync(file.fileno())

    def unlink(self) -> None:
        for path in self._paths:
            path.unlink()


def pad(log: Path, room: int) -> int:
    """Another writer's line, so long that ``room`` bytes are left of the log's last block."""
    size = log.stat().st_size if log.exists() else 0
    length = (BLOCK - room - size) % BLOCK
    length += BLOCK if length < 50 else 0
    line = json.dumps({"writer": "other", "text": "x" * (length - 32)}).encode() + b"\n"
    with log.open("ab", buffering=0) as file:
        assert file.write(line) == len(line)
    return len(line)


def third(number: int) -> dict[str, str]:
    return dict.fromkeys(NAMES[number % 3 :: 3], "failed")


def others(words: dict[str, str]) -> dict[str, str]:
    """Those that are well are ill and the other way round: twelve events, more than a block."""
    return dict.fromkeys([name for name in NAMES if name not in words], "failed")


def refused(done: subprocess.CompletedProcess[str], why: str) -> None:
    """``reconcile`` exited with 1 and said why."""
    assert done.returncode == 1, done.stderr
    assert why in done.stderr
    assert done.stderr.startswith("runtime-supervisor: cannot ")


@contextmanager
def disks(kind: str, layout: str, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Folders for log and checkpoint: one small disk for both, or for one of them alone."""
    small = folder / "small"
    with ExitStack() as stack:
        if kind == "tmpfs":
            stack.enter_context(tmpfs(small, "size=256k"))
        else:
            image = folder / "image"
            with image.open("wb") as file:
                file.truncate(8 << 20)
            subprocess.run(["mkfs.ext4", "-q", "-b", str(BLOCK), "-m", "0", str(image)], check=True)
            stack.enter_context(mounted("ext4", str(image), small, "loop"))
        yield (folder if layout == "checkpoint" else small), (folder if layout == "log" else small)


def levels(events: list[int], count: int) -> list[int]:
    """Free bytes to tear an append of lines of these lengths at: its edges, and evenly between them."""
    edges = [0, 1, events[0] - 1, events[0], events[0] + 1, sum(events[:3]) - 1, sum(events[:3])]
    whole = min(sum(events), BLOCK)
    return sorted({*edges[: max(2, count)], *(whole * number // count for number in range(count))})


@pytest.mark.torture
@pytest.mark.needs("loop", "mkfs.ext4")
@pytest.mark.parametrize("layout", ["log", "checkpoint", "both"])
@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_a_full_disk_is_said_and_caught_up(kind: str, layout: str, tmp_path: Path, figure: Figure) -> None:
    with disks(kind, layout, tmp_path) as (logs, checkpoints):
        lab = DiskLab(tmp_path / "lab", logs, checkpoints)
        small = checkpoints if layout == "checkpoint" else logs
        with Daemon(lab, "--resync-interval", "1h") as daemon:
            sick, words = Sick(lab, daemon), third(2)
            lab.let(words)
            sick.recovery(words)
            rooms = levels([len(event_line(event)) for event in lab.audit().events], rounds(2, 12))
            if layout == "checkpoint":
                del rooms[3:]
            sick.seconds.clear()
            for number, room in enumerate(rooms):
                if layout != "checkpoint":
                    pad(lab.log, room)
                filler, saved = Filler(small), lab.checkpoint.read_bytes()
                # Drift that changes while it cannot be told: what counts is what is there in the end.
                words = others(words)
                sick.let(words)
                sick.complaint("No space left on device" if layout == "checkpoint" or not room else "")
                assert lab.checkpoint.read_bytes() == saved or layout == "log"
                words = third(number)
                sick.let(words)
                sick.complaint("No space left on device")
                assert lab.checkpoint.read_bytes() == saved or layout == "log"
                assert lab.left_over() == []
                filler.unlink()
                sick.recovery(words)
            audited = sick.check()
        for number in range(20):
            words = third(number) if number % 2 else {}
            if layout != "checkpoint":
                pad(lab.log, 0)
            filler = Filler(small)
            lab.let(words)
            done = lab.command("reconcile")
            # The disk may give a block back after all, and it is told: then it is filled again.
            if done.returncode:
                break
            filler.unlink()
        refused(done, "No space left on device")
        filler.unlink()
        assert lab.command("reconcile").returncode == 0
        assert lab.audit().faults == []
        assert lab.is_open(words)
    figure(
        f"a full disk: {kind}, with {'log and checkpoint' if layout == 'both' else 'the ' + layout} on it",
        f"filled {len(rooms)} times, 0 to {rooms[-1]} bytes left of the log's block, the drift changing meanwhile",
        f"0 of {len(audited.events)} events lost, 0 repeated, 0 glued; {audited.fragments} fragments; old checkpoint "
        f"whole; caught up {min(sick.seconds):.1f} to {max(sick.seconds):.1f} s after there was space",
    )


@pytest.mark.torture
@pytest.mark.needs("mount")
def test_a_full_disk_that_others_fill_too_loses_and_repeats_nothing_of_ours(tmp_path: Path, figure: Figure) -> None:
    with disks("tmpfs", "log", tmp_path) as (logs, checkpoints):
        lab, cycles = DiskLab(tmp_path / "lab", logs, checkpoints), rounds(2, 10)
        with Daemon(lab, "--resync-interval", "1h") as daemon, busy("press", str(lab.log), "other") as other:
            sick, words = Sick(lab, daemon), third(2)
            for number in range(cycles):
                filler = Filler(logs)
                words = others(words)
                sick.let(words)
                sick.complaint("")
                words = third(number)
                sick.let(words)
                subprocess.run(["mount", "-o", f"remount,size={(number + 2) * 256}k", str(logs)], check=True)
                filler.unlink()
                sick.recovery(words)
            whole = [line_of("other", int(number)) for number in other.communicate()[0].split()]
            audited = sick.check()
        lines = lab.log.read_bytes().split(b"\n")
    missing = Counter(whole) - Counter(line + b"\n" for line in lines)
    on_ours = sum(line.startswith(b'{"specversion"') and b'{"writer"' in line for line in lines)
    figure(
        "a full disk that another writer fills as well, line after line",
        f"tmpfs filled {cycles} times, {len(whole)} lines of the other one",
        f"0 of {len(audited.events)} of our events lost, 0 repeated, 0 glued; {audited.fragments} fragments; "
        f"of the other's lines {missing.total() - on_ours} on a fragment of its own, {on_ours} on one of ours",
    )


def test_a_log_that_may_not_grow_is_said_and_caught_up(tmp_path: Path, figure: Figure) -> None:
    """The short form of a full disk, for everybody: the kernel ends the daemon's writes at a length."""
    lab = DiskLab(tmp_path / "lab", tmp_path, tmp_path)
    # Longer than all other files that the daemon writes, so that the limit holds for the log alone.
    lab.log.write_bytes(line_of("other", 500) * 20)
    with Daemon(lab, "--resync-interval", "1h") as daemon:
        sick, words = Sick(lab, daemon), third(2)
        sick.let(words)
        sick.recovery(words)
        sick.seconds.clear()
        rooms = levels([len(event_line(event)) for event in lab.audit().events], rounds(1, 12))
        for number, room in enumerate(rooms):
            no_longer = (lab.log.stat().st_size + room, resource.RLIM_INFINITY)
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, no_longer)
            words = others(words)
            sick.let(words)
            sick.complaint("File too large" if not room else "")
            words = third(number)
            lab.let(words)
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            sick.recovery(words)
        audited = sick.check()
    figure(
        "a log that may not grow",
        f"RLIMIT_FSIZE of the daemon, {len(rooms)} times, 0 to {rooms[-1]} bytes behind the log's end",
        f"0 of {len(audited.events)} events lost, 0 repeated, 0 glued; {audited.fragments} fragments; "
        f"caught up {min(sick.seconds):.1f} to {max(sick.seconds):.1f} s after it was lifted",
    )


@contextmanager
def injected(daemon: Daemon, *options: str) -> Iterator[None]:
    """System calls of the running daemon that fail or take long, for a while."""
    command = ["strace", "-f", "-o", "/dev/null", "-p", str(daemon.process.pid), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as strace:
        assert strace.stderr is not None
        assert b"attached" in strace.stderr.readline()
        try:
            yield
        finally:
            strace.terminate()
            strace.communicate()


@pytest.mark.torture
@pytest.mark.needs("strace")
def test_a_quota_is_said_and_caught_up(place: Path, figure: Figure) -> None:
    lab = DiskLab(place / "lab", place, place)
    on_log = ["-P", str(lab.log), "-e"]
    faults = {
        "Disk quota exceeded": [
            ["-e", "inject=rename:error=EDQUOT"],
            ["-e", "inject=fsync:error=EDQUOT"],
            [*on_log, "inject=write:error=EDQUOT"],
            [*on_log, "inject=fsync:error=EDQUOT"],
        ],
        "No space left on device": [
            ["-e", "inject=rename:error=ENOSPC"],
            ["-e", "inject=fsync:error=ENOSPC"],
            [*on_log, "inject=write:error=ENOSPC"],
        ],
        "Input/output error": [
            ["-e", "inject=rename:error=EIO"],
            ["-e", "inject=fsync:error=EIO"],
            [*on_log, "inject=write:error=EIO"],
        ],
    }
    with Daemon(lab, "--resync-interval", "1h") as daemon:
        sick, words, number = Sick(lab, daemon), third(2), 0
        sick.let(words)
        sick.recovery(words)
        sick.seconds.clear()
        for why, some in faults.items():
            for options in some:
                number += 1
                saved = lab.checkpoint.read_bytes()
                with injected(daemon, *options):
                    words = others(words)
                    sick.let(words)
                    sick.complaint(why)
                    words = third(number)
                    sick.let(words)
                    sick.complaint(why)
                    assert lab.checkpoint.read_bytes() == saved
                    assert lab.left_over() == []
                sick.recovery(words)
        audited = sick.check()
    number = 0
    for why, some in faults.items():
        for options in some:
            number += 1
            words = {} if number % 2 else third(0)
            lab.let(words)
            command = [sys.executable, "-m", "supervisor", "reconcile", *lab.options]
            done = subprocess.run(
                ["strace", "-f", "-o", "/dev/null", *options, *command],
                env=environment(),
                cwd=lab.folder,
                capture_output=True,
                text=True,
                check=False,
            )
            assert (done.returncode, why in done.stderr) == (1, True), done.stderr
            assert lab.left_over() == []
            assert lab.command("reconcile").returncode == 0
            assert lab.audit().faults == []
            assert lab.is_open(words)
    figure(
        f"EDQUOT, ENOSPC and EIO by system call ({where(place)})",
        "strace, 4, 3 and 3 kinds: write of the log, every fsync, rename; on the daemon, and on `reconcile`",
        f"20 of 20: said, exit 1, old checkpoint whole, no file left; 0 of {audited.sequence} events lost, repeated or "
        f"glued; the daemon caught up within {max(sick.seconds):.1f} s",
    )


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


@pytest.mark.torture
@pytest.mark.needs("loop", "mkfs.ext4")
@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_a_disk_that_becomes_read_only_is_said_and_caught_up(kind: str, tmp_path: Path, figure: Figure) -> None:
    why = "Read-only file system; a unit needs the folder in ReadWritePaths="
    with disks(kind, "log", tmp_path) as (logs, checkpoints):
        lab = DiskLab(tmp_path / "lab", logs, checkpoints)
        with Daemon(lab, "--resync-interval", "1h") as daemon:
            sick, words = Sick(lab, daemon), third(2)
            for number in range(4):
                sick.let(words)
                sick.recovery(words)
                remount(logs, "ro")
                words = others(words)
                sick.let(words)
                sick.complaint(why)
                words = third(number)
                sick.let(words)
                sick.complaint(why)
                remount(logs, "rw")
                sick.recovery(words)
            audited = sick.check()
            remount(logs, "ro")
            # Nothing new to say is nothing to complain of.
            sick.let(words)
            daemon.wait_for(lambda: "RELOADING=1" not in daemon.notices[-3:])
            assert "degraded(" not in sick.statuses()[-1]
        # It is also started with its log on such a disk.
        lab.let(others(words))
        with Daemon(lab) as daemon:
            Sick(lab, daemon).statuses()
            daemon.wait_for(lambda: any("degraded(output)" in notice for notice in daemon.notices))
        refused(lab.command("reconcile"), why)
        remount(logs, "rw")
        assert lab.command("reconcile").returncode == 0
        assert lab.audit().faults == []
    with disks(kind, "both", tmp_path) as (logs, checkpoints):
        lab = DiskLab(tmp_path / "lab2", logs, checkpoints)
        remount(logs, "ro")
        refused(lab.command("reconcile"), why)
    figure(
        f"a read-only remount ({kind})",
        "`mount -o remount,ro` of the log's disk and back, 4 times, the drift changing meanwhile; a start; "
        "`reconcile` with the log, and with both, on it",
        f"said, with the directive; 0 of {len(audited.events)} events lost, 0 repeated; caught up within "
        f"{max(sick.seconds):.1f} s; `reconcile` exits 1",
    )


@pytest.mark.torture
@pytest.mark.needs("strace")
@pytest.mark.parametrize(("delay", "changes"), [(3, 5), (12, 1)])
def test_a_slow_disk_does_not_stop_the_heart(delay: int, changes: int, tmp_path: Path, figure: Figure) -> None:
    lab = DiskLab(tmp_path / "lab", tmp_path, tmp_path)
    with Daemon(lab, "--resync-interval", "1h", environ={"WATCHDOG_USEC": "30000000"}) as daemon:
        sick, words = Sick(lab, daemon), third(2)
        sick.let(words)
        sick.recovery(words)
        beats = [time.monotonic()]

        def look(done: Callable[[], bool]) -> bool:
            while daemon.notices.count("WATCHDOG=1") >= len(beats):
                beats.append(time.monotonic())
            return done()

        daemon.wait_for(lambda: look(lambda: len(beats) > 2), 60)
        with injected(daemon, "-e", f"inject=fsync:delay_enter={delay}000000"):
            for number in range(changes):
                words = others(third(number))
                passes = len(daemon.passes())
                # A pass that begins between two heartbeats has the longest without one.
                time.sleep(5)
                lab.let(words)
                daemon.wait_for(lambda passes=passes: look(lambda: len(daemon.passes()) > passes), 120)  # type: ignore[misc]
            daemon.wait_for(lambda: look(lambda: lab.is_open(words)), 60)
            beaten = len(beats)
            daemon.wait_for(lambda: look(lambda: len(beats) > beaten), 60)
        took = max(line["duration_ms"] for line in daemon.passes()) / 1000
        gaps = [after - before for before, after in itertools.pairwise(beats)]
        audited = sick.check()
    assert max(gaps) < 30
    figure(
        f"a slow disk: {delay} s for each fsync",
        f"strace, {changes} changes, WATCHDOG_USEC as shipped (30 s); a pass fsyncs at least 3 times",
        f"passes of up to {took:.0f} s; heartbeats at most {max(gaps):.1f} s apart, "
        f"0 watchdog kills; 0 of {len(audited.events)} events lost or repeated",
    )
    assert daemon.process.returncode == 0

"""Killed at any instant, at any system call, with the power cut: no event is lost, repeated, or glued to a fragment."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.acceptance.harness import environment
from tests.torture.audit import Audit, acknowledged, audit, recommended
from tests.torture.busy import BusyLab
from tests.torture.conftest import LONG, Figure
from tests.torture.ground import Call, filesystem, mounted, rounds, traced
from tests.torture.zygote import Zygote

OPTIONS = ["--quiet-period", "1ms", "--max-delay", "5ms"]


@dataclass
class Ending:
    """A lab whose outputs are looked at after every interruption, and mended by one pass."""

    lab: BusyLab
    zygote: Zygote

    def check(self) -> Audit:
        """After a crash: nothing acknowledged is missing. After one pass: the log rebuilds the report."""
        before = audit(*self.logs())
        assert not before.faults
        assert acknowledged(self.lab.checkpoint) <= before.sequence
        report = self.reconcile()
        after = audit(*self.logs())
        assert not after.faults
        assert after.events[: len(before.events)] == before.events
        assert after.open == recommended(report)
        assert not list(self.lab.folder.glob("*.tmp"))
        return after

    def logs(self) -> list[Path]:
        """Oldest first."""
        return [Path(f"{self.lab.log}.1"), self.lab.log]

    def reconcile(self) -> dict[str, object]:
        out = str(self.lab.folder / "reconcile")
        code = self.zygote.wait(self.zygote.start(self.lab.folder, out, ["reconcile", *self.lab.options, "-o", "json"]))
        assert code == 0, Path(f"{out}.err").read_text()
        report: dict[str, object] = json.loads(Path(f"{out}.out").read_text())
        return report


def test_a_kill_at_a_random_instant_loses_and_repeats_nothing(place: Path, figure: Figure) -> None:
    kills, seed = rounds(25, 1000), 1
    chance = random.Random(seed)
    fragments = events = passes = 0
    with Zygote() as zygote:
        for kill in range(kills):
            if kill % 50 == 0:
                # The whole log is read after each kill: a new one now and then keeps that bearable.
                lab = BusyLab(place / f"lab-{kill}")
                ending = Ending(lab, zygote)
                after = Audit([], 0, [])
            lab.shake(chance)
            before = acknowledged(lab.checkpoint)
            pid = zygote.start(lab.folder, str(lab.folder / "daemon"), ["run", *lab.options, *OPTIONS])
            instants = sorted(chance.uniform(0, 0.06) for _ in range(3))
            began = time.monotonic()
            for instant in instants:
                # The instants are what is tested: nothing is waited for.
                time.sleep(max(0.0, began + instant - time.monotonic()))
                if instant is not instants[-1]:
                    lab.shake(chance)
            os.kill(pid, signal.SIGKILL)
            assert zygote.wait(pid) == -signal.SIGKILL
            passes += acknowledged(lab.checkpoint) > before
            seen, after = after, ending.check()
            fragments += after.fragments - seen.fragments
            events += after.sequence - seen.sequence
    figure(
        "SIGKILL at a random instant of a busy daemon",
        f"{kills} kills within 60 ms of a start that has no imports to make, {filesystem(place)}",
        f"{kills}/{kills}: {events} events, 0 lost, 0 repeated, 0 glued; {fragments} fragments; "
        f"{passes} lives had come to a durable pass",
    )


def test_a_torn_last_line_is_ended_and_the_event_appended_once(tmp_path: Path, figure: Figure) -> None:
    lab = BusyLab(tmp_path / "lab")
    with Zygote() as zygote:
        ending = Ending(lab, zygote)
        ending.reconcile()
        old = lab.checkpoint.read_bytes()
        lab.say("nas", "online", {"traefik": "ok", "authelia": "ok", "db": "exited", "jellyfin": "ok"})
        began = audit(lab.log).sequence
        start = lab.log.stat().st_size if lab.log.exists() else 0
        ending.reconcile()
        whole = lab.log.read_bytes()
        cuts = range(start, len(whole), 1 if LONG else 97)
        for cut in cuts:
            lab.log.write_bytes(whole[:cut])
            lab.checkpoint.write_bytes(old)
            after = ending.check()
            assert after.sequence == audit_of(whole, lab.folder / "whole").sequence > began
    figure(
        "a torn tail is there at the start",
        "the log cut at each byte of the last pass, the checkpoint the one before it",
        f"{len(cuts)}/{len(cuts)} cuts: 0 lost, 0 repeated, 0 glued",
    )


def audit_of(data: bytes, path: Path) -> Audit:
    path.write_bytes(data)
    return audit(path)


# --- every system call ------------------------------------------------------------------------------------------------

WRITING = "openat,write,pwrite64,fsync,rename,unlink,fchmod,ftruncate,flock,close,lseek"


def first_life(lab: BusyLab) -> None:
    """Nothing was written yet."""


def second_pass(lab: BusyLab) -> None:
    """Log and checkpoint are there, and there is something to resolve and to announce."""
    assert lab.command("reconcile").returncode == 0
    lab.say("nas", "online", {"traefik": "ok", "authelia": "ok", "db": "ok", "jellyfin": "exited", "media/dns": "ok"})


def after_a_torn_append(lab: BusyLab) -> None:
    """The last life ended in the middle of an append, the one before it in that of a checkpoint."""
    second_pass(lab)
    saved, size = lab.checkpoint.read_bytes(), lab.log.stat().st_size
    assert lab.command("reconcile").returncode == 0
    lab.checkpoint.write_bytes(saved)
    os.truncate(lab.log, (size + lab.log.stat().st_size) // 2)
    Path(f"{lab.checkpoint}.0123456789abcdef.tmp").write_text("{")


def with_another_file(lab: BusyLab) -> None:
    """The log was copied back from somewhere: its inode is not the one that the checkpoint knows."""
    second_pass(lab)
    shutil.copy(lab.log, f"{lab.log}.copy")
    Path(f"{lab.log}.copy").rename(lab.log)


def after_a_rotation(lab: BusyLab) -> None:
    """The log was renamed after a crash that left it ahead of the checkpoint."""
    second_pass(lab)
    saved = lab.checkpoint.read_bytes()
    assert lab.command("reconcile").returncode == 0
    lab.checkpoint.write_bytes(saved)
    lab.log.rename(f"{lab.log}.1")


def without_a_checkpoint(lab: BusyLab) -> None:
    """It was deleted: everything is to be announced anew."""
    second_pass(lab)
    lab.checkpoint.unlink()


def with_a_damaged_checkpoint(lab: BusyLab) -> None:
    """It is to be set aside."""
    second_pass(lab)
    lab.checkpoint.write_bytes(b"\0" * 100)


SITUATIONS = [first_life, second_pass, after_a_torn_append, with_another_file, without_a_checkpoint]
SITUATIONS += [with_a_damaged_checkpoint, after_a_rotation]


def prepared(folder: Path, situation: Callable[[BusyLab], None]) -> BusyLab:
    lab = BusyLab(folder)
    lab.say("nas", "online", dict.fromkeys(("traefik", "authelia", "jellyfin", "media/dns"), "ok") | {"db": "exited"})
    lab.say("pi4", "offline", {})
    situation(lab)
    return lab


class Rewound:
    """A prepared lab that is put back to where it was: what is traced is the same each time."""

    def __init__(self, lab: BusyLab) -> None:
        self.lab = lab
        self.before = lab.state()

    def rewind(self) -> None:
        for name in self.lab.state().keys() - self.before.keys():
            (self.lab.folder / name).unlink()
        for name, data in self.before.items():
            # In place: a log's inode is a part of its position.
            (self.lab.folder / name).write_bytes(data)

    def run(self, *options: str) -> tuple[int, list[Call]]:
        """``reconcile`` under strace; its exit code and the calls that concern the outputs, in order."""
        command = [sys.executable, "-m", "supervisor", "reconcile", *self.lab.options]
        code, calls = traced(command, WRITING, *options, cwd="/", env=environment())
        return code, [call for call in calls if self._concerns_outputs(call.line)]

    def _concerns_outputs(self, line: str) -> bool:
        folder = str(self.lab.folder)
        outputs = (str(self.lab.log), str(self.lab.checkpoint), f'"{folder}"', f"<{folder}>")
        return any(output in line for output in outputs)


def test_a_kill_at_every_step_of_a_pass_loses_and_repeats_nothing(tmp_path: Path, figure: Figure) -> None:
    steps: list[str] = []
    with Zygote() as zygote:
        for situation in SITUATIONS:
            (tmp_path / situation.__name__).mkdir()
            rewound = Rewound(prepared(tmp_path / situation.__name__ / "lab", situation))
            lab, out = rewound.lab, tmp_path / "killed"
            for step in count(1):
                rewound.rewind()
                code = zygote.wait(zygote.start(lab.folder, str(out), ["reconcile", *lab.options], step))
                if code == 0:
                    break
                assert code == -signal.SIGKILL
                steps.append(out.with_suffix(".step").read_text())
                Ending(lab, zygote).check()
    assert {"write", "pwrite", "fsync", "rename", "unlink"} <= set(steps)
    figure(
        "SIGKILL at every step of a pass",
        f"the process kills itself before each call that could change a file, in {len(SITUATIONS)} situations",
        f"{len(steps)}/{len(steps)} steps: 0 lost, 0 repeated, 0 glued",
    )


@pytest.mark.torture
@pytest.mark.needs("strace")
def test_a_kill_at_every_system_call_of_a_pass_loses_and_repeats_nothing(place: Path, figure: Figure) -> None:
    points = 0
    with Zygote() as zygote:
        for situation in SITUATIONS:
            folder = place / situation.__name__
            folder.mkdir()
            rewound = Rewound(prepared(folder / "lab", situation))
            code, calls = rewound.run()
            assert code == 0
            assert {"write", "fsync", "rename"} <= {call.name for call in calls}
            for call in calls:
                rewound.rewind()
                code, _ = rewound.run("-e", f"inject={call.name}:signal=KILL:when={call.count}")
                assert code in (-signal.SIGKILL, 128 + signal.SIGKILL), f"{call.name} {call.count} was not reached"
                Ending(rewound.lab, zygote).check()
                points += 1
    figure(
        "SIGKILL at every system call of a pass",
        f"strace injects it before each call on log, checkpoint, lock and folder, in {len(SITUATIONS)} situations, "
        f"{filesystem(place)}",
        f"{points}/{points} points: 0 lost, 0 repeated, 0 glued",
    )


# --- every error ------------------------------------------------------------------------------------------------------

FAULTS = {"write": ("ENOSPC", "EDQUOT", "EIO"), "pwrite64": ("ENOSPC", "EIO"), "fsync": ("EIO", "ENOSPC")}
FAULTS |= {"rename": ("EIO", "ENOSPC", "EROFS"), "openat": ("EIO", "ENOSPC", "EMFILE", "EROFS"), "fchmod": ("EPERM",)}
FAULTS |= {"ftruncate": ("EIO",), "flock": ("ENOLCK",), "lseek": ("EIO",), "unlink": ("EIO",)}


@pytest.mark.torture
@pytest.mark.needs("strace")
def test_an_error_of_any_system_call_of_a_pass_is_said_and_made_good(place: Path, figure: Figure) -> None:
    points = survived = 0
    with Zygote() as zygote:
        for situation in SITUATIONS:
            folder = place / situation.__name__
            folder.mkdir()
            rewound = Rewound(prepared(folder / "lab", situation))
            here = rewound.lab.folder
            for call in rewound.run()[1]:
                for error in FAULTS.get(call.name, ()):
                    rewound.rewind()
                    code, _ = rewound.run("-e", f"inject={call.name}:error={error}:when={call.count}")
                    assert code in (0, 1), f"{call.name} {call.count} {error}: exit code {code}"
                    now, name = rewound.lab.state(), rewound.lab.checkpoint.name
                    on_folder = re.search(rf'{re.escape(str(here))}[>"]', call.line)
                    if code and situation is second_pass and not on_folder:
                        # Nothing but the last sync, that of the folder, comes after the checkpoint was replaced.
                        assert now[name] == rewound.before[name], f"{call.line} {error}"
                    left = {item for item in now if item.endswith(".tmp")} - rewound.before.keys()
                    assert not left, f"{call.line} {error}"
                    Ending(rewound.lab, zygote).check()
                    points += 1
                    survived += code == 0
    figure(
        "any system call of a pass fails (ENOSPC, EDQUOT, EIO, EROFS, EMFILE …)",
        f"strace injects the error into each call on log, checkpoint, lock and folder, {filesystem(place)}",
        f"{points}/{points}: 0 lost, 0 repeated, the old checkpoint whole or the new one in place; exit 1 in "
        f"{points - survived}, in {survived} the call did not matter",
    )


@pytest.mark.torture
@pytest.mark.needs("strace")
def test_lines_whose_sync_failed_are_written_again_before_they_are_relied_on(place: Path, figure: Figure) -> None:
    folder = place / "again"
    folder.mkdir()
    rewound = Rewound(prepared(folder / "lab", second_pass))
    log = f"<{rewound.lab.log}>"
    first = next(call for call in rewound.run()[1] if call.name == "fsync" and log in call.line)
    rewound.rewind()
    appended = rewound.lab.log.stat().st_size
    code, _ = rewound.run("-e", f"inject=fsync:error=EIO:when={first.count}")
    assert code == 1
    appended = rewound.lab.log.stat().st_size - appended
    assert appended > 0
    code, calls = rewound.run()
    assert code == 0
    # Linux calls pages written after a failed sync, so the next sync would prove nothing.
    names = [call.name for call in calls if log in call.line and call.name in ("write", "pwrite64", "fsync")]
    assert names == ["pwrite64", "fsync"]
    with Zygote() as zygote:
        Ending(rewound.lab, zygote).check()
    figure(
        "fsync of the log fails with EIO",
        f"strace, {filesystem(place)}; the next pass is traced",
        f"exit 1; the {appended} bytes are written again and synced before the checkpoint takes them in; 0 repeated",
    )


# --- the power is cut -------------------------------------------------------------------------------------------------


@pytest.mark.torture
@pytest.mark.needs("loop")
def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path, figure: Figure) -> None:
    cuts, chance = rounds(5, 100), random.Random(2)
    image, copy = tmp_path / "image", tmp_path / "copy"
    subprocess.run(["truncate", "-s", "32M", str(image)], check=True)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    lab = BusyLab(tmp_path / "lab")
    promised = unsynced = gone = 0
    with Zygote() as zygote, mounted("ext4", str(image), tmp_path / "disk", "loop") as disk:
        lab.put_outputs(disk)
        pid = zygote.start(lab.folder, str(tmp_path / "daemon"), ["run", *lab.options, *OPTIONS])
        try:
            for cut in range(cuts):
                for _ in range(chance.randrange(1, 6)):
                    lab.shake(chance)
                    time.sleep(chance.uniform(0, 0.02))
                # That a cut is one: what nobody synced must be gone.
                (disk / "careless").write_text(str(cut))
                os.kill(pid, signal.SIGSTOP)
                # What a mounted filesystem has not sent to its device is not in the image: as after a cut.
                subprocess.run(["cp", "--sparse=always", str(image), str(copy)], check=True)
                promised, there = acknowledged(lab.checkpoint), audit(lab.log).sequence
                with mounted("ext4", str(copy), tmp_path / "after", "loop") as after:
                    careless = after / "careless"
                    gone += not careless.exists() or careless.read_text() != str(cut)
                    survivor = lab.elsewhere(after)
                    assert acknowledged(survivor.checkpoint) <= promised
                    audited = audit(survivor.log)
                    assert not audited.faults
                    assert audited.sequence >= promised
                    Ending(survivor, zygote).check()
                unsynced += there - audited.sequence
                os.kill(pid, signal.SIGCONT)
        finally:
            os.kill(pid, signal.SIGKILL)
            zygote.wait(pid)
    assert gone > cuts / 2
    figure(
        "the power is cut",
        f"a busy daemon on ext4 is stopped at a random instant, its disk copied and mounted, {cuts} times",
        f"{cuts}/{cuts}: 0 of {promised} acknowledged events lost, 0 repeated; {unsynced} not acknowledged yet were "
        f"not on the disk and are announced then; of a file that nobody syncs {gone}/{cuts} versions were lost",
    )

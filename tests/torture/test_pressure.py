"""Too little memory, too few descriptors, a checkpoint that makes no sense: said, outlived, and never half done."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.harness import Daemon, environment
from tests.torture.audit import acknowledged, audit, recommended
from tests.torture.busy import SERVICES, BusyLab
from tests.torture.conftest import Figure

GARBAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "NULs": lambda path: path.write_bytes(b"\0" * 4096),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a list": lambda path: path.write_bytes(b"[]"),
    "NaN": lambda path: path.write_bytes(path.read_bytes().replace(b'"sequence": ', b'"sequence": NaN, "x": ')),
    "version 0": lambda path: path.write_bytes(path.read_bytes().replace(b'"version": 1', b'"version": 0')),
    "version 99": lambda path: path.write_bytes(path.read_bytes().replace(b'"version": 1', b'"version": 99')),
    "deeper than Python can": lambda path: path.write_bytes(b"[" * 100_000),
    "5 GB sparse": lambda path: os.truncate(path, 5 << 30),
}
"""What may become of a checkpoint. A folder, a FIFO and their like are traps, and elsewhere."""


def drifting(folder: Path) -> BusyLab:
    """A lab with something open, announced by a first pass."""
    lab = BusyLab(folder)
    lab.say("nas", "online", dict.fromkeys(SERVICES, "ok") | {"db": "exited"})
    assert lab.command("reconcile").returncode == 0
    return lab


def test_a_checkpoint_that_makes_no_sense_is_set_aside_and_rebuilt(tmp_path: Path, figure: Figure) -> None:
    for name, spoil in GARBAGE.items():
        lab = drifting(tmp_path / name.replace(" ", "-"))
        before = audit(lab.log)
        spoil(lab.checkpoint)
        done = lab.command("reconcile")
        assert (done.returncode, "set aside as checkpoint.json.corrupt-" in done.stderr) == (0, True), name
        assert len(list(lab.folder.glob("checkpoint.json.corrupt-*"))) == 1
        after = audit(lab.log)
        assert after.faults == []
        # As after its deletion: what is open is announced again, once, and nothing else.
        again = after.events[len(before.events) :]
        assert [(item["subject"], item["data"]["emit_reason"]) for item in again] == [("service:nas/db", "first_seen")]
        assert acknowledged(lab.checkpoint) == after.sequence
        assert lab.command("reconcile").returncode == 0
        assert audit(lab.log).sequence == after.sequence
    figure(
        "the checkpoint makes no sense",
        ", ".join(GARBAGE),
        f"{len(GARBAGE)}/{len(GARBAGE)} set aside with a message and rebuilt; what is open is announced again, once",
    )


def limited(lab: BusyLab, what: int, limit: int) -> subprocess.CompletedProcess[str]:
    """``reconcile -o json`` with a resource limit."""
    return subprocess.run(
        [sys.executable, "-m", "supervisor", "reconcile", "-o", "json", *lab.options],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        cwd=lab.folder,
        preexec_fn=lambda: resource.setrlimit(what, (limit, limit)),
    )


@pytest.mark.parametrize(
    ("name", "what", "limits"),
    [
        ("descriptors", resource.RLIMIT_NOFILE, range(4, 13)),
        ("megabytes of address space", resource.RLIMIT_AS, [size << 20 for size in range(16, 40, 2)]),
        ("bytes of a file", resource.RLIMIT_FSIZE, range(0, 4000, 400)),
    ],
)
def test_with_too_little_it_fails_whole_or_works_whole(
    tmp_path: Path, figure: Figure, name: str, what: int, limits: list[int]
) -> None:
    lab = drifting(tmp_path / "lab")
    worked = failed = 0
    for number, limit in enumerate(limits):
        lab.say("nas", "online", dict.fromkeys(SERVICES, "ok") | {"jellyfin" if number % 2 else "db": "exited"})
        before = lab.checkpoint.read_bytes()
        done = limited(lab, what, limit)
        assert audit(lab.log).faults == []
        assert acknowledged(lab.checkpoint) <= audit(lab.log).sequence
        if done.returncode == 0:
            worked += 1
            continue
        failed += 1
        assert done.stdout == ""
        assert done.stderr != ""
        assert lab.checkpoint.read_bytes() == before or audit(lab.log).sequence == acknowledged(lab.checkpoint)
    assert lab.command("reconcile").returncode == 0
    assert audit(lab.log).faults == []
    unit = 1 << 20 if what == resource.RLIMIT_AS else 1
    figure(
        f"too few {name}",
        f"reconcile with limits from {limits[0] // unit} to {limits[-1] // unit}",
        f"{failed} failed with a message, {worked} worked; 0 half done, 0 lost, 0 repeated",
    )


def test_a_daemon_without_descriptors_goes_on_when_there_are_some(tmp_path: Path, figure: Figure) -> None:
    lab = drifting(tmp_path / "lab")
    with Daemon(lab, "--resync-interval", "1h", "--quiet-period", "10ms") as daemon:
        pid = daemon.process.pid
        used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        old = resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))
        for number in range(5):
            done = len(daemon.passes())
            lab.say("nas", "online", dict.fromkeys(SERVICES, "ok") | {"jellyfin" if number % 2 else "db": "exited"})
            daemon.send(signal.SIGHUP)
            daemon.wait_for(lambda done=done: len(daemon.passes()) > done)  # type: ignore[misc]
        # Nothing could be read: that is said, and nobody is well or missing because of it.
        report = daemon.passes()[-1]
        assert report["summary"] == "unstable"
        assert report["problems"] > 0
        resource.prlimit(pid, resource.RLIMIT_NOFILE, old)
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.passes()[-1]["problems"] == 0 and daemon.passes()[-1]["outcome"] == "ok")
    audited = audit(lab.log)
    assert audited.faults == []
    assert not [event for event in audited.events if "missing_service" in event["data"].get("conditions", [])]
    assert audited.open == recommended_now(lab)
    figure(
        "a daemon has no descriptor left",
        "RLIMIT_NOFILE lowered to what it has open, for five passes",
        "alive, unstable with the reason, 0 false missing_service; healthy again when the limit is lifted",
    )


def recommended_now(lab: BusyLab) -> dict[str, str]:
    import json

    return recommended(json.loads(lab.command("reconcile", "--dry-run", "-o", "json").stdout))

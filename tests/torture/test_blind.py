"""A watch that goes blind is noticed: what changed is seen by the next resync, and what is wrong is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.harness import Daemon
from tests.torture import ground
from tests.torture.busy import SERVICES, BusyLab
from tests.torture.conftest import Figure

RESYNC = ("--resync-interval", "2s", "--quiet-period", "50ms")


@dataclass
class Eyes:
    """Makes changes and measures when they are seen, in passes and in seconds."""

    lab: BusyLab
    daemon: Daemon
    slowest: float = 0.0
    changes: int = 0

    def sees(self, change: Callable[[str], None]) -> None:
        """``change`` gives nas's database the word it is given, ill and well in turn; the next pass must see it."""
        self.changes += 1
        word = "exited" if self.changes % 2 else "ok"
        before = len(self.lab.events())
        began = time.monotonic()
        change(word)
        passes = len(self.daemon.passes())
        self.daemon.wait_for(lambda: self._said(before))
        self.slowest = max(self.slowest, time.monotonic() - began)
        # One pass may have been under way, and one may have been called for by the change itself.
        assert len(self.daemon.passes()) - passes <= 3

    def _said(self, before: int) -> bool:
        return any(event["subject"] == "service:nas/db" for event in self.lab.events()[before:])

    def tell(self, word: str) -> None:
        self.lab.say("nas", "online", dict.fromkeys(SERVICES, "ok") | {"db": word})

    def watch(self) -> str:
        """How changes are noticed, as ``status`` says it."""
        return self.lab.command("status").stdout.splitlines()[0].partition("watch=")[2]

    def until_watch(self, beginning: str) -> str:
        self.daemon.wait_for(lambda: self.watch().startswith(beginning))
        return self.watch()

    def notice(self) -> str:
        """The last STATUS."""
        return [notice for notice in self.daemon.notices if notice.startswith("STATUS=")][-1]


@pytest.fixture
def lab(tmp_path: Path) -> BusyLab:
    return BusyLab(tmp_path / "lab")


def swapped_root(lab: BusyLab, change: Callable[[], None]) -> None:
    """The world is renamed away, and another one with the change is there."""
    world = lab.folder / "world"
    shutil.copytree(world, lab.folder / "other", copy_function=shutil.copy2)
    world.rename(lab.folder / "old")
    (lab.folder / "other").rename(world)
    shutil.rmtree(lab.folder / "old")
    change()


def remade_root(lab: BusyLab, change: Callable[[], None]) -> None:
    """The world is deleted and made again, document by document."""
    kept = {path: path.read_text() for path in (lab.folder / "world" / "nodes").iterdir()}
    shutil.rmtree(lab.folder / "world")
    (lab.folder / "world" / "nodes").mkdir(parents=True)
    for path, text in kept.items():
        path.write_text(text)
        os.utime(path, (time.time() - 1,) * 2)
    change()


def turned_link(lab: BusyLab, change: Callable[[], None]) -> None:
    """The world is a link, and is turned to another folder."""
    world = lab.folder / "world"
    copy = lab.folder / f"world-{time.monotonic_ns()}"
    shutil.copytree(world, copy, copy_function=shutil.copy2)
    if world.is_symlink():
        world.unlink()
    else:
        world.rename(lab.folder / "first")
    world.symlink_to(copy.name)
    change()


@pytest.mark.parametrize("swap", [swapped_root, remade_root, turned_link])
def test_a_folder_that_is_replaced_is_watched_again(
    lab: BusyLab, figure: Figure, swap: Callable[[BusyLab, Callable[[], None]], None]
) -> None:
    times = ground.rounds(2, 10)
    with Daemon(lab, *RESYNC) as daemon:
        eyes = Eyes(lab, daemon)
        for _ in range(times):
            eyes.sees(lambda word: swap(lab, lambda: eyes.tell(word)))
        assert eyes.until_watch("inotify") == "inotify"
        # It is watched, not only looked at: some pass comes of the change itself, though a resync may be there first.
        triggers: set[str] = set()
        for _ in range(5):
            passes = len(daemon.passes())
            eyes.sees(eyes.tell)
            # The line of a pass comes after its events.
            daemon.wait_for(lambda passes=passes: len(daemon.passes()) > passes)  # type: ignore[misc]
            triggers |= {line["trigger"] for line in daemon.passes()[passes:]}
        assert "change" in triggers
    figure(
        f"the world folder: {(swap.__doc__ or '').rstrip('.').lower()}",
        f"{times} times, resync_interval 2s",
        f"{times}/{times} seen by the next pass, slowest {eyes.slowest:.2f} s; watched again each time",
    )


def test_what_is_behind_a_link_is_seen_at_the_resync_and_said(lab: BusyLab, figure: Figure) -> None:
    elsewhere = lab.folder / "elsewhere"
    elsewhere.mkdir()
    document = lab.folder / "world" / "nodes" / "nas.json"
    document.rename(elsewhere / "nas.json")
    document.symlink_to(elsewhere / "nas.json")
    (lab.folder / "hosts" / "nuc").rename(elsewhere / "nuc")
    (lab.folder / "hosts" / "nuc").symlink_to(elsewhere / "nuc")

    def tell(word: str) -> None:
        lab.write(elsewhere / "nas.json", "online", dict.fromkeys(SERVICES, "ok") | {"db": word})

    with Daemon(lab, *RESYNC) as daemon:
        eyes = Eyes(lab, daemon)
        said = eyes.until_watch("degraded: ")
        assert "hosts/nuc is a symbolic link" in said
        assert "nas.json is a symbolic link" in said
        assert "falling back to a scan every resync_interval" in said
        assert "watch=degraded" in eyes.notice()
        assert any(line["event"] == "watch=degraded" for line in daemon.lines())
        eyes.sees(tell)
    figure(
        "a document and a node's folder are symbolic links",
        "changed behind the link, resync_interval 2s",
        f"seen by the next pass ({eyes.slowest:.2f} s); STATUS, log and status say watch=degraded and which",
    )


@pytest.mark.torture
@pytest.mark.needs("root")
def test_a_limit_of_watches_is_said_and_what_is_not_watched_is_seen_at_the_resync(lab: BusyLab, figure: Figure) -> None:
    with ground.sysctl(fs__inotify__max_user_watches="5"), Daemon(lab, *RESYNC) as daemon:
        eyes = Eyes(lab, daemon)
        said = eyes.until_watch("degraded: ")
        # All of the world, or a folder in it, if this machine has no other watches.
        assert "world is not watched: inotify watch limit" in said or "folders are not watched (fs.inotify" in said
        assert "watch=degraded" in eyes.notice()
        for _ in range(3):
            eyes.sees(eyes.tell)
        Path("/proc/sys/fs/inotify/max_user_watches").write_text("192536")
        began = time.monotonic()
        eyes.until_watch("inotify")
        back = time.monotonic() - began
    figure(
        "the limit of watches is reached below the root",
        "fs.inotify.max_user_watches=5",
        f"3/3 seen by the next pass, slowest {eyes.slowest:.2f} s; watch=degraded with the reason; "
        f"watched {back:.1f} s after the limit was lifted",
    )


@pytest.mark.torture
@pytest.mark.needs("root")
def test_without_an_inotify_instance_it_looks_at_the_resync(lab: BusyLab, figure: Figure) -> None:
    with ground.sysctl(fs__inotify__max_user_instances="0"), Daemon(lab, *RESYNC) as daemon:
        eyes = Eyes(lab, daemon)
        assert "no inotify" in eyes.until_watch("degraded: ")
        for _ in range(3):
            eyes.sees(eyes.tell)
        Path("/proc/sys/fs/inotify/max_user_instances").write_text("128")
        eyes.until_watch("inotify")
    figure(
        "no inotify instance is to be had",
        "fs.inotify.max_user_instances=0",
        f"3/3 seen by the next pass, slowest {eyes.slowest:.2f} s; watched again when there is one",
    )


@pytest.mark.torture
@pytest.mark.needs("root")
def test_an_overflowing_queue_loses_nothing_for_long(lab: BusyLab, figure: Figure) -> None:
    storms = 20

    def storm_and_tell(word: str) -> None:
        for number in range(2000):
            (lab.folder / "world" / f"{number % 50}.json").write_text('{"services": {}}')
        eyes.tell(word)

    with (
        ground.sysctl(fs__inotify__max_queued_events="16"),
        Daemon(lab, "--resync-interval", "1h", "--quiet-period", "50ms") as daemon,
    ):
        eyes = Eyes(lab, daemon)
        for _ in range(storms):
            eyes.sees(storm_and_tell)
        complaints = sum("overflow" in str(line) for line in daemon.lines())
        assert complaints > 0
    figure(
        "the kernel's queue of events overflows",
        f"fs.inotify.max_queued_events=16, {storms} storms of 2000 writes, no resync within the hour",
        f"{storms}/{storms} last states seen without a resync; {complaints} overflows said",
    )


@pytest.mark.torture
@pytest.mark.needs("root")
def test_a_folder_that_may_not_be_read_is_said_and_the_rest_is_watched(figure: Figure) -> None:
    python = ground.python_for(ground.UNPRIVILEGED)
    with ground.like_tmp() as folder:
        lab = BusyLab(folder / "lab")
        lab.put_outputs(folder / "tmp")
        (lab.folder / "world" / "secret").mkdir(mode=0o700)
        (lab.folder / "hosts" / "nuc").chmod(0o700)
        environ = ground.plain_environment()
        with Daemon(lab, *RESYNC, python=python, user=ground.UNPRIVILEGED, environ=environ) as daemon:
            eyes = Eyes(lab, daemon)
            said = eyes.until_watch("degraded: ")
            for name in ("hosts/nuc", "world/secret"):
                assert f"{name} is not watched: Permission denied" in said
            for _ in range(4):
                eyes.sees(eyes.tell)
            subjects = {event["subject"] for event in lab.events() if event["data"].get("action") == "repair_input"}
            assert subjects == {"input:hosts/nuc", "input:world/secret"}
            for name in ("hosts/nuc", "world/secret"):
                (lab.folder / name).chmod(0o755)
            eyes.until_watch("inotify")
    figure(
        "a node's folder and one of the world may not be read",
        "mode 0700 of another user, the daemon without privileges",
        f"both said, once each; 4/4 changes elsewhere seen, slowest {eyes.slowest:.2f} s; watched when they may be",
    )


@pytest.mark.torture
@pytest.mark.needs("mount")
def test_a_filesystem_mounted_over_a_folder_is_noticed(lab: BusyLab, figure: Figure) -> None:
    nodes = lab.folder / "world" / "nodes"
    texts = {path.name: path.read_text() for path in nodes.iterdir()}

    def over(word: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "none", str(nodes)], check=True)
        for name, text in texts.items():
            (nodes / name).write_text(text)
        eyes.tell(word)

    def away(word: str) -> None:
        eyes.tell("hidden below")
        subprocess.run(["umount", str(nodes)], check=True)
        eyes.tell(word)

    with Daemon(lab, *RESYNC) as daemon:
        eyes = Eyes(lab, daemon)
        try:
            for _ in range(3):
                eyes.sees(over)
                eyes.sees(eyes.tell)
                eyes.sees(away)
                eyes.sees(eyes.tell)
            assert eyes.until_watch("inotify") == "inotify"
        finally:
            subprocess.run(["umount", "-l", str(nodes)], check=False, capture_output=True)
    figure(
        "a filesystem is mounted over a folder of the world, and unmounted",
        "tmpfs, 3 times, resync_interval 2s",
        f"{eyes.changes}/{eyes.changes} seen by the next pass, slowest {eyes.slowest:.2f} s; watched again each time",
    )


@pytest.mark.torture
@pytest.mark.needs("loop", "mkfs.ext4")
def test_a_filesystem_that_was_away_between_two_looks_is_watched_again(lab: BusyLab, figure: Figure) -> None:
    """All looks as it did: the same device, inode and times. Only the kernel knows that it watches nothing there."""
    nodes, image = lab.folder / "world" / "nodes", lab.folder / "image"
    texts = {path.name: path.read_text() for path in nodes.iterdir()}
    with image.open("wb") as file:
        file.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    mount = ["mount", "-o", "loop", str(image), str(nodes)]
    subprocess.run(mount, check=True)
    try:
        for name, text in texts.items():
            (nodes / name).write_text(text)
        with Daemon(lab, *RESYNC) as daemon:
            eyes = Eyes(lab, daemon)

            def looks() -> int:
                return sum(line["trigger"] == "resync" for line in daemon.passes())

            def look() -> None:
                before = looks()
                daemon.wait_for(lambda: looks() > before)

            for _ in range(3):
                # A folder that changed within the last two seconds is looked into in any case.
                look()
                look()
                subprocess.run(["umount", str(nodes)], check=True)
                subprocess.run(mount, check=True)
                look()
                assert eyes.until_watch("inotify") == "inotify"
                eyes.sees(eyes.tell)
                seen = [line for line in daemon.passes() if line["emissions"]][-1]
                assert seen["trigger"] == "change"
    finally:
        subprocess.run(["umount", "-l", str(nodes)], check=False, capture_output=True)
    figure(
        "a filesystem of the world is away for a moment between two looks",
        "ext4, unmounted and mounted 3 times, resync_interval 2s",
        f"watched again by the next pass 3/3 times, a change after it seen within {eyes.slowest:.2f} s",
    )


@pytest.mark.torture
@pytest.mark.needs("mount")
def test_what_changes_below_an_overlay_is_seen_at_the_resync(lab: BusyLab, figure: Figure) -> None:
    world = lab.folder / "world"
    lower = lab.folder / "lower"
    shutil.copytree(world, lower, copy_function=shutil.copy2)
    for name in ("upper", "work"):
        (lab.folder / name).mkdir()
    options = f"lowerdir={lower},upperdir={lab.folder}/upper,workdir={lab.folder}/work"

    def below(word: str) -> None:
        # In place: an overlay keeps the names that it knows.
        services = dict.fromkeys(SERVICES, "ok") | {"db": word}
        (lower / "nodes" / "nas.json").write_text(json.dumps({"status": "online", "services": services}))

    with ground.mounted("overlay", "overlay", world, options), Daemon(lab, *RESYNC) as daemon:
        eyes = Eyes(lab, daemon)
        for _ in range(3):
            eyes.sees(below)
    figure(
        "a document changes in the lower layer of an overlay",
        "3 times, resync_interval 2s",
        f"3/3 seen by the next pass, slowest {eyes.slowest:.2f} s",
    )


@pytest.mark.torture
def test_an_idle_daemon_makes_no_pass_of_its_own(lab: BusyLab, figure: Figure) -> None:
    seconds, resync = 60, 10
    with Daemon(lab, "--resync-interval", f"{resync}s") as daemon:
        end = time.monotonic() + seconds
        with pytest.raises(AssertionError, match="waited in vain"):
            daemon.wait_for(lambda: time.monotonic() > end + 5 or len(daemon.passes()) > seconds // resync + 1, seconds)
        passes = daemon.passes()
    assert len(passes) <= seconds // resync + 1
    assert {line["trigger"] for line in passes} == {"start", "resync"}
    figure(
        "it could wake itself by reading",
        f"{seconds} idle seconds, resync_interval {resync}s",
        f"{len(passes)} passes: the first and {len(passes) - 1} resyncs, none by a change",
    )


@pytest.mark.torture
def test_a_storm_of_writes_is_few_passes_and_no_memory(lab: BusyLab, figure: Figure) -> None:
    writes = 20_000

    def resident() -> int:
        text = Path(f"/proc/{daemon.process.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0])

    with Daemon(lab, "--resync-interval", "1h") as daemon:
        eyes = Eyes(lab, daemon)
        eyes.sees(eyes.tell)
        before, passes = resident(), len(daemon.passes())
        began = time.monotonic()
        path = lab.folder / "world" / "noise.json"
        for _ in range(writes):
            path.write_text('{"services": {}}')
        took = time.monotonic() - began
        eyes.sees(eyes.tell)
        made, grown = len(daemon.passes()) - passes, resident() - before
    # One at the beginning, one at each max_delay (5 s), one at the end; is_well may need one more.
    assert made <= took / 5 + 3
    assert grown < 8 << 10
    figure(
        "a storm of writes",
        f"{writes} writes of one document in {took:.1f} s",
        f"{made} passes, the last state is seen, {grown / 1024:.1f} MB more resident",
    )

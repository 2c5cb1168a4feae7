"""The files in /tmp among those who tidy up there."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from tests.systemd.machine import NAME, Homelab, _events, until

ROTATE = f"{NAME}-logrotate.service"


def test_ageing_leaves_the_files_alone(homelab: Homelab) -> None:
    homelab.observe(traefik="ok", jellyfin="failed")
    homelab.start()
    machine = homelab.machine
    bait, rotated = machine.path("/tmp/bait"), machine.path("/tmp/agent-events.log.1")
    bait.touch()
    rotated.touch()
    override = machine.path("/etc/tmpfiles.d/tmp.conf")
    override.write_text("d /tmp 1777 root root 1s\n")
    kept = {homelab.log, homelab.checkpoint, machine.path("/tmp/supervisor-checkpoint.json.lock"), rotated}
    try:
        time.sleep(2)
        machine.run("systemd-tmpfiles", "--clean")
    finally:
        override.unlink()
    assert not bait.exists()
    assert {path for path in kept if path.exists()} == kept


def test_the_folder_of_the_homelab_is_made_at_boot(homelab: Homelab) -> None:
    shutil.rmtree(homelab.folder)
    homelab.machine.run("systemd-tmpfiles", "--create", f"{NAME}.conf")
    assert homelab.folder.is_dir()


def test_a_hundred_rotations_lose_and_repeat_nothing(homelab: Homelab) -> None:
    homelab.configure("quiet_period: 10ms\n")
    homelab.start()
    machine = homelab.machine
    kept = Path(machine.path("/opt/rotated"))
    kept.mkdir(exist_ok=True)
    forced = ["logrotate", "--force", "--state", "/run/rotation", f"/etc/{NAME}/logrotate.conf"]
    rotations = 0
    for count in range(100):
        homelab.observe(traefik="ok", jellyfin=f"failed-{count}" if count % 2 else "ok")
        if count % 3 == 0:
            machine.systemctl("reload", NAME)
        machine.run(*forced)
        # The stanza keeps eight; the test wants to see them all.
        if (first := machine.path("/tmp/agent-events.log.1")).exists():
            name = kept / str(first.stat().st_ino)
            if not name.exists():
                os.link(first, machine.path(f"/tmp/kept-{count}"))
                rotations += 1
    machine.systemctl("reload", NAME)
    machine.systemctl("stop", NAME)
    seen: dict[str, int] = {}
    logs = {path.stat().st_ino: path for path in (*machine.path("/tmp").glob("kept-*"), homelab.log) if path.exists()}
    for log in logs.values():
        for event in _events(log):
            seen[event["id"]] = int(event["sequence"])
    shutil.rmtree(kept)
    lines = sum(len(_events(log)) for log in logs.values())
    assert rotations > 30
    assert len(seen) == lines, "an event is there twice"
    assert sorted(seen.values()) == list(range(1, len(seen) + 1)), "an event is lost"
    print(f"{rotations} rotations, {lines} events")


def test_the_timers_service_rotates_as_the_user_and_the_daemon_goes_on(homelab: Homelab) -> None:
    homelab.observe(traefik="ok", jellyfin="failed")
    homelab.start()
    machine = homelab.machine
    with machine.path("/tmp/agent-events.log").open("a") as log:
        log.write("x" * 17_000_000 + "\n")
    machine.systemctl("start", ROTATE)
    assert not homelab.log.exists()
    assert machine.run("stat", "-c", "%U", "/tmp/agent-events.log.1").stdout.strip() == NAME
    homelab.observe(traefik="ok", jellyfin="ok")
    until(lambda: ("reconcile_resolved", "service:nas/jellyfin") in homelab.subjects(), "an event in a new log")
    machine.run(
        "sh", "-c", "head -c 17000000 /dev/zero | tr '\\0' y > /tmp/filler; cat /tmp/filler >> /tmp/agent-events.log"
    )
    machine.systemctl("start", ROTATE)
    assert machine.path("/tmp/agent-events.log.2.gz").exists()
    assert machine.journal("-u", ROTATE, "-p", "warning") == []


def test_the_systems_own_rotation_does_not_see_the_log_which_is_why_there_is_another(homelab: Homelab) -> None:
    assert homelab.machine.show("PrivateTmp", "logrotate.service") == "yes"

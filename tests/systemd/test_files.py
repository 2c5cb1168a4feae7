"""The files in /tmp among those who tidy up there."""

from __future__ import annotations

import json
import shutil

from tests.systemd.machine import NAME, Homelab, until

ROTATE = f"{NAME}-logrotate.service"


def test_ageing_leaves_the_files_alone(homelab: Homelab) -> None:
    homelab.observe(traefik="ok", jellyfin="failed")
    homelab.start()
    machine = homelab.machine
    bait, rotated = machine.path("/tmp/bait"), machine.path("/tmp/agent-events.log.1")
    bait.touch()
    rotated.touch()
    override = machine.path("/etc/tmpfiles.d/tmp.conf")
    override.write_text("d /tmp 1777 root root 0\n")
    kept = {homelab.log, homelab.checkpoint, machine.path("/tmp/supervisor-checkpoint.json.lock"), rotated}
    try:
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
    forced = ["logrotate", "--force", "--state", "/run/rotation", f"/etc/{NAME}/logrotate.conf"]
    # The stanza keeps eight; the test keeps what every file held when it was last seen, by inode.
    seen: dict[int, list[str]] = {}

    def look() -> None:
        for log in (machine.path("/tmp/agent-events.log.1"), homelab.log):
            if log.exists():
                seen[log.stat().st_ino] = log.read_text().splitlines()

    for count in range(100):
        homelab.observe(traefik="ok", jellyfin=f"failed-{count}" if count % 2 else "ok")
        # Mostly an event between two rotations, sometimes one that comes right at the rotation.
        if count % 4:
            machine.systemctl("reload", NAME)
        look()
        machine.run(*forced)
        if not count % 4:
            machine.systemctl("reload", NAME)
    machine.systemctl("reload", NAME)
    machine.systemctl("stop", NAME)
    look()
    events = [json.loads(line) for lines in seen.values() for line in lines]
    assert len({event["id"] for event in events}) == len(events), "an event is there twice"
    assert sorted(int(event["sequence"]) for event in events) == list(range(1, len(events) + 1)), "an event is lost"
    assert len(seen) > 60
    print(f"{len(events)} events in {len(seen)} files")


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

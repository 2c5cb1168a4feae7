"""The files in /tmp among those who tidy up there."""

from __future__ import annotations

import json
import shutil
import threading

from tests.systemd.machine import NAME, PROJECT, Homelab, until

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
    assert len({event["id"] for event in events}) == len(events), "an event appears twice"
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


APPEND = """
import os, sys, time
name, count = sys.argv[1], int(sys.argv[2])
number = 0
while number < count:
    try:
        log = os.open("/tmp/agent-events.log", os.O_WRONLY | os.O_APPEND)
    except (FileNotFoundError, PermissionError):
        time.sleep(0.001)
        continue
    os.write(log, b'{"writer": "%s", "number": %d}\\n' % (name.encode(), number))
    os.close(log)
    number += 1
"""


def block(kind: str) -> str:
    """What docs/systemd.md tells to write into a file of this kind."""
    text = (PROJECT / "docs" / "systemd.md").read_text().partition("### A log of several users")[2]
    return text.partition(f"```{kind}\n")[2].partition("```")[0]


def test_a_log_that_root_shares_with_a_group_loses_and_glues_nothing(homelab: Homelab) -> None:
    machine = homelab.machine
    machine.run("groupadd", "--system", "agents")
    for name in ("alice", "bob"):
        machine.run("useradd", "--groups", "agents", name)
    machine.run("usermod", "-aG", "agents", NAME)
    machine.path("/etc/tmpfiles.d/agent-events.conf").write_text(block("tmpfiles"))
    config = machine.path(f"/etc/{NAME}/logrotate.conf")
    installed = config.read_text()
    # At each start, and every file is kept: in the test a rotation comes within moments of the one before, so that a
    # slow writer would still write into a file that is being compressed.
    stanza = block("logrotate").replace("weekly", "size 1").replace("rotate 8", "rotate 10000")
    config.write_text(stanza.replace("    compress\n    delaycompress\n", ""))
    drop_in = machine.path(f"/etc/systemd/system/{ROTATE}.d/shared.conf")
    drop_in.parent.mkdir(parents=True)
    # As it is in the docs, and more often than a service may otherwise be started.
    drop_in.write_text(f"[Unit]\nStartLimitIntervalSec=0\n\n{block('ini')}")
    machine.systemctl("daemon-reload")
    machine.run("systemd-tmpfiles", "--create")
    homelab.configure("quiet_period: 10ms\n")
    homelab.start()
    writers = [
        threading.Thread(
            target=machine.run, args=("runuser", "-u", name, "--", "/usr/bin/python3", "-c", APPEND, name, "10000")
        )
        for name in ("alice", "bob")
    ]
    try:
        for writer in writers:
            writer.start()
        rotations = 0
        while any(writer.is_alive() for writer in writers) or rotations < 20:
            homelab.observe(traefik="ok", jellyfin="ok" if rotations % 2 else "failed")
            machine.systemctl("start", ROTATE)
            rotations += 1
        for writer in writers:
            writer.join()
        machine.systemctl("reload", NAME)
        until(lambda: "degraded(" not in machine.show("StatusText"), "all is recorded")
        files = sorted(machine.path("/tmp").glob("agent-events.log*"))
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        assert machine.run("stat", "-c", "%U:%G %a", "/tmp/agent-events.log").stdout.strip() == "root:agents 664"
        assert machine.journal("-u", ROTATE, "-p", "warning") == []
    finally:
        for writer in writers:
            writer.join()
        config.write_text(installed)
        shutil.rmtree(drop_in.parent)
        machine.path("/etc/tmpfiles.d/agent-events.conf").unlink()
        machine.systemctl("daemon-reload")
        machine.systemctl("stop", NAME)
        machine.run("gpasswd", "--delete", NAME, "agents")
        machine.run("rm", "-rf", f"/var/lib/{NAME}")
    for name in ("alice", "bob"):
        assert sorted(line["number"] for line in lines if line.get("writer") == name) == list(range(10_000))
    events = [line for line in lines if "writer" not in line]
    assert sorted(int(event["sequence"]) for event in events) == list(range(1, len(events) + 1))
    assert len({event["id"] for event in events}) == len(events) > 10
    print(f"{rotations} rotations, {len(events)} events among 20000 lines of two other users")

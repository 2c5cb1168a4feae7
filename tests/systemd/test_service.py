"""The service on a real systemd: starting, changing, reloading, hanging, refusing, stopping."""

from __future__ import annotations

import re
import shutil
import time

import pytest

from tests.systemd.machine import NAME, Homelab, until

ILL = ("reconcile_required", "service:nas/jellyfin")

HANGS = """
import os, sys, threading, time

def hook(event, arguments):
    if event == "open" and threading.current_thread() is not threading.main_thread():
        while str(arguments[0]).startswith("/opt/homelab/world") and os.path.exists("/opt/homelab/hang"):
            time.sleep(0.1)

sys.addaudithook(hook)
"""


def test_enabling_and_starting_it_leads_to_ready_and_a_status(homelab: Homelab) -> None:
    homelab.machine.systemctl("enable", "--now", NAME)
    assert homelab.machine.show("ActiveState") == "active"
    assert homelab.machine.show("UnitFileState") == "enabled"
    status = homelab.machine.show("StatusText")
    assert re.match(r"nominal: 1 nodes?, 2 services?, 0 recommendations.*last pass \d{4}-\d\d-\d\dT[\d:]+Z", status)
    assert status.isascii()
    assert status in homelab.machine.systemctl("status", NAME).stdout
    assert homelab.machine.show("ActiveState", f"{NAME}-logrotate.timer") == "active"
    homelab.machine.systemctl("disable", NAME)


def test_it_is_ready_after_the_first_pass_and_within_a_few_seconds(homelab: Homelab) -> None:
    homelab.observe(traefik="ok")
    took = homelab.start()
    assert ILL in homelab.subjects()
    assert took < 5
    print(f"start to READY: {took:.2f} s")


def test_a_first_pass_longer_than_the_time_out_for_the_start_gets_its_time(homelab: Homelab) -> None:
    # Held up where it reads the world, for longer than systemd would wait by itself.
    (homelab.folder / "sitecustomize.py").write_text(HANGS)
    homelab.drop_in("Environment=PYTHONPATH=/opt/homelab", "TimeoutStartSec=2s")
    hang = homelab.folder / "hang"
    hang.touch()
    homelab.machine.systemctl("start", "--no-block", NAME)
    began = time.monotonic()
    until(lambda: time.monotonic() - began > 4, "twice the time-out")
    assert homelab.machine.show("ActiveState") == "activating"
    hang.unlink()
    until(lambda: homelab.machine.show("ActiveState") == "active", "READY after the slow pass")
    assert homelab.machine.show("NRestarts") == "0"


def test_a_change_in_hosts_becomes_an_event_in_everybodys_tmp(homelab: Homelab) -> None:
    homelab.start()
    homelab.declare("traefik", "jellyfin", "immich")
    began = time.monotonic()
    until(lambda: ("reconcile_required", "service:nas/immich") in homelab.subjects(), "the event", 5)
    print(f"change to event: {time.monotonic() - began:.2f} s")
    seen = homelab.machine.run("cat", "/tmp/agent-events.log").stdout
    assert "service:nas/immich" in seen
    assert homelab.machine.run("stat", "-c", "%U %a", "/tmp/agent-events.log").stdout.strip() == f"{NAME} 644"


def test_reload_returns_after_the_pass(homelab: Homelab) -> None:
    homelab.configure("quiet_period: 5s\n")
    homelab.start()
    for word in ("failed", "ok") * 10:
        homelab.observe(traefik="ok", jellyfin=word)
        homelab.machine.systemctl("reload", NAME)
        last = [event["type"] for event in homelab.events() if event["subject"] == ILL[1]][-1]
        assert last == (ILL[0] if word == "failed" else "reconcile_resolved")
    assert homelab.machine.show("ActiveState") == "active"
    assert homelab.machine.show("NRestarts") == "0"


def test_reload_with_bad_settings_keeps_the_old_ones_and_returns(homelab: Homelab) -> None:
    homelab.start()
    homelab.configure("stale_after: soon\n")
    homelab.machine.systemctl("reload", NAME)
    assert homelab.machine.show("ActiveState") == "active"
    lines = homelab.machine.journal("-u", NAME, "-p", "err")
    assert any("stale_after" in line["MESSAGE"] for line in lines)


def test_the_drop_in_for_newer_versions_reloads_as_well_and_older_ones_say_that_they_do_not_know_it(
    homelab: Homelab,
) -> None:
    homelab.drop_in(*homelab.machine.path("/opt/runtime-supervisor/notify-reload.conf").read_text().splitlines())
    if homelab.machine.version < 253:
        said = homelab.machine.run("systemd-analyze", "verify", f"{NAME}.service", check=False).stderr
        assert "notify-reload" in said
        return
    homelab.start()
    for word in ("failed", "ok") * 5:
        homelab.observe(traefik="ok", jellyfin=word)
        homelab.machine.systemctl("reload", NAME)
        last = [event["type"] for event in homelab.events() if event["subject"] == ILL[1]][-1]
        assert last == (ILL[0] if word == "failed" else "reconcile_resolved")


def test_a_thousand_hangups_leave_it_running_and_ready(homelab: Homelab) -> None:
    homelab.start()
    pid = homelab.pid
    kills = f"import os, time\nfor _ in range(1000): os.kill({pid}, 1); time.sleep(0.001)"
    homelab.machine.run("python3", "-c", kills)
    until(lambda: homelab.machine.show("ActiveState") == "active", "it answers the last one")
    assert homelab.pid == pid
    homelab.machine.systemctl("reload", NAME)
    assert homelab.machine.show("ActiveState") == "active"
    assert homelab.machine.show("NRestarts") == "0"


def test_a_hangup_before_it_is_ready_does_not_keep_it_down(homelab: Homelab) -> None:
    homelab.drop_in("RestartSec=100ms")
    homelab.machine.systemctl("start", "--no-block", NAME)
    for _ in range(20):
        homelab.machine.systemctl("kill", "--signal=HUP", NAME, check=False)
    until(lambda: homelab.machine.show("ActiveState") == "active", "it is up")


def test_a_stopped_process_is_restarted_and_repeats_no_event(homelab: Homelab) -> None:
    homelab.drop_in("WatchdogSec=2s", "TimeoutAbortSec=1s", "RestartSec=100ms")
    homelab.observe(traefik="ok", jellyfin="failed")
    homelab.start()
    before = homelab.events()
    homelab.machine.systemctl("kill", "--kill-whom=main", "--signal=STOP", NAME)
    began = time.monotonic()
    until(lambda: homelab.machine.show("NRestarts") == "1", "a restart", 20)
    until(lambda: homelab.machine.show("ActiveState") == "active", "it is up again")
    print(f"SIGSTOP to READY with WatchdogSec=2s: {time.monotonic() - began:.2f} s")
    assert any("Watchdog timeout" in line["MESSAGE"] for line in homelab.machine.journal("-u", NAME))
    assert homelab.events() == before


def test_a_hanging_worker_is_restarted_and_repeats_no_event(homelab: Homelab) -> None:
    (homelab.folder / "sitecustomize.py").write_text(HANGS)
    homelab.drop_in("Environment=PYTHONPATH=/opt/homelab", "WatchdogSec=2s", "TimeoutAbortSec=2s", "RestartSec=100ms")
    homelab.observe(traefik="ok", jellyfin="failed")
    homelab.start()
    before = homelab.events()
    hang = homelab.folder / "hang"
    hang.touch()
    homelab.observe(traefik="ok", jellyfin="exited")
    until(lambda: homelab.machine.show("NRestarts") != "0", "a restart", 20)
    hang.unlink()
    until(lambda: homelab.machine.show("ActiveState") == "active", "it is up again")
    said = [line["MESSAGE"] for line in homelab.machine.journal("-u", NAME, "-p", "err")]
    assert any("Watchdog timeout" in line for line in said)
    assert any("sitecustomize.py" in line and "in hook" in line for line in said), "where it hung"
    assert homelab.events() == before


@pytest.mark.parametrize("signal", ["KILL", "SEGV"])
def test_a_killed_process_is_restarted_and_repeats_no_event(homelab: Homelab, signal: str) -> None:
    homelab.drop_in("RestartSec=100ms")
    homelab.observe(traefik="ok", jellyfin="failed")
    homelab.start()
    before = homelab.events()
    for restarts in ("1", "2", "3", "4", "5", "6", "7"):
        homelab.machine.systemctl("kill", f"--signal={signal}", NAME)
        until(lambda wanted=restarts: homelab.machine.show("NRestarts") == wanted, "a restart")  # type: ignore[misc]
        until(lambda: homelab.machine.show("ActiveState") == "active", "it is up again")
    assert homelab.events() == before


def test_bad_settings_end_it_with_78_and_it_is_not_restarted(homelab: Homelab) -> None:
    homelab.drop_in("RestartSec=100ms")
    homelab.configure("stale_aftr: 5m\n")
    assert homelab.machine.systemctl("start", NAME, check=False).returncode != 0
    # Not "auto-restart": nothing more will come.
    assert homelab.machine.show("SubState") == "failed"
    assert homelab.machine.show("ExecMainStatus") == "78"
    assert homelab.machine.show("NRestarts") == "0"
    said = [line["MESSAGE"] for line in homelab.machine.journal("-u", NAME, "-p", "err", "-t", NAME)]
    assert any("stale_aftr" in line and "stale_after" in line for line in said)


def test_without_the_homelab_folder_it_runs_and_says_that_the_inventory_is_absent(homelab: Homelab) -> None:
    shutil.rmtree(homelab.folder)
    homelab.start()
    assert ("reconcile_blocked", "input:hosts") in homelab.subjects()
    assert homelab.machine.show("NRestarts") == "0"
    assert homelab.machine.show("StatusText").startswith("unstable")


def test_an_inventory_under_home_is_absent_until_a_drop_in_shows_it(homelab: Homelab) -> None:
    hosts = homelab.machine.path("/home/alice/homelab/hosts")
    shutil.copytree(homelab.folder / "hosts", hosts)
    homelab.configure("inventory: /home/alice/homelab/hosts\n")
    homelab.start()
    assert ("reconcile_blocked", "input:hosts") in homelab.subjects()
    assert ("reconcile_required", "service:nas/jellyfin") not in homelab.subjects()
    homelab.drop_in("ProtectHome=tmpfs", "BindReadOnlyPaths=/home/alice/homelab")
    homelab.machine.systemctl("restart", NAME)
    assert homelab.machine.show("StatusText").startswith("nominal")
    shutil.rmtree(hosts.parent)


def test_a_homelab_folder_that_was_replaced_is_read_again(homelab: Homelab) -> None:
    homelab.configure("resync_interval: 1s\n")
    homelab.start()
    new = homelab.machine.path("/opt/homelab.new")
    shutil.copytree(homelab.folder, new)
    (new / "hosts" / "nas" / "services.yaml").write_text("services:\n  immich:\n")
    homelab.folder.rename(homelab.machine.path("/opt/homelab.old"))
    new.rename(homelab.folder)
    try:
        until(lambda: ("reconcile_required", "service:nas/immich") in homelab.subjects(), "the new inventory", 10)
    finally:
        shutil.rmtree(homelab.machine.path("/opt/homelab.old"))


def test_it_stops_within_a_second_and_cleanly(homelab: Homelab) -> None:
    homelab.start()
    began = time.monotonic()
    homelab.machine.systemctl("stop", NAME)
    took = time.monotonic() - began
    assert homelab.machine.show("Result") == "success"
    assert homelab.machine.show("ExecMainStatus") == "0"
    assert took < 1
    print(f"stop: {took:.2f} s")


@pytest.mark.parametrize("directive", ["PrivateTmp=yes", "DynamicUser=yes"])
def test_a_private_tmp_is_refused_by_name(homelab: Homelab, directive: str) -> None:
    homelab.drop_in(directive, "RestartSec=100ms")
    assert homelab.machine.systemctl("start", NAME, check=False).returncode != 0
    assert homelab.machine.show("ExecMainStatus") == "78"
    said = [line["MESSAGE"] for line in homelab.machine.journal("-u", NAME, "-p", "err", "-t", NAME)]
    assert any(directive.removesuffix("yes") in line for line in said)
    assert not homelab.log.exists()


def test_a_private_tmp_is_fine_when_nothing_is_kept_there(homelab: Homelab) -> None:
    homelab.configure("event_log: /var/lib/supervisor/events.log\ncheckpoint: /var/lib/supervisor/checkpoint.json\n")
    homelab.drop_in("PrivateTmp=yes", "StateDirectory=supervisor")
    homelab.start()
    assert homelab.machine.show("ActiveState") == "active"
    homelab.machine.systemctl("stop", NAME)
    shutil.rmtree(homelab.machine.path("/var/lib/supervisor"))


def test_a_read_only_tmp_is_said_by_name_and_is_no_crash_loop(homelab: Homelab) -> None:
    homelab.drop_in("ReadWritePaths=", "ReadOnlyPaths=/tmp")
    homelab.machine.systemctl("start", "--no-block", NAME)
    cause = "degraded(output): cannot lock /tmp/supervisor-checkpoint.json.lock"
    until(lambda: cause in homelab.machine.show("StatusText"), "the cause in the status")
    assert "ReadWritePaths=" in homelab.machine.show("StatusText")
    # It tries for a minute, and is not called active meanwhile.
    assert homelab.machine.show("ActiveState") == "activating"
    assert homelab.machine.show("NRestarts") == "0"


def test_what_root_left_is_the_services_again(homelab: Homelab) -> None:
    homelab.observe(traefik="ok", jellyfin="failed")
    files = [homelab.log, homelab.checkpoint, homelab.machine.path("/tmp/supervisor-checkpoint.json.lock")]
    for path in files:
        path.touch()
    homelab.checkpoint.unlink()
    homelab.start()
    assert ILL in homelab.subjects()
    owners = homelab.machine.run("stat", "-c", "%U:%G", *[f"/tmp/{path.name}" for path in files]).stdout.split()
    assert owners == [f"{NAME}:{NAME}"] * 3


def test_a_pass_by_root_is_refused_and_takes_nothing_away(homelab: Homelab) -> None:
    command = f"/opt/{NAME}/venv/bin/{NAME}"
    refused = homelab.machine.run(command, "reconcile", check=False)
    assert refused.returncode == 77
    assert "systemctl reload runtime-supervisor" in refused.stderr
    assert not homelab.log.exists()
    assert homelab.machine.run(command, "reconcile", "--dry-run", check=False).returncode == 0


def test_journald_may_die_under_it(homelab: Homelab) -> None:
    homelab.start()
    homelab.machine.systemctl("stop", "systemd-journald.socket", "systemd-journald-dev-log.socket", check=False)
    homelab.machine.systemctl("kill", "--signal=KILL", "systemd-journald")
    try:
        homelab.observe(traefik="ok", jellyfin="failed")
        until(lambda: ILL in homelab.subjects(), "an event without a journal", 10)
    finally:
        homelab.machine.systemctl("start", "systemd-journald.socket", "systemd-journald-dev-log.socket")
        homelab.machine.systemctl("start", "systemd-journald")
    homelab.observe(traefik="ok", jellyfin="ok")
    until(lambda: ("reconcile_resolved", ILL[1]) in homelab.subjects(), "the resolution", 10)
    until(
        lambda: [
            line for line in homelab.machine.journal("-t", NAME) if line.get("SUPERVISOR_TYPE") == "reconcile_resolved"
        ],
        "its line in the new journal",
    )

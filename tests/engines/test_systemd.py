"""What happens to real units comes out as the right events: both services as installed, on a booted system."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.systemd.machine import NAME, Homelab, Machine, until

OBSERVER = f"{NAME}-observer"
REDEPLOY = ("reconcile_required", "redeploy")
DEPLOY = ("reconcile_required", "deploy")
CHECK = ("reconcile_blocked", "check_observer")
CLEARED = ("reconcile_resolved", "cleared")


class Lab:
    """A homelab whose services are units of the machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.node = machine.run("hostname").stdout.strip().partition(".")[0]
        self.home = Homelab(machine)
        self._told = 0
        self._units: list[str] = []

    def unit(self, name: str, *lines: str, section: str = "Service") -> None:
        """Write a unit as an administrator would."""
        self._units.append(name)
        self.machine.path(f"/etc/systemd/system/{name}").write_text("\n".join((f"[{section}]", *lines, "")))
        self.machine.systemctl("daemon-reload")

    def close(self, inventory: str) -> None:
        """Observer and supervisor, with all in order."""
        folder = self.home.folder / "hosts" / self.node
        folder.mkdir(parents=True)
        (folder / "services.yaml").write_text(inventory)
        self.machine.path(f"/etc/{NAME}/observer.yaml").write_text("interval: 300ms\n")
        self.home.configure("resync_interval: 300ms\nquiet_period: 50ms\nstale_after: 3s\n")
        self.machine.systemctl("start", OBSERVER)
        self.machine.systemctl("start", NAME)
        assert self.events() == []
        assert json.loads(self.home.checkpoint.read_text())["summary"] == "nominal"

    def undo(self) -> None:
        self.machine.systemctl("stop", NAME, OBSERVER, *(name for name in self._units if "@." not in name))
        for name in self._units:
            self.machine.systemctl("unmask", name, check=False)
            self.machine.path(f"/etc/systemd/system/{name}").unlink(missing_ok=True)
        self.machine.path(f"/etc/{NAME}/observer.yaml").write_text("")
        self.home.reset()
        self.machine.run("rm", "-rf", "/opt/homelab/world", "/opt/homelab/hosts")

    def service(self, name: str) -> dict[str, Any]:
        document = json.loads((self.home.folder / "world" / "nodes" / f"{self.node}.json").read_text())
        entry: dict[str, Any] = document["services"].get(name, {})
        return entry

    def look(self, count: int = 4) -> None:
        """So many documents, each of a later look."""
        path = self.home.folder / "world" / "nodes" / f"{self.node}.json"
        for _ in range(count):
            before = path.stat().st_ino, path.stat().st_mtime_ns
            until(lambda before=before: (path.stat().st_ino, path.stat().st_mtime_ns) != before, "a look")  # type: ignore[misc]

    def events(self) -> list[tuple[str, str, str]]:
        """New ones: type, action or why it is over, and the name of the service."""
        return [
            (
                event["type"],
                event["data"].get("resolution") or event["data"]["action"],
                event["subject"].rpartition("/")[2],
            )
            for event in self.home.events()
            if event["type"] != "summary_changed"
        ][self._told :]

    def expect(self, *events: tuple[str, str], of: str = "job") -> None:
        """These and no others."""
        until(lambda: len(self.events()) >= len(events), f"{events}, having {self.events()}")
        self.look()
        assert self.events() == [(*event, of) for event in events], f"{events}, and not {self.events()}"
        self._told += len(events)


@pytest.fixture
def lab(machine: Machine) -> Iterator[Lab]:
    fresh = Lab(machine)
    fresh.home.reset()
    machine.run("rm", "-rf", "/opt/homelab/world", "/opt/homelab/hosts")
    try:
        yield fresh
    finally:
        fresh.undo()


def test_a_unit_that_fails_is_redeployed(lab: Lab) -> None:
    lab.unit("job.service", "ExecStart=/usr/bin/sleep 1000")
    lab.machine.systemctl("start", "job")
    lab.close("services:\n  job:\n")
    lab.machine.systemctl("kill", "--signal=SEGV", "job")
    lab.expect(REDEPLOY)
    assert lab.service("job")["status"] == "failed"
    assert lab.service("job")["raw"]["result"] in ("signal", "core-dump")
    lab.machine.systemctl("restart", "job")
    lab.expect(CLEARED)
    lab.machine.systemctl("stop", "job")
    lab.expect(REDEPLOY)
    lab.machine.systemctl("start", "job")
    lab.expect(CLEARED)


def test_a_unit_that_is_masked_is_redeployed_and_one_that_is_removed_deployed(lab: Lab) -> None:
    lab.unit("job.service", "ExecStart=/usr/bin/sleep 1000")
    lab.machine.systemctl("start", "job")
    lab.close("services:\n  job:\n")
    file = lab.machine.path("/etc/systemd/system/job.service")
    text = file.read_text()
    lab.machine.systemctl("stop", "job")
    lab.expect(REDEPLOY)
    file.unlink()
    lab.machine.systemctl("mask", "job")
    lab.look()
    assert (lab.service("job")["status"], lab.service("job")["raw"]["load"]) == ("stopped", "masked")
    lab.expect()
    lab.machine.systemctl("unmask", "job")
    lab.machine.systemctl("daemon-reload")
    lab.expect(("reconcile_resolved", "replaced"), DEPLOY)
    file.write_text(text)
    lab.machine.systemctl("daemon-reload")
    lab.machine.systemctl("start", "job")
    until(lambda: lab.events()[-1:] == [(*CLEARED, "job")], "it is well")


def test_a_unit_that_is_refused_is_redeployed_and_a_oneshot_that_is_skipped_is_well(lab: Lab) -> None:
    lab.unit("job.service", "ExecStart=/usr/bin/sleep 1000")
    lab.unit("skipped.service", "Type=oneshot", "ExecStart=/usr/bin/true", "[Unit]", "ConditionPathExists=/absent")
    lab.unit("skipped.timer", "OnCalendar=yearly", section="Timer")
    lab.machine.systemctl("start", "job", "skipped.timer", "skipped")
    lab.close("services:\n  job:\n  skipped: {oneshot: true}\n")
    assert lab.service("skipped")["detail"] == "skipped: a condition of its unit was not met"
    file = lab.machine.path("/etc/systemd/system/job.service")
    text = file.read_text()
    lab.machine.systemctl("stop", "job")
    lab.expect(REDEPLOY)
    file.write_text("[Service]\nType=simple\n")
    lab.machine.systemctl("daemon-reload")
    lab.look()
    assert (lab.service("job")["status"], lab.service("job")["raw"]["load"]) == ("failed", "bad-setting")
    lab.expect()
    file.write_text(text)
    lab.machine.systemctl("daemon-reload")
    lab.machine.systemctl("start", "job")
    lab.expect(CLEARED)


def test_a_oneshot_that_finishes_is_well_and_one_that_fails_is_not(lab: Lab) -> None:
    lab.unit("job.service", "Type=oneshot", "ExecStart=/usr/bin/test -e /run/well")
    # systemd forgets a finished unit to which nothing refers.
    lab.unit("job.timer", "OnCalendar=yearly", section="Timer")
    lab.machine.systemctl("start", "job.timer")
    lab.close("services:\n  job: {oneshot: true}\n")
    # It has never run, and waits for its timer: nothing is wrong with it.
    assert lab.service("job")["status"] == "absent"
    lab.machine.path("/run/well").touch()
    lab.machine.systemctl("start", "job")
    lab.look()
    assert lab.service("job")["status"] == "completed"
    lab.expect()
    lab.machine.path("/run/well").unlink()
    lab.machine.systemctl("start", "job", check=False)
    lab.expect(REDEPLOY)
    assert lab.service("job")["detail"] == "result exit-code, ended with exit code 1"
    lab.machine.path("/run/well").touch()
    lab.machine.systemctl("start", "job")
    lab.expect(CLEARED)


def test_a_unit_that_restarts_again_and_again_is_unhealthy(lab: Lab) -> None:
    lab.machine.path(f"/etc/{NAME}/observer.yaml").write_text("")
    lab.unit("job.service", "ExecStart=/usr/bin/sleep 1000", "Restart=always", "RestartSec=100ms")
    lab.machine.systemctl("start", "job")
    lab.close("services:\n  job:\n")
    for count in (1, 2):
        lab.machine.systemctl("kill", "--signal=SEGV", "job")
        until(lambda count=count: lab.machine.show("NRestarts", "job") == str(count), "it is restarted")  # type: ignore[misc]
        lab.look(2)
    until(
        lambda: lab.events()[-1:] == [(*REDEPLOY, "job")] and lab.machine.show("SubState", "job") == "running", "loop"
    )
    assert lab.service("job")["raw"]["sub"] == "running"
    assert lab.service("job")["detail"].startswith("crash loop: ")
    # A start by hand counts anew.
    lab.machine.systemctl("restart", "job")
    lab.machine.systemctl("reset-failed", "job")
    until(lambda: lab.events()[-1:] == [(*CLEARED, "job")], "it is well")


def test_timers_and_sockets_are_services_too(lab: Lab) -> None:
    lab.unit("tick.service", "Type=oneshot", "ExecStart=/usr/bin/true")
    lab.unit("tick.timer", "OnCalendar=yearly", section="Timer")
    lab.unit("door@.service", "ExecStart=/usr/bin/true")
    lab.unit("door.socket", "ListenStream=/run/door", "Accept=yes", section="Socket")
    lab.machine.systemctl("start", "tick.timer", "door.socket")
    lab.close("services:\n  tick.timer:\n  entrance: {unit: door.socket}\n")
    lab.machine.systemctl("stop", "tick.timer")
    lab.expect(REDEPLOY, of="tick.timer")
    lab.machine.systemctl("stop", "door.socket")
    lab.expect(REDEPLOY, of="entrance")
    lab.machine.systemctl("start", "tick.timer", "door.socket")
    until(lambda: len(lab.events()) == 2, "both are well")
    assert {event[:2] for event in lab.events()} == {CLEARED}


def test_a_unit_whose_start_waits_for_its_turn_is_starting(lab: Lab) -> None:
    go = "while ! test -e /run/go; do sleep 0.1; done"
    lab.unit("slow.service", "Type=oneshot", "RemainAfterExit=yes", f"ExecStart=/usr/bin/sh -c '{go}'")
    lab.unit("job.service", "ExecStart=/usr/bin/sleep 1000", "[Unit]", "After=slow.service", "Wants=slow.service")
    lab.machine.systemctl("start", "--no-block", "job")
    try:
        lab.close("services:\n  job:\n")
        assert (lab.service("job")["status"], lab.service("job")["detail"]) == ("starting", "waits to be started")
        lab.look()
        assert lab.events() == []
    finally:
        lab.machine.path("/run/go").touch()
    until(lambda: lab.service("job")["status"] == "ok", "it runs")
    lab.machine.path("/run/go").unlink()
    assert lab.events() == []


def test_a_service_that_waits_for_its_socket_is_well_and_without_the_socket_it_is_not(lab: Lab) -> None:
    lab.unit("panel.service", "ExecStart=/usr/bin/sleep 1000")
    lab.unit("panel.socket", "ListenStream=/run/panel", section="Socket")
    lab.machine.systemctl("start", "panel.socket")
    lab.close("services:\n  panel: {unit: panel.service}\n")
    assert (lab.service("panel")["status"], lab.service("panel")["detail"]) == ("ok", "waits for panel.socket")
    lab.machine.systemctl("stop", "panel.socket")
    lab.expect(REDEPLOY, of="panel")
    lab.machine.systemctl("start", "panel.socket")
    lab.expect(CLEARED, of="panel")


def test_a_timer_without_a_next_time_is_stopped(lab: Lab) -> None:
    lab.unit("tick.service", "Type=oneshot", "ExecStart=/usr/bin/true")
    lab.unit("tick.timer", "OnCalendar=yearly", section="Timer")
    lab.machine.systemctl("start", "tick.timer")
    lab.close("services:\n  tick.timer:\n")
    lab.machine.systemctl("stop", "tick.timer")
    lab.unit("tick.timer", "OnCalendar=2020-01-01 00:00:00", "RemainAfterElapse=yes", section="Timer")
    lab.machine.systemctl("start", "tick.timer")
    until(lambda: lab.service("tick.timer").get("detail") == "has no next time", "it is seen")
    lab.look()
    assert lab.events() == [(*REDEPLOY, "tick.timer")]


def test_an_observer_that_is_stopped_is_missed(lab: Lab) -> None:
    lab.unit("job.service", "ExecStart=/usr/bin/sleep 1000")
    lab.machine.systemctl("start", "job")
    lab.close("services:\n  job:\n")
    lab.machine.systemctl("stop", OBSERVER)
    until(lambda: lab.events() == [(*CHECK, "input:world")], "it is missed")
    lab.machine.systemctl("start", OBSERVER)
    lab.expect(CHECK, CLEARED, of="input:world")


def test_the_observer_says_who_does_not_answer_once(lab: Lab) -> None:
    lab.close("services:\n")
    lab.machine.path(f"/etc/{NAME}/observer.yaml").write_text("interval: 300ms\nengines: /run/absent.sock\n")
    lab.machine.systemctl("restart", OBSERVER)
    lab.look(6)
    lines = [line["MESSAGE"] for line in lab.machine.journal("-t", OBSERVER, "-p", "warning")]
    assert lines == ["/run/absent.sock cannot be reached: No such file or directory"]


def test_membership_of_the_sockets_group_is_what_it_takes(lab: Lab) -> None:
    lab.unit(
        "engine.socket",
        *("ListenStream=/run/engine.sock", "Accept=yes", "SocketGroup=adm", "SocketMode=0660"),
        section="Socket",
    )
    answer = r"HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n"
    lab.unit("engine@.service", f"ExecStart=/usr/bin/printf '{answer}'", "StandardOutput=socket")
    lab.machine.systemctl("start", "engine.socket")
    lab.close("services:\n")
    lab.machine.path(f"/etc/{NAME}/observer.yaml").write_text("interval: 300ms\nengines: /run/engine.sock\n")

    def said() -> str:
        lab.machine.systemctl("restart", OBSERVER)
        return lab.machine.show("StatusText", OBSERVER)

    assert said().endswith("/run/engine.sock cannot be reached: Permission denied")
    lab.machine.run("usermod", "-aG", "adm", OBSERVER)
    try:
        assert said().endswith("/run/engine.sock answered 503 to GET /version")
    finally:
        lab.machine.run("gpasswd", "-d", OBSERVER, "adm")

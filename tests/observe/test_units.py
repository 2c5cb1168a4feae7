"""systemd's words, and what is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.core.instant import SECOND
from supervisor.core.model.desired import DesiredService
from supervisor.observe.units import QUERY, blocks, sighting, unit_name, unit_of, wakers

ENDED = {"ExecMainExitTimestamp": "@1795000000", "ExecMainCode": "1", "ExecMainStatus": "0"}
FAILED = ENDED | {"ExecMainStatus": "3"}
KILLED = ENDED | {"ExecMainCode": "2", "ExecMainStatus": "15"}
ONESHOT = {"Type": "oneshot", "Restart": "no"}


def unit(active: str = "active", sub: str = "running", load: str = "loaded", **more: str) -> dict[str, str]:
    return {"LoadState": load, "ActiveState": active, "SubState": sub, "Type": "simple", "Restart": "always", **more}


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (unit(), "ok"),
        (unit(sub="exited", **ONESHOT), "ok"),
        (unit(sub="waiting", Type=""), "ok"),
        (unit("reloading", "reload"), "ok"),
        (unit("activating", "start"), "starting"),
        # However long its work takes.
        (unit("activating", "start", **ONESHOT), "ok"),
        (unit("activating", "auto-restart"), "unhealthy"),
        (unit("activating", "auto-restart-queued"), "unhealthy"),
        (unit("deactivating", "stop-sigterm"), "stopped"),
        (unit("failed", "failed", Result="exit-code", **FAILED), "failed"),
        (unit("failed", "failed", Result="start-limit-hit"), "failed"),
        (unit("maintenance", "maintenance"), "unhealthy"),
        (unit("inactive", "dead"), "stopped"),
        (unit("inactive", "dead", **ENDED), "stopped"),
        (unit("inactive", "dead", **(ENDED | ONESHOT)), "completed"),
        (unit("inactive", "dead", **(ENDED | {"Restart": "no"})), "completed"),
        (unit("inactive", "dead", **(KILLED | {"Restart": "no"})), "stopped"),
        (unit("inactive", "dead", **ONESHOT), "absent"),
        (unit("inactive", "dead", "masked"), "stopped"),
        (unit("active", "running", "masked"), "ok"),
        (unit("inactive", "dead", "bad-setting"), "failed"),
        (unit("inactive", "dead", "error"), "failed"),
        (unit("inactive", "dead", ConditionResult="no", ConditionTimestamp="@1795000000", **ONESHOT), "absent"),
        (unit("inactive", "dead", ConditionResult="no", ConditionTimestamp="@1795000000"), "stopped"),
        # Never tried: no condition was looked at yet.
        (unit("inactive", "dead", ConditionResult="no", ConditionTimestamp="", **ONESHOT), "absent"),
        # Its file is gone, and it runs on.
        (unit("active", "running", "not-found"), "ok"),
        (unit("dancing", "dancing"), "unknown"),
        ({}, "unknown"),
        (unit("inactive", "dead", "not-found"), None),
    ],
    ids=str,
)
def test_what_a_unit_is_said_to_be(given: dict[str, str], status: str | None) -> None:
    seen = sighting("web.service", given)
    assert (seen.status if seen is not None else None) == status


def test_since_when_and_how_often() -> None:
    seen = sighting("web.service", unit(StateChangeTimestamp="@1795000001", NRestarts="4"))
    assert seen is not None
    assert (seen.since, seen.restarts) == (1795000001 * SECOND, 4)
    for nothing in ("", "@0", "n/a", "@"):
        seen = sighting("web.timer", unit(StateChangeTimestamp=nothing, NRestarts="[not set]"))
        assert seen is not None
        assert (seen.since, seen.restarts) == (None, None)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("nginx", "nginx.service"),
        ("nginx.service", "nginx.service"),
        ("backup.timer", "backup.timer"),
        ("syncthing@alice", "syncthing@alice.service"),
        ("docker.io", "docker.io.service"),
        ("dev-sda1.swap", "dev-sda1.swap"),
        ("media/db", None),
        ("syncthing@", None),
        ("-x", None),
        ("a*", None),
        ("ä", None),
        ("x" * 260, None),
    ],
)
def test_the_unit_that_a_name_means(name: str, named: str | None) -> None:
    assert unit_name(name) == named


def test_the_unit_that_a_service_may_be() -> None:
    assert unit_of(DesiredService("web", "", 1)) == "web.service"
    assert unit_of(DesiredService("web", "", 1, unit="nginx")) == "nginx.service"
    assert unit_of(DesiredService("web", "", 1, container="nginx")) is None


CAPTURES = Path(__file__).parent / "captures"


def captured(name: str) -> dict[str, str]:
    """What a real systemd 257 has printed of one unit."""
    shown = blocks((CAPTURES / name).read_text())
    assert len(shown) == 1
    return shown[0]


def test_all_that_is_looked_at_is_asked_for() -> None:
    asked = set(QUERY[-2].removeprefix("--property=").split(","))
    assert {"Id", "Job", "TriggeredBy", "NRestarts", "NextElapseUSecRealtime"} <= asked


def test_a_unit_whose_start_waits_for_its_turn_is_starting() -> None:
    # Some seconds after boot: After= a oneshot that takes its time.
    queued = captured("jellyfin-queued.show")
    seen = sighting("jellyfin.service", queued)
    assert seen is not None
    assert (seen.status, seen.detail, seen.since) == ("starting", "waits to be started", None)
    without = sighting("jellyfin.service", queued | {"Job": ""})
    assert without is not None
    assert (without.status, without.detail) == ("stopped", "inactive")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (unit("inactive", "dead", Job="7"), "starting"),
        (unit("inactive", "dead", Job="7", **ONESHOT), "starting"),
        (unit("failed", "failed", Job="7", **FAILED), "starting"),
        (unit("inactive", "dead", "masked", Job="7"), "stopped"),
        # What runs and is to be stopped, or started again, has a job too.
        (unit("deactivating", "stop-sigterm", Job="7"), "stopped"),
        (unit("active", "running", Job="7"), "ok"),
    ],
    ids=str,
)
def test_a_job_counts_for_what_does_not_run(given: dict[str, str], status: str) -> None:
    seen = sighting("web.service", given)
    assert seen is not None
    assert seen.status == status


def test_a_service_whose_socket_listens_waits_for_it() -> None:
    panel = captured("panel.show")
    assert wakers(panel) == ["panel.socket"]
    seen = sighting("panel.service", panel, active=["panel.socket", "other.socket"])
    assert seen is not None
    assert (seen.status, seen.detail) == ("ok", "waits for panel.socket")
    # Nobody listens.
    alone = sighting("panel.service", panel)
    assert alone is not None
    assert (alone.status, alone.detail) == ("stopped", "inactive")


@pytest.mark.parametrize(
    ("given", "waker", "status"),
    [
        (unit("inactive", "dead", TriggeredBy="web.path"), "web.path", "ok"),
        (unit("inactive", "dead", TriggeredBy="web.timer web.automount"), "web.automount", "ok"),
        # What a timer starts is a oneshot, and says so.
        (unit("inactive", "dead", TriggeredBy="web.timer"), "web.timer", "stopped"),
        (unit("failed", "failed", TriggeredBy="web.socket", **FAILED), "web.socket", "failed"),
        (unit("inactive", "dead", "masked", TriggeredBy="web.socket"), "web.socket", "stopped"),
        (unit("inactive", "dead", "bad-setting", TriggeredBy="web.socket"), "web.socket", "failed"),
    ],
    ids=str,
)
def test_what_starts_a_unit_when_it_is_needed_counts_while_it_is_active(
    given: dict[str, str], waker: str, status: str
) -> None:
    seen = sighting("web.service", given, active=[waker])
    assert seen is not None
    assert seen.status == status


@pytest.mark.parametrize(
    ("sub", "realtime", "monotonic", "status"),
    [
        ("waiting", "@1795000000", "0", "ok"),
        ("waiting", "", "5h 3min", "ok"),
        ("waiting", "", "infinity", "stopped"),
        ("waiting", "n/a", "0", "stopped"),
        ("elapsed", "", "infinity", "stopped"),
        # The next time comes after what it has started.
        ("running", "", "infinity", "ok"),
    ],
)
def test_a_timer_that_will_not_come_again_is_stopped(sub: str, realtime: str, monotonic: str, status: str) -> None:
    times = {"NextElapseUSecRealtime": realtime, "NextElapseUSecMonotonic": monotonic}
    seen = sighting("backup.timer", unit(sub=sub, **times))
    assert seen is not None
    assert seen.status == status


@pytest.mark.parametrize(
    ("given", "exit_code", "last_success"),
    [
        (unit("inactive", "dead", **(ENDED | ONESHOT)), 0, 1795000000),
        # One that stays active after its end.
        (unit("active", "exited", **(ENDED | ONESHOT)), 0, 1795000000),
        (unit("failed", "failed", **FAILED), 3, None),
        # As a shell would have it.
        (unit("failed", "failed", **KILLED), 143, None),
        (unit(), None, None),
    ],
    ids=str,
)
def test_how_the_last_run_ended(given: dict[str, str], exit_code: int | None, last_success: int | None) -> None:
    seen = sighting("web.service", given)
    assert seen is not None
    assert seen.exit_code == exit_code
    assert seen.last_success == (None if last_success is None else last_success * SECOND)

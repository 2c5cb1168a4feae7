"""systemd's words, and what is made of them."""

from __future__ import annotations

import pytest

from supervisor.core.instant import SECOND
from supervisor.core.model.desired import DesiredService
from supervisor.observe.units import sighting, unit_name, unit_of

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

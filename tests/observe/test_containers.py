"""The engines' own words, and what is made of them."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.core.instant import parse_instant
from supervisor.observe.containers import sighting, unreadable
from supervisor.observe.sighting import Sighting

STARTED, FINISHED = "2026-11-23T10:00:00.5Z", "2026-11-23T11:00:00Z"
NEVER = "0001-01-01T00:00:00Z"


def inspected(status: str = "running", policy: str = "no", **state: Any) -> dict[str, Any]:
    """As Docker prints it, with what must not get out."""
    return {
        "Id": "0" * 64,
        "Name": "/web",
        "Created": STARTED,
        "Path": "hunter2",
        "Args": ["hunter2"],
        "RestartCount": 0,
        "State": {
            "Status": status,
            "ExitCode": 0,
            "StartedAt": STARTED,
            "FinishedAt": NEVER,
            "Error": "hunter2",
            **state,
        },
        "HostConfig": {"RestartPolicy": {"Name": policy}, "Binds": ["/hunter2"]},
        "Config": {"Env": ["TOKEN=hunter2"], "Cmd": ["hunter2"], "Labels": {"token": "hunter2"}},
    }


HEALTHY, ILL, STARTING, NO_CHECK = ({"Status": word} for word in ("healthy", "unhealthy", "starting", "none"))


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (inspected(), "ok"),
        (inspected("Running"), "ok"),
        (inspected(Health=NO_CHECK), "ok"),
        (inspected(Health={"Status": ""}), "ok"),
        (inspected(Health=HEALTHY), "ok"),
        (inspected(Health=STARTING), "starting"),
        (inspected(Health=ILL), "unhealthy"),
        (inspected(Healthcheck=ILL), "unhealthy"),
        (inspected(Health={"Status": "glowing"}), "unknown"),
        # What has stopped has no health, whatever is printed of it.
        (inspected("exited", Health=HEALTHY, ExitCode=1), "failed"),
        (inspected("exited", Health=ILL), "completed"),
        (inspected("exited"), "completed"),
        (inspected("stopped"), "completed"),
        (inspected("exited", "on-failure"), "completed"),
        (inspected("exited", "always"), "stopped"),
        (inspected("exited", "unless-stopped"), "stopped"),
        (inspected("exited", ExitCode=137), "failed"),
        (inspected("stopped", ExitCode=3), "failed"),
        (inspected("exited", OOMKilled=True), "failed"),
        (inspected("exited", ExitCode=None), "failed"),
        (inspected("restarting", "always", ExitCode=1), "unhealthy"),
        (inspected("paused"), "stopped"),
        (inspected("created"), "created"),
        (inspected("configured"), "created"),
        (inspected("initialized"), "created"),
        (inspected("removing"), "stopped"),
        (inspected("stopping"), "stopped"),
        (inspected("dead"), "failed"),
        (inspected("dancing"), "unknown"),
        (inspected(""), "unknown"),
        ({"Name": "web"}, "unknown"),
        ({"Name": "web", "State": [], "Config": 3, "HostConfig": None, "RestartCount": "many"}, "unknown"),
    ],
    ids=str,
)
def test_what_a_container_is_said_to_be(given: dict[str, Any], status: str) -> None:
    seen = sighting("engine", given)
    assert seen is not None
    assert (seen.name, seen.status) == ("web", status)
    assert "hunter2" not in repr(seen)


def test_since_when() -> None:
    def since(given: dict[str, Any]) -> int | None:
        seen = sighting("engine", given)
        assert seen is not None
        return seen.since

    assert since(inspected()) == parse_instant(STARTED)
    assert since(inspected("exited", FinishedAt=FINISHED)) == parse_instant(FINISHED)
    # No container was ever started in the year 1, nor at a time that is none.
    assert since(inspected("exited", FinishedAt=NEVER)) is None
    assert since(inspected("running", StartedAt="soon")) is None
    # compose starts what it has created in a moment: how long that lasts is counted from the creation.
    assert since(inspected("created", StartedAt=NEVER) | {"Created": FINISHED}) == parse_instant(FINISHED)


def test_a_kill_is_not_said_to_be_for_want_of_memory() -> None:
    killed, starved = (
        sighting("e", inspected("exited", ExitCode=137)),
        sighting("e", inspected("exited", OOMKilled=True)),
    )
    assert killed is not None
    assert killed.detail == "ended with exit code 137"
    assert starved is not None
    assert starved.detail == "ended with exit code 0 when its memory ran out"
    assert starved.raw["oom_killed"] is True


@pytest.mark.parametrize(
    "given",
    [
        inspected() | {"IsInfra": True},
        inspected() | {"IsService": True},
        inspected() | {"Config": {"Labels": {"io.kubernetes.docker.type": "podsandbox"}}},
        inspected() | {"Name": "/buildx_buildkit_default0"},
    ],
    ids=["pod", "kube file", "kubernetes", "builder"],
)
def test_what_an_engine_runs_for_itself_is_no_service(given: dict[str, Any]) -> None:
    assert sighting("engine", given) is None


def test_what_an_engine_runs_for_itself_is_no_service_also_when_only_the_list_speaks_of_it() -> None:
    listed = {"Id": "ab" * 32, "Names": ["/web"]}
    assert unreadable("engine", listed | {"IsInfra": True}, "answered 500") is None
    seen = unreadable("engine", listed, "answered 500")
    assert seen is not None
    assert (seen.name, seen.status, seen.detail) == ("web", "unknown", "answered 500")


@pytest.mark.parametrize(
    ("given", "exit_code", "last_success"),
    [
        (inspected("exited", ExitCode=3, FinishedAt=FINISHED), 3, None),
        (inspected("exited", FinishedAt=FINISHED), 0, FINISHED),
        # Nothing would start it again, so it was stopped: that is not what it was to do.
        (inspected("exited", "always", FinishedAt=FINISHED), 0, None),
        (inspected("restarting", "always", ExitCode=1), 1, None),
        # While it runs, an engine says 0 of a run that is not over.
        (inspected(FinishedAt=FINISHED), None, None),
        (inspected("created"), None, None),
    ],
    ids=str,
)
def test_how_the_last_run_ended(given: dict[str, Any], exit_code: int | None, last_success: str | None) -> None:
    seen = sighting("engine", given)
    assert seen is not None
    assert seen.exit_code == exit_code
    assert seen.last_success == (None if last_success is None else parse_instant(last_success))


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ({}, ("", "", "")),
        (
            {
                "com.docker.compose.project": "media",
                "com.docker.compose.service": "db",
                "com.docker.compose.container-number": "2",
                "com.docker.compose.oneoff": "False",
            },
            ("media", "db", "2"),
        ),
        (
            {
                "com.docker.compose.project": "media",
                "com.docker.compose.service": "db",
                "com.docker.compose.oneoff": "True",
            },
            ("", "", ""),
        ),
        (
            {
                "com.docker.stack.namespace": "web",
                "com.docker.swarm.service.name": "web_app",
                "com.docker.swarm.task.name": "web_app.3.x1y2",
            },
            ("web", "app", "3"),
        ),
        ({"com.docker.compose.service": 7}, ("", "", "")),
    ],
    ids=["none", "compose", "run by hand", "swarm", "nonsense"],
)
def test_what_compose_and_swarms_call_it(labels: dict[str, Any], names: tuple[str, str, str]) -> None:
    seen = sighting("engine", inspected() | {"Config": {"Labels": labels}})
    assert seen is not None
    assert (seen.stack, seen.service, seen.replica) == names


def labelled(**labels: str) -> Sighting:
    seen = sighting(
        "engine", inspected() | {"Config": {"Labels": {key.replace("__", "."): labels[key] for key in labels}}}
    )
    assert seen is not None
    return seen


def test_a_container_says_which_unit_runs_it() -> None:
    assert labelled(PODMAN_SYSTEMD_UNIT="web.service").part_of == ("web.service", "web")
    assert labelled().part_of == ()
    # podman-compose has one unit for all the containers of a project, and these have better names.
    composed = labelled(
        PODMAN_SYSTEMD_UNIT="podman-compose@x.service",
        com__docker__compose__project="x",
        com__docker__compose__service="db",
    )
    assert composed.part_of == ()


def test_only_the_places_of_a_swarm_are_slots() -> None:
    swarm = {"com__docker__swarm__service__name": "web_app", "com__docker__swarm__task__name": "web_app.3.x1y2"}
    assert labelled(**swarm).slot
    assert not labelled(com__docker__compose__service="db", com__docker__compose__container_number="1").slot
    assert not labelled().slot


def test_when_it_was_made_and_started_is_known() -> None:
    seen = sighting("engine", inspected() | {"Image": "sha256:1"})
    assert seen is not None
    assert (seen.created, seen.started, seen.running, seen.image) == (*[parse_instant(STARTED)] * 2, True, "sha256:1")
    ended = sighting("engine", inspected("exited"))
    assert ended is not None
    assert not ended.running

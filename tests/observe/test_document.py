"""The document of a look, and what it remembers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.instant import SECOND, format_instant, parse_instant
from supervisor.core.model.desired import DesiredService
from supervisor.observe.containers import sighting as container_sighting
from supervisor.observe.document import Look, node_document
from supervisor.observe.sighting import Sighting
from supervisor.observe.units import SOURCE as SYSTEMD
from supervisor.observe.units import blocks
from supervisor.observe.units import sighting as unit_sighting

NOW = parse_instant("2026-11-23T12:00:00Z")
WINDOW = 300 * SECOND
DOCKER, PODMAN = "/run/docker.sock", "/run/podman/podman.sock"
SERVICES = {
    "web": DesiredService("web", "", 1),
    "db": DesiredService("db", "", 1, container="postgres"),
    "ssh": DesiredService("ssh", "", 1, unit="sshd"),
    "off": DesiredService("off", "", 1, enabled=False),
}


def written(look: Look, previous: Mapping[str, Any] | None = None, services: Any = None) -> dict[str, Any]:
    document = node_document(look, SERVICES if services is None else services, previous or {}, WINDOW)
    # Whatever is in it, it can be written and read again.
    again: dict[str, Any] = json.loads(json.dumps(document))
    assert again == document
    return document


def words(document: dict[str, Any]) -> dict[str, str]:
    return {name: entry["status"] for name, entry in document["services"].items()}


@pytest.mark.parametrize(
    ("answered", "failed", "unknown"),
    [
        # Whoever could have it has answered, and has it not: it is not there.
        ({DOCKER, SYSTEMD}, (), ""),
        # Without a source that could have it, nobody knows.
        ({SYSTEMD}, (), "db"),
        ({DOCKER}, (), "ssh"),
        # One of them is silent.
        ({DOCKER}, (SYSTEMD,), "ssh web"),
        ({SYSTEMD}, (DOCKER,), "db web"),
        ({DOCKER, SYSTEMD}, (PODMAN,), "db web"),
        ((), (DOCKER, SYSTEMD), "db ssh web"),
        ((), (), "db ssh web"),
    ],
)
def test_what_was_not_seen_is_missing_only_where_all_have_answered(
    answered: set[str], failed: tuple[str, ...], unknown: str
) -> None:
    look = Look(NOW, (), frozenset(answered), dict.fromkeys(failed, "does not answer"))
    assert words(written(look)) == dict.fromkeys(unknown.split(), "unknown")


def test_what_the_inventory_does_not_know_is_unknown_with_its_source() -> None:
    both = frozenset([DOCKER, PODMAN])
    seen = (Sighting(DOCKER, "stray", "ok"), Sighting(PODMAN, "other", "ok"))
    first = written(Look(NOW, seen, both), services={})
    gone = Look(NOW + 1, seen[1:], frozenset([PODMAN]), {DOCKER: "cannot be reached: it is gone"})
    second = written(gone, first, services={})
    assert words(second) == {"other": "ok", "stray": "unknown"}
    assert second["services"]["stray"]["detail"] == f"{DOCKER} cannot be reached: it is gone"
    assert second["sources"] == {DOCKER: "cannot be reached: it is gone", PODMAN: "ok"}
    # As long as it takes.
    assert words(written(gone, second, services={})) == {"other": "ok", "stray": "unknown"}
    # And when it is back without it, it is not mentioned.
    assert words(written(Look(NOW + 2, seen[1:], both), second, services={})) == {"other": "ok"}


def looks(*restarts: int, status: str = "ok", seconds: int = 60) -> list[str]:
    """What a service is called at looks that far apart, having been restarted so often."""
    document: dict[str, Any] = {}
    said = []
    for number, count in enumerate(restarts):
        seen = (Sighting(DOCKER, "web", status, restarts=count, detail="running"),)
        document = written(Look(NOW + number * seconds * SECOND, seen, frozenset([DOCKER])), document)
        said.append(document["services"]["web"]["status"])
    return said


def test_restarts_that_rise_are_a_crash_loop_while_it_looks_well() -> None:
    assert looks(0, 0, 1, 2, 3) == ["ok", "ok", "ok", "unhealthy", "unhealthy"]
    assert looks(0, 9) == ["ok", "unhealthy"]
    assert looks(0, 9, status="failed") == ["failed", "unhealthy"]
    assert looks(0, 9, status="completed") == ["completed", "completed"]
    # What it counted before the first look is of another time.
    assert looks(500, 500, 501) == ["ok", "ok", "ok"]
    # A whole window without a restart, and it is over.
    assert looks(0, 2, 2, 2, 2, 2, 2, 2) == ["ok"] + ["unhealthy"] * 6 + ["ok"]


def test_a_crash_loop_is_since_its_first_restart() -> None:
    first = written(Look(NOW, (Sighting(DOCKER, "web", "ok", restarts=0),), frozenset([DOCKER])))
    later = NOW + 30 * SECOND
    second = written(Look(later, (Sighting(DOCKER, "web", "ok", since=later, restarts=5),), frozenset([DOCKER])), first)
    assert second["services"]["web"]["since"] == "2026-11-23T12:00:30Z"
    silent = written(Look(later + 1, (), frozenset(), {DOCKER: "is silent"}), second)
    assert silent["services"]["web"]["restarts"] == 5
    third = written(Look(later + 2, (Sighting(DOCKER, "web", "ok", restarts=5),), frozenset([DOCKER])), silent)
    assert third["services"]["web"]["status"] == "unhealthy"


def test_what_waits_to_be_started_does_so_since_the_first_look_that_found_it_waiting() -> None:
    document: dict[str, Any] = {}
    said = []
    for number, status in enumerate(("starting", "starting", "ok", "starting")):
        seen = Sighting(SYSTEMD, "web.service", status, also=("web",))
        document = written(Look(NOW + number * SECOND, (seen,), frozenset([SYSTEMD])), document)
        said.append(document["services"]["web"].get("since", "")[-3:-1])
    assert said == ["00", "00", "", "03"]


def test_of_several_the_worst_counts() -> None:
    seen = [
        Sighting(DOCKER, f"media-web-{number}", status, stack="media", service="web", replica=str(number), detail="why")
        for number, status in enumerate(("ok", "failed", "ok", "failed"))
    ]
    entry = written(Look(NOW, tuple(seen), frozenset([DOCKER])))["services"]["web"]
    assert (entry["status"], entry["detail"]) == ("failed", "2 of 4: why")


def test_text_of_an_engine_is_one_short_line() -> None:
    seen = Sighting(DOCKER, "web", "ok", detail="\x1b[2J" + "x" * 900, raw={"status": "a\nb" + "y" * 900})
    entry = written(Look(NOW, (seen,), frozenset([DOCKER])))["services"]["web"]
    for text in (entry["detail"], entry["raw"]["status"]):
        assert text.isprintable()
        assert len(text) <= 200


@pytest.mark.parametrize(
    "previous",
    [
        {"services": []},
        {"services": {"web": 1}},
        {"services": {"web": {"restarts": "many", "restarted_at": 5, "source": []}}, "sources": 4},
        {"services": {"web": {"restarts": 0, "restarted_at": ["soon", None, 7, "2026-11-23T12:00:00Z"]}}},
        {"services": {"web": {"restarts": True, "restarted_at": {"a": 1}}, "gone": {"source": {}}}},
    ],
)
def test_a_document_that_somebody_else_wrote_does_no_harm(previous: dict[str, Any]) -> None:
    seen = (Sighting(DOCKER, "web", "ok", restarts=0),)
    assert words(written(Look(NOW, seen, frozenset([DOCKER, SYSTEMD])), previous)) == {"web": "ok"}
    silent = written(Look(NOW, (), frozenset(), {DOCKER: "is silent"}), previous)
    assert silent["services"]["web"]["status"] == "unknown"


def replicas(document: Mapping[str, Any], at: int, *restarts: int | None) -> dict[str, Any]:
    """A look at replicas that were restarted so often; None is one that is gone."""
    seen = tuple(
        Sighting(DOCKER, f"web-app-{number}", "ok", stack="x", service="web", replica=str(number), restarts=count)
        for number, count in enumerate(restarts, 1)
        if count is not None
    )
    return written(Look(NOW + at * SECOND, seen, frozenset([DOCKER])), document)


@pytest.mark.parametrize(
    ("first", "second", "status", "restarts"),
    [
        ((0, 0, 0), (1, 1, 1), "ok", 3),
        ((0, 0, 0), (2, 0, 0), "unhealthy", 2),
        # The sum falls, since one is gone.
        ((5, 0), (None, 2), "unhealthy", 2),
    ],
)
def test_two_restarts_of_one_replica_are_a_crash_loop_and_one_of_each_is_not(
    first: tuple[int, ...], second: tuple[int | None, ...], status: str, restarts: int
) -> None:
    entry = replicas(replicas({}, 0, *first), 60, *second)["services"]["web"]
    assert (entry["status"], entry["restarts"]) == (status, restarts)


def captured() -> list[dict[str, Any]]:
    """What a real Podman 5.4.2 and systemd 257 said of a Quadlet whose health check begins to fail."""
    looks: list[dict[str, Any]] = json.loads((Path(__file__).parent / "captures" / "quadlet-looks.json").read_text())
    return looks


@pytest.mark.parametrize("declared", [DesiredService("web", "", 1), DesiredService("web", "", 1, unit="web")])
def test_a_quadlet_whose_health_check_fails_is_unhealthy(declared: DesiredService) -> None:
    document: dict[str, Any] = {}
    said = []
    for captured_look in captured():
        seen = [container_sighting(PODMAN, container) for container in captured_look["containers"]]
        seen += [unit_sighting(unit["Id"], unit) for unit in blocks(captured_look["show"])]
        mine = tuple(part for part in seen if part is not None and part.name in ("systemd-web", "web.service"))
        look = Look(captured_look["at"], mine, frozenset([PODMAN, SYSTEMD]))
        document = written(look, document, {"web": declared})
        # There is no systemd-web beside it.
        assert set(document["services"]) == {"web"}
        said.append((document["services"]["web"]["status"], document["services"]["web"]["detail"].split(" in")[0]))
    assert ("unhealthy", "its health check failed") in {(status, text[:23]) for status, text in said}
    assert {status for status, _ in said} <= {"ok", "starting", "unhealthy"}


def quadlet(status: str, unit_status: str = "ok", unit_restarts: int = 0, created: int = 1) -> tuple[Sighting, ...]:
    """A unit, and the container that is new at each start."""
    part_of = ("web.service", "web")
    return (
        Sighting(PODMAN, "systemd-web", status, detail="container", restarts=0, created=created, part_of=part_of),
        Sighting(SYSTEMD, "web.service", unit_status, detail="unit", restarts=unit_restarts, also=("web",)),
    )


@pytest.mark.parametrize(
    ("seen", "status", "detail"),
    [
        (quadlet("ok"), "ok", "container"),
        (quadlet("unhealthy"), "unhealthy", "container"),
        (quadlet("ok", "failed"), "failed", "unit"),
        (quadlet("starting"), "starting", "container"),
    ],
)
def test_of_a_unit_and_its_container_the_worse_counts(seen: tuple[Sighting, ...], status: str, detail: str) -> None:
    document = written(Look(NOW, seen, frozenset([PODMAN, SYSTEMD])), services={"web": DesiredService("web", "", 1)})
    # They are no replicas of one another.
    assert (document["services"]["web"]["status"], document["services"]["web"]["detail"]) == (status, detail)


def test_restarts_of_a_unit_count_though_its_container_is_new_each_time() -> None:
    document: dict[str, Any] = {}
    said = []
    for number in range(4):
        seen = quadlet("ok", unit_restarts=number, created=number + 1)
        look = Look(NOW + number * 60 * SECOND, seen, frozenset([PODMAN, SYSTEMD]))
        document = written(look, document, {"web": DesiredService("web", "", 1)})
        said.append(document["services"]["web"]["status"])
    assert said == ["ok", "ok", "unhealthy", "unhealthy"]
    assert document["services"]["web"]["restarts"] == 3


def test_a_part_whose_source_is_silent_is_unknown_and_the_other_alone_is_no_proof() -> None:
    both = frozenset([PODMAN, SYSTEMD])
    services = {"web": DesiredService("web", "", 1)}
    first = written(Look(NOW, quadlet("unhealthy"), both), services=services)
    away = Look(NOW + SECOND, quadlet("unhealthy")[1:], frozenset([SYSTEMD]), {PODMAN: "cannot be reached"})
    second = written(away, first, services)["services"]["web"]
    assert (second["status"], second["detail"], second["source"]) == ("unknown", f"{PODMAN} cannot be reached", PODMAN)
    # Failed is failed, whoever is silent.
    broken = Look(NOW + SECOND, quadlet("ok", "failed")[1:], frozenset([SYSTEMD]), {PODMAN: "cannot be reached"})
    assert written(broken, first, services)["services"]["web"]["status"] == "failed"


def test_what_is_unknown_for_a_silent_source_names_the_source() -> None:
    look = Look(NOW, (), frozenset([SYSTEMD]), {DOCKER: "cannot be reached"})
    services = written(look)["services"]
    assert {name: entry["source"] for name, entry in services.items()} == {"db": DOCKER, "web": DOCKER}
    # Without a source that could have it there is none to name.
    assert "source" not in written(Look(NOW, (), frozenset([DOCKER])))["services"]["ssh"]


STACKS = tuple(
    Sighting(DOCKER, f"{stack}-db-1", status, stack=stack, service="db", replica="1")
    for stack, status in (("media", "ok"), ("wiki-test", "failed"))
)


def test_a_name_that_could_be_two_is_unknown_and_says_which_never_missing() -> None:
    services = {"db": DesiredService("db", "", 1), "off": DesiredService("off", "", 1, enabled=False)}
    document = written(Look(NOW, STACKS, frozenset([DOCKER])), services=services)
    assert words(document) == {"db": "unknown", "media/db": "ok", "wiki-test/db": "failed"}
    assert document["services"]["db"]["detail"] == "media/db and wiki-test/db could be it: say which in the inventory"
    assert document["services"]["db"]["could_be"] == ["media/db", "wiki-test/db"]


def test_of_many_that_could_be_meant_some_are_named() -> None:
    seen = tuple(Sighting(DOCKER, f"{n}-db-1", "ok", stack=f"stack{n}", service="db") for n in range(9))
    document = written(Look(NOW, seen, frozenset([DOCKER])), services={"db": DesiredService("db", "", 1)})
    expected = "stack0/db, stack1/db, stack2/db, stack3/db and 5 more could be it: say which in the inventory"
    assert document["services"]["db"]["detail"] == expected


JOB = {"job": DesiredService("job", "", 1, oneshot=True)}


def test_the_last_success_is_kept_over_the_next_runs_and_until_the_container_is_gone() -> None:
    document: dict[str, Any] = {}
    said = []
    for number, (status, success) in enumerate(
        [
            ("ok", None),
            ("completed", NOW),
            ("ok", None),
            ("failed", None),
            ("completed", NOW + 9 * SECOND),
            (None, None),
        ]
    ):
        seen = () if status is None else (Sighting(DOCKER, "job", status, last_success=success),)
        look = Look(NOW + (number + 10) * SECOND, seen, frozenset([DOCKER, SYSTEMD]))
        document = written(look, document, JOB)
        entry = document["services"]["job"]
        said.append((entry["status"], entry.get("last_success")))
    first, second = format_instant(NOW), format_instant(NOW + 9 * SECOND)
    assert said == [
        ("ok", None),
        ("completed", first),
        ("ok", first),
        ("failed", first),
        ("completed", second),
        ("absent", second),
    ]


def test_a_success_is_not_forgotten_while_nobody_answers() -> None:
    seen = (Sighting(DOCKER, "job", "completed", last_success=NOW),)
    first = written(Look(NOW, seen, frozenset([DOCKER])), services=JOB)
    silent = written(Look(NOW + 1, (), frozenset(), {DOCKER: "is silent"}), first, JOB)
    assert silent["services"]["job"]["last_success"] == format_instant(NOW)


def test_how_it_ended_is_told_also_while_a_crash_loop_runs_again() -> None:
    def look(second: int, restarts: int, status: str, code: int | None) -> Look:
        seen = (Sighting(DOCKER, "web", status, restarts=restarts, exit_code=code),)
        return Look(NOW + second * SECOND, seen, frozenset([DOCKER]))

    first = written(look(0, 0, "unhealthy", 3))
    second = written(look(10, 2, "ok", None), first)
    assert (second["services"]["web"]["status"], second["services"]["web"]["exit_code"]) == ("unhealthy", 3)
    # Of what is well, how it once ended is of no interest.
    assert "exit_code" not in written(look(900, 2, "ok", None), second)["services"]["web"]

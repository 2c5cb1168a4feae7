"""The document of a look, and what it remembers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from supervisor.core.instant import SECOND, parse_instant
from supervisor.core.model.desired import DesiredService
from supervisor.observe.document import Look, node_document, reachability_document, sources_of
from supervisor.observe.sighting import Reached, Sighting
from supervisor.observe.units import SOURCE as SYSTEMD

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
    assert sources_of(first) == (DOCKER, PODMAN)
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
    # One is an accident; two within the window are none; then it is over.
    assert looks(0, 1, 1, 1, 1, 1, 1, 2) == ["ok"] * 8
    assert looks(0, 2, 2, 2, 2, 2, 2, 2) == ["ok"] + ["unhealthy"] * 6 + ["ok"]
    # Between two looks an hour apart, as from cron, two are none; sixty are.
    assert looks(0, 2, seconds=3600) == ["ok", "ok"]
    assert looks(0, 60, seconds=3600) == ["ok", "unhealthy"]
    # Made anew, or started by hand, it counts from the start.
    assert looks(0, 2, 0, 1) == ["ok", "unhealthy", "ok", "ok"]


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
    sources_of(previous)


def test_a_node_is_what_it_is_since_it_was_first_seen_so() -> None:
    document: dict[str, Any] = {}
    said = []
    for number, status in enumerate(("online", "online", "offline", "offline", "online")):
        document = reachability_document({"nas": Reached(status, "why")}, document, NOW + number * SECOND)
        said.append(document["nodes"]["nas"]["since"][-3:-1])
    assert said == ["00", "00", "02", "02", "04"]


@pytest.mark.parametrize("nodes", [[], {"nas": 1}, {"nas": {"status": "online", "since": "2099-01-01T00:00:00Z"}}])
def test_what_somebody_else_wrote_of_nodes_does_no_harm(nodes: Any) -> None:
    document = reachability_document({"nas": Reached("online", "why")}, {"nodes": nodes}, NOW)
    assert document["nodes"]["nas"] == {"status": "online", "since": "2026-11-23T12:00:00Z", "detail": "why"}

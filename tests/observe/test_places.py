"""Of several containers in one place one counts."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.observe.places import place_of, standing
from supervisor.observe.sighting import Sighting

ENGINE = "/run/docker.sock"


def task(number: int, status: str = "ok", **more: Any) -> Sighting:
    """A task of a swarm in slot 1, created at that moment."""
    facts: dict[str, Any] = {"created": number, "running": status == "ok", "slot": True, "image": "a", **more}
    return Sighting(ENGINE, f"web_app.1.{number}", status, stack="web", service="app", replica="1", **facts)


def one_of(*seen: Sighting) -> Sighting:
    for order in (seen, seen[::-1]):
        assert len(standing(order)) == 1
    return standing(seen)[0]


def test_what_is_rebuilt_has_the_same_place() -> None:
    assert place_of(Sighting(ENGINE, "web", "ok", created=1)) == place_of(Sighting(ENGINE, "web", "ok", created=2))
    assert place_of(task(1)) == place_of(task(2)) == "/run/docker.sock web/app.1"
    assert place_of(Sighting("/other.sock", "web", "ok")) == "/other.sock web"
    assert place_of(Sighting(ENGINE, "\x1b\udcff" + "x" * 900, "ok")).isprintable()


def test_the_one_that_runs_counts_whichever_was_created_last() -> None:
    # compose has created the next one, and the one before still runs.
    assert one_of(task(1), task(2, "created")).name == "web_app.1.1"
    assert one_of(task(1), task(2)).name == "web_app.1.2"
    assert one_of(task(1, "failed"), task(2, "failed")).name == "web_app.1.2"


def test_different_places_do_not_meet() -> None:
    seen = [task(1), Sighting(ENGINE, "db", "ok"), Sighting("/other.sock", "db", "ok")]
    assert standing(seen) == standing(seen[::-1])
    assert len(standing(seen)) == 3


@pytest.mark.parametrize(
    ("ended", "fallen"),
    [
        ({"exit_code": 1, "since": 5}, (1,)),
        # An update: the old task is ended by SIGTERM, by SIGKILL after a while, or has another image.
        ({"exit_code": 143, "since": 5}, ()),
        ({"exit_code": 137, "since": 11}, ()),
        ({"exit_code": 1, "since": 5, "image": "b"}, ()),
        ({"exit_code": 0, "since": 5, "status": "completed"}, ()),
        # Killed, and only then was the next one created.
        ({"exit_code": 137, "since": 5}, (1,)),
        ({"exit_code": 1, "since": None}, ()),
        # Not a swarm's: compose rebuilds what it updates.
        ({"exit_code": 1, "since": 5, "slot": False}, ()),
    ],
    ids=str,
)
def test_who_fell_in_a_slot_is_told_from_who_was_updated(ended: dict[str, Any], fallen: tuple[int, ...]) -> None:
    facts = {"status": "failed", **ended}
    assert one_of(task(1, **facts), task(10)).fallen == fallen

"""The document of other nodes, and what it remembers."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.core.instant import SECOND, parse_instant
from supervisor.observe.reachability import CUT_OFF, believed, reachability_document
from supervisor.observe.sighting import Reached

NOW = parse_instant("2026-11-23T12:00:00Z")


def test_a_node_is_what_it_is_since_it_was_first_seen_so() -> None:
    document: dict[str, Any] = {}
    said = []
    for number, status in enumerate(("online", "online", "offline", "offline", "online")):
        nodes = {"nas": Reached(status, "why")}
        document = reachability_document(nodes, document, NOW + number * SECOND, silent=nodes)
        said.append(document["nodes"]["nas"]["since"][-3:-1])
    assert said == ["00", "00", "02", "02", "04"]


@pytest.mark.parametrize("nodes", [[], {"nas": 1}, {"nas": {"status": "online", "since": "2099-01-01T00:00:00Z"}}])
def test_what_somebody_else_wrote_of_nodes_does_no_harm(nodes: Any) -> None:
    reached = {"nas": Reached("online", "why")}
    document = reachability_document(reached, {"nodes": nodes}, NOW, silent=reached)
    assert document["nodes"]["nas"] == {"status": "online", "since": "2026-11-23T12:00:00Z", "detail": "why"}


UP, DOWN, OPEN = Reached("online", "answers"), Reached("offline", "is silent"), Reached("unknown", "has no route")


@pytest.mark.parametrize(
    ("reached", "cut_off"),
    [
        ({"nas": DOWN, "nuc": DOWN}, True),
        ({"nas": DOWN, "nuc": OPEN}, True),
        # One that answers is enough to know that this machine is not cut off.
        ({"nas": DOWN, "nuc": UP}, False),
        # The only one there is may well be down.
        ({"nas": DOWN}, False),
        ({}, False),
    ],
)
def test_who_reaches_nobody_and_not_its_own_gateway_knows_nothing(reached: dict[str, Reached], cut_off: bool) -> None:
    assert believed(reached, {}, gateway=False) == (dict.fromkeys(reached, CUT_OFF) if cut_off else reached)
    # With a gateway that answers, and nobody ever reached, they are what they are.
    assert believed(reached, {}, gateway=True) == reached


def test_who_has_reached_one_before_and_now_reaches_nobody_knows_nothing() -> None:
    both = {"nas": UP, "nuc": DOWN}
    document = reachability_document(both, {}, NOW, silent={})
    assert document["last_reached"] == "2026-11-23T12:00:00Z"
    for number in (1, 2):
        later = {"nas": DOWN, "nuc": DOWN}
        assert believed(later, document, gateway=True) == {"nas": CUT_OFF, "nuc": CUT_OFF}
        # It stays known, however long it lasts.
        document = reachability_document(later, document, NOW + number * SECOND, silent={})
        assert document["last_reached"] == "2026-11-23T12:00:00Z"


def test_only_those_without_a_better_word_of_their_own_are_spoken_of() -> None:
    document = reachability_document({"nas": UP, "nuc": DOWN}, {}, NOW, silent={"nuc": DOWN})
    assert document["nodes"] == {"nuc": {"status": "offline", "since": "2026-11-23T12:00:00Z", "detail": "is silent"}}

"""The document of other nodes, and what it remembers."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.core.instant import SECOND, parse_instant
from supervisor.observe.reachability import reachability_document
from supervisor.observe.sighting import Reached

NOW = parse_instant("2026-11-23T12:00:00Z")


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

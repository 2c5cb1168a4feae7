"""What a later file makes of a service."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.draft.compose.document import Override, Reset
from supervisor.draft.compose.merge import service_over, services_over

STARTED = {"condition": "service_started", "required": True}
OPTIONAL = {"condition": "service_healthy", "required": False}


@pytest.mark.parametrize(
    ("base", "more", "merged"),
    [
        ({"image": "a", "restart": "no"}, {"image": "b"}, {"image": "b", "restart": "no"}),
        ({"restart": "no"}, {"restart": None}, {"restart": "no"}),
        ({"profiles": ["x"]}, {"profiles": ["y"]}, {"profiles": ["x", "y"]}),
        ({"links": ["a"]}, {"links": None}, {"links": ["a"]}),
        (
            {"deploy": {"replicas": 0, "mode": "global"}},
            {"deploy": {"replicas": 1}},
            {"deploy": {"replicas": 1, "mode": "global"}},
        ),
        (
            {"depends_on": {"a": OPTIONAL}},
            {"depends_on": {"a": {"restart": True}}},
            {"depends_on": {"a": OPTIONAL | {"restart": True}}},
        ),
        ({"depends_on": {"a": OPTIONAL}}, {"depends_on": ["a", "b"]}, {"depends_on": {"a": STARTED, "b": STARTED}}),
        ({"depends_on": {"a": STARTED}}, {"depends_on": Reset()}, {}),
        ({"depends_on": {"a": STARTED}}, {"depends_on": {"a": Reset(), "b": {}}}, {"depends_on": {"b": {}}}),
        ({"depends_on": {"a": STARTED}}, {"depends_on": Override(["b"])}, {"depends_on": {"b": STARTED}}),
        ({"links": ["a"]}, {"links": Override(["b"])}, {"links": ["b"]}),
        ({"image": "a"}, {"image": Reset(), "build": "."}, {"build": "."}),
    ],
)
def test_what_is_said_later_goes_over_what_was_said_before(
    base: dict[str, Any], more: dict[str, Any], merged: dict[str, Any]
) -> None:
    assert service_over(base, more) == merged


def test_services_are_joined_taken_away_and_replaced() -> None:
    base = {"a": {"image": "a"}, "b": {"image": "b", "restart": "no"}, "c": {"image": "c"}}
    more = {"a": Reset(), "b": Override({"image": "x"}), "c": {"restart": "always"}, "d": {}}
    assert services_over(base, more) == {"b": {"image": "x"}, "c": {"image": "c", "restart": "always"}, "d": {}}

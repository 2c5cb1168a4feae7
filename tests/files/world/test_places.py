"""Lines of values in a document that is kept packed, found one by one or all at once."""

from __future__ import annotations

import json

import pytest

from supervisor.files.world.places import LazyPlaces

COUNT = 200
TEXT = json.dumps({"services": {f"service{number:03}": {"status": "ok"} for number in range(COUNT)}}, indent=1)


@pytest.mark.parametrize("packed", [False, True])
def test_every_place_is_found_also_when_many_are_asked_for(packed: bool) -> None:
    places = LazyPlaces(TEXT)
    if packed:
        places.pack()
    # Each service is three lines: its key, its status, its end.
    recommendation = [places.at(f"/services/service{number:03}/status") for number in range(COUNT)]
    assert recommendation == [(4 + 3 * number, 14) for number in range(COUNT)]
    assert places.at("/services/absent") is None


@pytest.mark.parametrize("packed", [False, True])
def test_a_value_is_read_again_before_and_after_all_places_are_known(packed: bool) -> None:
    places = LazyPlaces(TEXT)
    if packed:
        places.pack()
    assert places.value("/services/service007") == {"status": "ok"}
    for _ in range(20):
        places.at("/services/service007")
    assert places.value("/services/service007/status") == "ok"

"""Which container counts where several have one place: a replica's number in compose, a slot of a swarm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from supervisor.core.text import printable
from supervisor.observe.sighting import Sighting

_LONGEST = 300


def place_of(sighting: Sighting) -> str:
    """The place of a sighting on its node; what is rebuilt has the same, and so has a swarm's next task of a slot."""
    if sighting.service and sighting.replica:
        place = f"{sighting.stack}/{sighting.service}.{sighting.replica}"
    else:
        place = sighting.name
    return printable(f"{sighting.source} {place}"[:_LONGEST])


def standing(sightings: Iterable[Sighting]) -> list[Sighting]:
    """One sighting for each place, in a fixed order: the one that runs, else the one that was created last."""
    places: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        places.setdefault(place_of(sighting), []).append(sighting)
    return sorted(map(_standing, places.values()), key=lambda seen: (seen.source, seen.name))


def _standing(place: Sequence[Sighting]) -> Sighting:
    order = sorted(place, key=lambda seen: (seen.created, seen.name))
    counts = max(order, key=lambda seen: (seen.running, seen.created, seen.name))
    fallen = (
        earlier.created
        for earlier, later in pairwise(order)
        if later.created <= counts.created and _fell(earlier, later)
    )
    return replace(counts, fallen=tuple(fallen))


def _fell(earlier: Sighting, later: Sighting) -> bool:
    """Did a task of a swarm end by itself, so that the later one is its restart and not an update?

    A swarm creates the task of an update before it ends the old one, by SIGTERM, and by SIGKILL if need be.
    """
    if not earlier.slot or earlier.status != "failed" or earlier.image != later.image:
        return False
    if earlier.exit_code == 143 or earlier.since is None:
        return False
    return earlier.exit_code != 137 or earlier.since < later.created

"""Which service of the inventory a sighting is; what none of them is keeps its own name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from supervisor.core.model.desired import DesiredService
from supervisor.files.names import name_fault
from supervisor.observe.sighting import SYSTEMD, Sighting
from supervisor.observe.units import unit_of


def identify(services: Mapping[str, DesiredService], sightings: Iterable[Sighting]) -> dict[str, tuple[Sighting, ...]]:
    """Sightings by the name of their service, sorted. Several are replicas, or one name in several engines.

    The first that applies: ``container:`` or ``unit:`` in the inventory; compose's or a swarm's STACK/SERVICE, or the
    bare SERVICE where no other stack has one of that name; the container's or unit's own name. A name that no
    inventory could have is left out, whoever made it up.
    """
    seen = _newest(sightings)
    containers: dict[str, str] = {}
    units: dict[str, list[str]] = {}
    for name, declared in sorted(services.items()):
        if declared.container is not None:
            containers[declared.container] = name
        if (unit := unit_of(declared)) is not None:
            units.setdefault(unit, []).append(name)
    stacks = Counter(service for _, service in {(one.stack, one.service) for one in seen if one.service})
    found: dict[str, list[Sighting]] = {}
    for one in seen:
        if one.source == SYSTEMD:
            continue
        name = _container(one, services, containers, alone=stacks[one.service] == 1)
        if name_fault(name) is None:
            found.setdefault(name, []).append(one)
    taken = set(found)
    for one in seen:
        if one.source != SYSTEMD:
            continue
        for name in units.get(one.name) or [one.name]:
            # A unit that only happens to have the name of a service's container, or that starts it, is not the service.
            if (name in services and services[name].unit is not None) or name not in taken:
                found.setdefault(name, []).append(one)
    return {name: tuple(found[name]) for name in sorted(found)}


def _container(
    one: Sighting, services: Mapping[str, DesiredService], containers: Mapping[str, str], *, alone: bool
) -> str:
    if one.name in containers:
        return containers[one.name]
    if not one.service:
        return one.name
    full = f"{one.stack}/{one.service}" if one.stack else one.service
    for name in (full, *([one.service] if alone else []), one.name):
        # One that is declared by the name of another container, or as a unit, is that and nothing else.
        declared = services.get(name)
        if declared is not None and declared.container is None and declared.unit is None:
            return name
    return full if name_fault(full) is None else one.name


def _newest(sightings: Iterable[Sighting]) -> list[Sighting]:
    """Of those with the same place in the same service the one that was created last, in a fixed order."""
    newest: dict[tuple[str, ...], Sighting] = {}
    for one in sorted(sightings, key=lambda one: (one.source, one.created, one.name)):
        replica = (one.stack, one.service, one.replica) if one.service and one.replica else (one.name,)
        newest[(one.source, *replica)] = one
    return sorted(newest.values(), key=lambda one: (one.source, one.name))

"""Which service of the inventory a sighting is; what none of them is keeps its own name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from supervisor.core.model.desired import DesiredService
from supervisor.files.names import name_fault
from supervisor.observe.places import standing
from supervisor.observe.sighting import Sighting
from supervisor.observe.sources import KINDS, kind_of, named


class Identified(NamedTuple):
    """``services``: sightings by the name of their service, sorted; several are replicas, or one name in two engines.

    ``ambiguous``: services of the inventory of which several things could be the one that is meant, by their names.
    """

    services: Mapping[str, tuple[Sighting, ...]]
    ambiguous: Mapping[str, tuple[str, ...]]


def identify(services: Mapping[str, DesiredService], sightings: Iterable[Sighting]) -> Identified:
    """Give every sighting its name. The first that applies:

    ``container:`` or ``unit:`` in the inventory; compose's or a swarm's STACK/SERVICE, or the bare SERVICE where no
    other stack has one of that name that is not in the inventory itself; the container's or unit's own name; of a
    container that a unit runs, the service that is the unit. A name that no inventory could have is left out, whoever
    made it up.
    """
    seen = standing(sightings)
    names = _Register(services, seen)
    identified: dict[str, list[Sighting]] = {}
    for kind in (*KINDS, None):
        # A unit that only happens to have the name of a service's container is not the service, unless it runs it.
        taken = {name: {unit for member in members for unit in member.part_of} for name, members in identified.items()}
        for sighting in seen:
            if kind_of(sighting.source) is not kind:
                continue
            guessed = (name for name in names.guessed(sighting) if name not in taken or sighting.name in taken[name])
            for name in names.said(sighting) or guessed:
                identified.setdefault(name, []).append(sighting)
    ambiguous = {name: names.stacks[name] for name in names.bare & names.stacks.keys() - identified.keys()}
    return Identified({name: tuple(identified[name]) for name in sorted(identified)}, ambiguous)


class _Register:
    """What can be called how: the inventory's services, and what was seen beside one another."""

    def __init__(self, services: Mapping[str, DesiredService], seen: Sequence[Sighting]) -> None:
        self._services = services
        self._seen = frozenset(sighting.name for sighting in seen)
        self._said: dict[tuple[str, str], list[str]] = {}
        for name, service in sorted(services.items()):
            for kind in KINDS:
                if (thing := named(service, kind)) is not None:
                    self._said.setdefault((kind.key, thing), []).append(name)
        naming = {name for names in self._said.values() for name in names}
        self.bare = frozenset(services.keys() - naming)
        """The services that name neither a container nor a unit: one that does is that, and nothing else."""
        candidates = {
            (sighting.service, full)
            for sighting in seen
            if sighting.stack and not self.said(sighting) and (full := _full(sighting)) not in self.bare
        }
        count = Counter(service for service, _ in candidates)
        self._alone = frozenset(service for service, stacks in count.items() if stacks == 1)
        several: dict[str, list[str]] = {}
        for bare, full in sorted(candidates):
            if count[bare] > 1:
                several.setdefault(bare, []).append(full)
        self.stacks: Mapping[str, tuple[str, ...]] = {bare: tuple(stacks) for bare, stacks in several.items()}
        """Services that several stacks have, none of which the inventory names in full."""

    def said(self, sighting: Sighting) -> list[str]:
        """The services that name this sighting by the key of its kind."""
        kind = kind_of(sighting.source)
        if kind is None:
            return []
        spellings = (sighting.name, *sighting.also)
        return [name for spelling in spellings for name in self._said.get((kind.key, spelling), ())]

    def guessed(self, sighting: Sighting) -> list[str]:
        """The services that go by one of its names, the surest that there are, or its own name."""
        full = _full(sighting)
        alone = not sighting.stack or sighting.service in self._alone
        for level in ([full], [sighting.service] if alone else [], [sighting.name, *sighting.also]):
            if names := [name for name in level if name in self.bare]:
                return names
        if names := self._of_its_unit(sighting):
            return names
        return [name for name in (full, sighting.name) if name_fault(name) is None and self._is_free(name, sighting)][
            :1
        ]

    def _of_its_unit(self, sighting: Sighting) -> list[str]:
        """The services that are the unit by which a container is run; else the unit's own name, where it was seen."""
        said = (self._said.get((kind.key, unit), ()) for kind in KINDS for unit in sighting.part_of)
        services = [name for names in said for name in names]
        services += [unit for unit in sighting.part_of if unit in self.bare]
        return services or [unit for unit in sighting.part_of if unit in self._seen and unit not in self._services]

    def _is_free(self, name: str, sighting: Sighting) -> bool:
        """May it have this name? Not beside a service of the inventory that is something else.

        Where the service names a unit, a container of its name is most likely what that unit starts: they are together.
        """
        naming = [kind for kind in KINDS if name in self._services and named(self._services[name], kind) is not None]
        kind = kind_of(sighting.source)
        return not naming or (kind is not None and KINDS.index(kind) < min(map(KINDS.index, naming)))


def _full(sighting: Sighting) -> str:
    return f"{sighting.stack}/{sighting.service}" if sighting.stack else sighting.service

"""What a draft is: the services of a node, why each is drafted as it is, and what could not be told.

A draft that guesses without a word would be believed: every guess has its reason here, and its note in the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum


class OneshotReason(StrEnum):
    """Why a service is drafted as a oneshot; the words read on after its name."""

    WAITED_FOR = "is waited for until it completes"
    COMPLETED = "is completed"
    NO_RESTART = 'has restart: "no"'
    NO_RESTART_POLICY = "has a deploy.restart_policy that never restarts it"
    UNIT = "is a unit of Type=oneshot"
    TIMER = "is started by a timer"
    PROFILE = "is in a profile and nothing restarts it"


class DisabledReason(StrEnum):
    """Why a service is drafted with ``enabled: false``; the words read on after its name."""

    PROFILE = "is in a profile"
    NO_REPLICAS = "has no replicas"


_CERTAIN = (OneshotReason.WAITED_FOR,)


@dataclass(frozen=True, slots=True)
class DraftService:
    """One service. ``container`` is the name that its container bears and ``unit`` its unit, where those were given.

    ``running``: it was seen to run.
    """

    name: str
    image: str | None = None
    container: str | None = None
    unit: str | None = None
    depends_on: tuple[str, ...] = ()
    oneshot: OneshotReason | None = None
    disabled: DisabledReason | None = None
    running: bool = False

    @property
    def notes(self) -> Iterator[str]:
        """Each guess in words."""
        if self.oneshot is OneshotReason.NO_RESTART and self.running:
            yield f"{self.name} {self.oneshot}, so it is taken for a oneshot; it runs: is it to run always?"
        elif self.oneshot is not None and self.oneshot not in _CERTAIN:
            yield f"{self.name} {self.oneshot}, so it is taken for a oneshot"
        if self.disabled is not None:
            yield f"{self.name} {self.disabled}, so it is not expected (enabled: false)"


@dataclass(frozen=True, slots=True)
class Draft:
    """The services of one node, sorted by name, and what could not be told of them."""

    services: tuple[DraftService, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything that the reader of the draft should know."""
        return (*self.remarks, *(note for service in self.services for note in service.notes))


def join(drafts: Iterable[Draft]) -> Draft:
    """Drafts of one node as one: of a service in several, what either knows; the earlier draft's word comes first."""
    services: dict[str, DraftService] = {}
    remarks: list[str] = []
    for draft in drafts:
        remarks += draft.remarks
        for service in draft.services:
            known = services.get(service.name)
            services[service.name] = service if known is None else _joined(known, service, remarks)
    return Draft(tuple(services[name] for name in sorted(services)), tuple(dict.fromkeys(remarks)))


def _joined(first: DraftService, second: DraftService, remarks: list[str]) -> DraftService:
    both = replace(
        first,
        image=first.image if first.image is not None else second.image,
        container=first.container if first.container is not None else second.container,
        unit=first.unit if first.unit is not None else second.unit,
        depends_on=tuple(sorted({*first.depends_on, *second.depends_on})),
        oneshot=first.oneshot or second.oneshot,
        disabled=first.disabled or second.disabled,
        running=first.running or second.running,
    )
    if not both.running:
        return both
    # Somebody started it: what was guessed from the files alone does not hold.
    for guess in (both.disabled, both.oneshot):
        if isinstance(guess, DisabledReason):
            remarks.append(f"{both.name} {guess}, and it runs")
            both = replace(both, disabled=None)
        elif guess is OneshotReason.PROFILE:
            remarks.append(f"{both.name} {DisabledReason.PROFILE}, and it runs")
            both = replace(both, oneshot=None)
    return both

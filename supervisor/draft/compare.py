"""What a draft has and the inventory has not. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from supervisor.core.model.desired import DesiredNode, DesiredService
from supervisor.core.text import printable
from supervisor.draft.services import Draft, DraftService


class Lack(NamedTuple):
    """What the inventory lacks of ``service``: the whole of it, or where ``depends_on`` is set these dependencies."""

    service: DraftService
    depends_on: tuple[str, ...] = ()


def lacks(draft: Draft, node: DesiredNode | None) -> Iterator[Lack]:
    """What ``node`` lacks of the draft, sorted by name; None is a node without a file.

    A service is there if one has its name, its container or its unit. What the draft does not expect is not lacking.
    """
    declared = list(node.services.values()) if node is not None else []
    by_name = {service.name: service for service in declared}
    broken = node.broken if node is not None else frozenset()
    claims = {
        claim: service for service in declared for claim in (service.container, service.unit) if claim is not None
    }
    for drafted in draft.services:
        if drafted.name in broken:
            continue
        there = by_name.get(drafted.name) or claims.get(drafted.container or "") or claims.get(drafted.unit or "")
        if there is None:
            if drafted.disabled is None:
                yield Lack(drafted)
        elif missing := tuple(name for name in drafted.depends_on if not _names(there, name)):
            yield Lack(drafted, missing)


def missing_services(draft: Draft, node: DesiredNode | None) -> tuple[DraftService, ...]:
    """The services that the inventory lacks wholly, those that are not expected too: a file may say so of them."""
    names = {lack.service.name for lack in lacks(draft, node) if not lack.depends_on}
    known = node.services if node is not None else {}
    return tuple(
        service
        for service in draft.services
        if service.name in names or (service.disabled is not None and service.name not in known)
    )


def _names(service: DesiredService, dependency: str) -> bool:
    """Whether one of its dependencies is written as this name, or as one of its stack or node."""
    return any(mention.text == dependency or mention.text.endswith(f"/{dependency}") for mention in service.depends_on)


def lack_json(node: str, lack: Lack) -> dict[str, Any]:
    """What is lacking, for programs: what it is, and for a service as much as the source knows of it."""
    subject = f"service:{node}/{lack.service.name}"
    if lack.depends_on:
        return {"subject": subject, "lacks": "depends_on", "depends_on": list(lack.depends_on)}
    return {
        "subject": subject,
        "lacks": "service",
        "image": lack.service.image,
        "container": lack.service.container,
        "unit": lack.service.unit,
        "depends_on": list(lack.service.depends_on),
        "oneshot": lack.service.oneshot is not None,
    }


def lack_line(node: str, lack: Lack) -> str:
    """What is lacking, for people."""
    subject = f"service:{node}/{lack.service.name}"
    if lack.depends_on:
        return f"{printable(subject)}: depends_on lacks {printable(', '.join(lack.depends_on))}"
    facts = [f"image {lack.service.image}" if lack.service.image else None, "oneshot" if lack.service.oneshot else None]
    known = printable(", ".join(fact for fact in facts if fact))
    return f"{printable(subject)}: is not in the inventory{f' ({known})' if known else ''}"

"""A first inventory, drafted from what runs or from compose files; people go on from there.

What cannot be told from the source is said in ``notes`` and left out: a draft that guesses would be believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from supervisor.core.instant import format_instant
from supervisor.core.model.actual import Actual
from supervisor.core.model.statuses import ServiceWord
from supervisor.core.text import printable
from supervisor.errors import DraftError

_PLAIN = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_./@+-]*")
_QUOTED = '"' + chr(92)
_RESERVED = re.compile(r"null|true|false|[-+.0-9][0-9_.eE+-]*|0[xo].*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DraftService:
    """One service; ``container`` is the name that its container bears, where that was given."""

    name: str
    image: str | None = None
    container: str | None = None
    depends_on: tuple[str, ...] = ()
    oneshot: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """The services of one node, sorted by name, and what could not be told."""

    services: tuple[DraftService, ...] = ()
    notes: tuple[str, ...] = field(default=())


def draft_from_world(actual: Actual, node: str) -> Draft:
    """What the world reports of a node. DraftError when it reports no service of it."""
    facts = actual.facts(node)
    reports, services, notes = facts.services, [], []
    lost = _lost(actual, node)
    if lost:
        notes.append(f"{lost} cannot be used: what they say is not in here")
    if facts.newest is not None:
        notes.append(f"this is what was seen at {format_instant(facts.newest.observed_at)}")
    for name in sorted(reports):
        word = reports[name].word
        if word is ServiceWord.ABSENT:
            continue
        completed = word is ServiceWord.COMPLETED
        if completed:
            notes.append(f"{name} is completed, so it is taken for a oneshot")
        elif word is not ServiceWord.WELL:
            notes.append(f"{name} is {reports[name].status!r} just now: is it to be there at all?")
        services.append(DraftService(name, oneshot=completed))
    if not services:
        known = ", ".join(sorted(name for name, facts in actual.nodes.items() if facts.services)) or "none"
        raise DraftError(
            f"cannot draft an inventory: the world reports no service of {node!r}"
            + (f", and {lost} cannot be used" if lost else "")
            + f"; it reports services of: {known}"
        )
    notes.append("which services depend on which, and which are critical, cannot be seen from outside")
    return Draft(tuple(services), tuple(notes))


def _lost(actual: Actual, node: str) -> str:
    """The inputs that cannot be used and may have had services of the node, as a list for people."""
    unusable = [one.ref for one in actual.unreadable if one.node in (None, node)]
    return ", ".join(sorted(ref.path for ref in [*unusable, *([actual.folder.ref] if actual.folder else [])]))


def join(drafts: Iterable[Draft]) -> Draft:
    """Drafts of one node as one; of services that are in several the earlier draft's holds."""
    services: dict[str, DraftService] = {}
    notes: list[str] = []
    for draft in drafts:
        for service in draft.services:
            services.setdefault(service.name, service)
        notes += draft.notes
    return Draft(tuple(services[name] for name in sorted(services)), tuple(dict.fromkeys(notes)))


def draft_text(draft: Draft, origin: str) -> str:
    """The draft as the text of a ``services.yaml``."""
    lines = [f"# A first inventory, drafted from {printable(origin)}. It is yours now: change it as you like."]
    # A note may quote a file, and a line break in it would end the comment.
    lines += [f"# - {printable(note)}" for note in draft.notes]
    lines.append("services:")
    for service in draft.services:
        fields = []
        if service.image is not None:
            fields.append(f"image: {_scalar(service.image)}")
        if service.container is not None:
            fields.append(f"container: {_scalar(service.container)}")
        if service.depends_on:
            fields.append(f"depends_on: [{', '.join(_scalar(name) for name in service.depends_on)}]")
        if service.oneshot:
            fields.append("oneshot: true")
        if not service.enabled:
            fields.append("enabled: false")
        lines.append(f"  {_scalar(service.name)}:")
        lines += [f"    {text}" for text in fields]
    return "\n".join(lines) + ("" if draft.services else " {}") + "\n"


def _scalar(text: str) -> str:
    """A text as YAML that reads as just that text, here and in tools that go by YAML 1.1."""
    if _PLAIN.fullmatch(text) and not _RESERVED.fullmatch(text):
        return text
    return f'"{"".join(c if c.isprintable() and c not in _QUOTED else f"{chr(92)}U{ord(c):08x}" for c in text)}"'

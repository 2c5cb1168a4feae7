"""A draft as the text of a ``services.yaml``; people go on from there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from supervisor.core.text import printable
from supervisor.draft.services import Draft, DraftService

_ADDRESS = (
    "# node: {address: NAME:22}   # where other machines reach this node; without it, its death shows as unobserved"
)
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*")
_WORDS_OF_YAML = frozenset(("null", "true", "false", "y", "n", "yes", "no", "on", "off"))
"""What YAML 1.1 or 1.2 takes for a boolean or for nothing, in some case. All else that either reads as something other
than text (numbers, dates, ``~``, ``=``, ``<<``) does not begin with a letter, ``_`` or ``/``."""


def draft_text(draft: Draft, origin: str) -> str:
    """The draft as the text of a ``services.yaml``."""
    lines = [f"# A first inventory, drafted from {printable(origin)}. It is yours now: change it as you like."]
    # A note may quote a file, and a line break in it would end the comment.
    lines += [f"# - {printable(note)}" for note in draft.notes]
    lines.append(_ADDRESS)
    lines.append("services:" + ("" if draft.services else " {}"))
    for service in draft.services:
        lines.append(f"  {scalar(service.name)}:")
        lines += [f"    {field}" for field in fields_of(service)]
    return "\n".join(lines) + "\n"


def fields_of(service: DraftService) -> Iterator[str]:
    """The fields of a service, a line each."""
    for key, value in (("image", service.image), ("container", service.container), ("unit", service.unit)):
        if value is not None:
            yield f"{key}: {scalar(value)}"
    if service.depends_on:
        yield f"depends_on: [{', '.join(scalar(name) for name in service.depends_on)}]"
    if service.oneshot is not None:
        yield "oneshot: true"
    if service.disabled is not None:
        yield "enabled: false"


def scalar(text: str) -> str:
    """A text as YAML that reads as just that text, here (YAML 1.2) and in tools that go by YAML 1.1."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML:
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"

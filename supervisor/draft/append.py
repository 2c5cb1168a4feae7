"""Services added to a ``services.yaml`` that people wrote: only new lines, nothing of theirs is touched. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from supervisor.core.text import printable
from supervisor.draft.services import DraftService
from supervisor.draft.write import fields_of, scalar
from supervisor.errors import DraftError, InputError
from supervisor.files import yamltree
from supervisor.files.yamlplain import plain

_EMPTY = re.compile(r"(?:\{\s*\}|\[\s*\]|~|null)(?=\s|$)", re.IGNORECASE)


def appended(text: str, services: Sequence[DraftService], origin: str) -> str:
    """``text`` with the services at the end of its own. DraftError, with what to do, where that cannot be done."""
    try:
        tree = yamltree.parse(text)
    except InputError as error:
        raise _refused(f"it {error.message} (line {error.line})") from error
    if tree is not None and not isinstance(tree, yamltree.Mapping):
        raise _refused("it is not a mapping")
    new = _with(text, tree, services, origin)
    _prove(text, new, services)
    return new


def _with(text: str, tree: yamltree.Mapping | None, services: Sequence[DraftService], origin: str) -> str:
    lines = text.splitlines()
    pair = tree.get("services") if tree is not None else None
    if tree is not None and tree.start.flow_style:
        raise _refused("it is written in one line")
    if pair is None:
        return "\n".join([*lines, "services:", *_block(services, origin, 2, as_list=False)]) + "\n"
    value = pair.value
    if isinstance(value, yamltree.Scalar) or not value.raw:
        line = lines[value.line - 1]
        if empty := _EMPTY.match(line, value.column - 1):
            lines[value.line - 1] = (line[: empty.start()].rstrip() + line[empty.end() :]).rstrip()
        at, indent, as_list = max(pair.key.line, value.line if empty else 0), 2, False
    else:
        if value.start.flow_style:
            raise _refused("its services are written in one line")
        indent, as_list = _indent(value), isinstance(value, yamltree.Sequence)
        at = _end(lines, tree, pair.key.line, indent)
    return "\n".join([*lines[:at], *_block(services, origin, indent, as_list=as_list), *lines[at:]]) + "\n"


def _indent(value: yamltree.Sequence | yamltree.Mapping) -> int:
    if isinstance(value, yamltree.Sequence):
        return value.column - 1
    return min(pair.key.column for _, pair in value.items() if not pair.merged) - 1


def _end(lines: Sequence[str], tree: yamltree.Mapping | None, begin: int, indent: int) -> int:
    """After how many lines the services end: before the next key of the file, and before what introduces that."""
    keys = [pair.key.line for _, pair in tree.items() if pair.key.line > begin] if tree is not None else []
    end = min(keys) - 1 if keys else len(lines)
    while end > begin and (
        not lines[end - 1].strip()
        or lines[end - 1].startswith(("---", "..."))
        or (
            lines[end - 1].lstrip().startswith("#")
            and len(lines[end - 1]) - len(lines[end - 1].lstrip()) < max(indent, 1)
        )
    ):
        end -= 1
    return end


def _block(services: Sequence[DraftService], origin: str, indent: int, *, as_list: bool) -> list[str]:
    margin = " " * indent
    lines = [f"{margin}# added from {printable(origin)}"]
    for service in services:
        lines += [f"{margin}# - {printable(note)}" for note in service.notes]
        lines.append(f"{margin}- name: {scalar(service.name)}" if as_list else f"{margin}{scalar(service.name)}:")
        lines += [f"{margin}  {field}" for field in fields_of(service)]
    return lines


def _prove(text: str, new: str, services: Sequence[DraftService]) -> None:
    """That all is as it was, and that what was added is there."""
    before, after = _services(text), _services(new)
    if {name: after.get(name) for name in before} != before or after.keys() != before.keys() | {
        service.name for service in services
    }:
        raise _refused("its shape is not understood well enough")


def _services(text: str) -> dict[str, object]:
    try:
        tree = yamltree.parse(text)
    except InputError as error:
        raise _refused("its shape is not understood well enough") from error
    values = plain(tree) if tree is not None else {}
    services = values.get("services")
    others = {f"/{key}": value for key, value in values.items() if key != "services"}
    if isinstance(services, list):
        named = {str(item.get("name") if isinstance(item, dict) else item): item for item in services}
    else:
        named = dict(services or {}) if isinstance(services, dict | None) else {"": services}
    return {**others, **named}


def _refused(why: str) -> DraftError:
    return DraftError(f"cannot add to the inventory: {why}; --dry-run prints what to add by hand")

"""Typed values out of a services.yaml; each fault is a SchemaError with its place."""

from __future__ import annotations

from typing import TypeGuard

from supervisor.core.instant import Duration, parse_duration
from supervisor.core.model.desired import Mention
from supervisor.errors import SchemaError
from supervisor.files.names import NAME_LIMIT, name_fault, shared
from supervisor.files.yamltree import Mapping, Node, Pair, Scalar, Sequence, first_duplicate, is_null, node_of, placed


def mapping_of(value: Node, pointer: str, *what: str) -> Mapping:
    if not isinstance(value, Mapping):
        raise wrong(value, pointer, f"{_called(*what)} must be a mapping or nothing, not {kind(value)}")
    twice = first_duplicate(value) if value.doubled else None
    if twice is not None:
        raise duplicate(twice, pointer)
    return value


def _called(what: str, name: str | None = None) -> str:
    return what if name is None else f"{what} {name!r}"


def flag(part: Mapping, name: str, pointer: str) -> bool:
    entry = part[name]
    value = entry.value.value if isinstance(entry.value, Scalar) else None
    if not isinstance(value, bool):
        raise wrong(entry.value, f"{pointer}/{name}", f"{name} must be true or false, not {kind(entry.value)}")
    return value


def duration(part: Mapping, name: str, pointer: str, *, at_least: Duration = 0) -> Duration:
    """A duration such as ``26h``, in nanoseconds."""
    value = part[name].value
    if not isinstance(value, Scalar) or value.value is None:
        raise wrong(value, f"{pointer}/{name}", f"{name} must be a duration such as 30s, 5m or 26h, not {kind(value)}")
    try:
        length = parse_duration(value.text)
    except ValueError as error:
        raise wrong(value, f"{pointer}/{name}", f"{name}: {error}") from None
    if length < at_least:
        raise wrong(value, f"{pointer}/{name}", f"{name} must be longer than 0s")
    return length


def mentions(part: Mapping, name: str, pointer: str, *, mapping: bool) -> tuple[Mention, ...]:
    """A list of names, or (where ``mapping``) a mapping with the names as keys."""
    value = part.raw[name][1]
    if type(value) is Sequence:
        items = value.raw
    elif mapping and type(value) is Mapping:
        items = [key for key, _, _ in value.raw.values()]
    elif is_null(value):
        return ()
    else:
        node = node_of(value)
        wanted = "a list of names or a mapping with names as keys" if mapping else "a list of names"
        raise wrong(node, f"{pointer}/{name}", f"{name} must be {wanted}, not {kind(node)}")
    named: dict[str, Mention] = {}
    for index, item in enumerate(items):
        scalar = placed(item)
        if scalar is None:
            node, where = node_of(item), f"{pointer}/{name}/{index}"
            raise wrong(node, where, f"{name} must name services or nodes, not {kind(node)}")
        text, line, column = scalar
        if text in named:
            continue
        fault = name_fault(text)
        if fault is not None:
            raise wrong(node_of(item), f"{pointer}/{name}/{index}", f"{name}: {fault}")
        named[text] = Mention(shared(text), line, column)
    return tuple(named.values())


def free_text(part: Mapping, name: str) -> str | None:
    """A key for observers, None where it is not text: that costs nothing of the judgement."""
    value = part[name].value
    return value.text if _is_text(value) else None


def free_texts(part: Mapping, name: str) -> tuple[str, ...]:
    """Likewise a text or a list of texts."""
    entry = part.get(name)
    values = [] if entry is None else entry.value.items if isinstance(entry.value, Sequence) else [entry.value]
    return tuple(value.text for value in values if _is_text(value))


def _is_text(value: Node) -> TypeGuard[Scalar]:
    return isinstance(value, Scalar) and value.value is not None and 0 < len(value.text) <= NAME_LIMIT


def kind(value: Node) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence):
        return "a list"
    if value.value is None:
        return "nothing"
    if isinstance(value.value, str):
        return f"the text {value.text[:40]!r}"
    return value.text[:40]


def wrong(value: Node, pointer: str, message: str) -> SchemaError:
    return SchemaError(message, pointer, value.line, value.column)


def duplicate(entry: Pair, pointer: str) -> SchemaError:
    return SchemaError(f"duplicate key {entry.key.text[:80]!r}", pointer, entry.key.line, entry.key.column)

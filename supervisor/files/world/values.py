"""Typed values out of a world document; each fault is a SchemaError with a JSON pointer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from sys import intern
from typing import Any

from supervisor.core.instant import Instant, parse_instant
from supervisor.errors import SchemaError
from supervisor.files.pointers import pointer_below, pointer_of


def named(value: Any, pointer: str, what: str, fault: Callable[[str], str | None]) -> Iterator[tuple[str, str, Any]]:
    """(name, pointer, entry) of an object by name, or of a list of objects with ``name``."""
    if value is None:
        return
    if isinstance(value, dict):
        for name, entry in value.items():
            wrong = fault(name)
            if wrong is not None:
                raise SchemaError(wrong, pointer_below(pointer, name))
            yield name, pointer_of(pointer, name), entry
    elif isinstance(value, list):
        for position, entry in enumerate(value):
            below = f"{pointer}/{position}"
            name = text_of(object_of(entry, below, f"an entry of {what}"), "name", below)
            yield legal_name(name, fault, f"{below}/name"), below, entry
    else:
        raise SchemaError(f"{what} must be an object or a list, not {kind(value)}", pointer)


def identified(value: Any, pointer: str, what: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(id, pointer, entry) of a list of objects with ``id``."""
    if value is None:
        return
    if not isinstance(value, list):
        raise SchemaError(f"{what} must be a list, not {kind(value)}", pointer)
    seen: set[str] = set()
    for position, item in enumerate(value):
        below = f"{pointer}/{position}"
        entry = object_of(item, below, f"an entry of {what}")
        ident = text_of(entry, "id", below)
        if len(ident) > 200 or not ident.isprintable() or ident != ident.strip():
            raise SchemaError(f"the id {ascii(ident)[:80]} is too long or cannot be printed", f"{below}/id")
        if ident in seen:
            raise SchemaError(f"duplicate id {ident!r}", f"{below}/id")
        seen.add(ident)
        yield ident, below, entry


def object_of(value: Any, pointer: str, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SchemaError(f"{what} must be an object, not {kind(value)}", pointer)
    return value


def text_of(entry: dict[str, Any], key: str, pointer: str) -> str:
    value = entry.get(key)
    if isinstance(value, str) and value:
        return value
    if key not in entry:
        raise SchemaError(f"{key} is missing", pointer)
    raise SchemaError(f"{key} must be text, not {kind(value)}", f"{pointer}/{key}")


def optional_text(entry: dict[str, Any], key: str, pointer: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise SchemaError(f"{key} must be text, not {kind(value)}", f"{pointer}/{key}")
    return value


def legal_name(text: str, fault: Callable[[str], str | None], pointer: str) -> str:
    wrong = fault(text)
    if wrong is not None:
        raise SchemaError(wrong, pointer)
    return text


def time_of(entry: dict[str, Any], key: str, above: str) -> Instant:
    value = entry.get(key)
    try:
        if isinstance(value, str):
            return _instant(value) if len(value) <= _USUAL_TIME else parse_instant(value)
        fault = f"{key} must be a time, not {kind(value)}"
    except ValueError as error:
        fault = str(error)
    raise SchemaError(fault, f"{above}/{key}" if key in entry else above)


def usual(word: str) -> str:
    """The same few words, each as one object."""
    return intern(word) if len(word) <= _USUAL_WORD else word


_USUAL_WORD = 20
_USUAL_TIME = 40
# The same times are met again and again, in one document and in its next versions.
_instant = lru_cache(maxsize=1 << 12)(parse_instant)


def kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if value == "":
        return "an empty text"
    if isinstance(value, bool):
        return "true" if value else "false"
    names = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}
    return names.get(type(value), "something else")

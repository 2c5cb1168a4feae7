"""Strict JSON: duplicate keys, NaN and lone surrogates, which the standard library lets through, are refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from supervisor.core.text import place_in
from supervisor.errors import MalformedError
from supervisor.files.yamltree import escape

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|\n')
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _RefusedError(ValueError):
    pass


def parse(text: str) -> Any:
    """The value of a JSON text. MalformedError says what is wrong and where."""
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
        )
        if _SURROGATE.search(text) and _has_lone_surrogate(value):
            raise MalformedError("is no JSON: a \\u escape is half of a surrogate pair")
    except json.JSONDecodeError as error:
        raise MalformedError(f"is no JSON: {error.msg}", error.lineno, error.colno) from None
    except _RefusedError as error:
        line, column = _place_of_refused(text, *error.args)
        raise MalformedError(f"is no JSON: {_MESSAGES[error.args[0]].format(error.args[1])}", line, column) from None
    except RecursionError:
        raise MalformedError("is nested too deeply") from None
    return value


def index(text: str) -> dict[str, tuple[int, int]]:
    """JSON pointer -> 1-based line and column of each value; for an object or array below a key, those of the key."""
    return {pointer: place for pointer, place, _ in _walk(text)}


_MESSAGES = {
    "key": "duplicate key {!r}",
    "constant": "{} is no JSON number",
    "float": "the number {} is out of range",
    "int": "the number {} is too long",
}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _RefusedError("key", key)
            seen.add(key)
    return value


def _constant(name: str) -> NoReturn:
    raise _RefusedError("constant", name)


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _RefusedError("float", digits[:40])
    return value


def _int(digits: str) -> int:
    if len(digits) > 400:
        raise _RefusedError("int", digits[:40] + "…")
    return int(digits)


def _has_lone_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _place_of_refused(text: str, kind: str, what: str) -> tuple[int | None, int | None]:
    """Where the refused token stands: looked for only now, because it hardly ever happens."""
    if kind == "key":
        seen: set[str] = set()
        for pointer, _, key_place in _walk(text):
            if pointer in seen and pointer.rpartition("/")[2] == escape(what):
                return key_place
            seen.add(pointer)
        return None, None
    for match in _TOKEN.finditer(text):
        if match.group().startswith(what.rstrip("…")):
            return place_in(text, match.start())
    return None, None


Place = tuple[int, int]


def _walk(text: str) -> Iterator[tuple[str, Place, Place]]:
    """(pointer, place, place of its key) of each value of a JSON text that is known to be well-formed, in order.

    The place of an object or array below a key is the key's.
    """
    line, line_start = 1, 0
    pointers: list[str] = []
    positions: list[int | None] = []
    expected: str | None = ""
    key: Place | None = None
    for match in _TOKEN.finditer(text):
        token = match.group()
        first = token[0]
        if first == "\n":
            line, line_start = line + 1, match.end()
            continue
        here = (line, match.start() - line_start + 1)
        if first == ",":
            position = positions[-1]
            if position is not None:
                positions[-1] = position + 1
                expected = f"{pointers[-1]}/{position + 1}"
        elif first in "}]":
            pointers.pop()
            positions.pop()
            expected = None
        elif first == ":":
            continue
        elif expected is None:
            # Inside an object, where no value is expected: this is a key.
            name = json.loads(token) if "\\" in token else token[1:-1]
            expected, key = f"{pointers[-1]}/{escape(name)}", here
        else:
            pointer, expected = expected, None
            if first in "{[":
                yield pointer, key or here, key or here
                pointers.append(pointer)
                positions.append(0 if first == "[" else None)
                expected = f"{pointer}/0" if first == "[" else None
            else:
                yield pointer, here, key or here
            key = None

"""Strict JSON: duplicate keys, NaN and lone surrogates, which the standard library lets through, are refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn, cast

from supervisor.core.text import place_in, quoted
from supervisor.errors import MalformedError
from supervisor.files.pointers import parts

MAX_DEPTH = 500
"""What is deeper is refused: how deep the standard library goes depends on its version and on who calls it."""

# Possessive (*+, ++): what might have to be matched otherwise is not kept, which for a long text is much.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]++|\n')
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _RefusedError(ValueError):
    pass


def parse(text: str) -> Any:
    """The value of a JSON text. MalformedError says what is wrong and where."""
    try:
        value = _STRICT.decode(text)
        if "\\u" in text and _SURROGATE.search(text) and _has_lone_surrogate(value):
            raise MalformedError("is not JSON: a \\u escape is half of a surrogate pair")
    except json.JSONDecodeError as error:
        raise MalformedError(f"is not JSON: {error.msg}", error.lineno, error.colno) from None
    except _RefusedError as error:
        line, column = _place_of_refused(text, *error.args)
        raise MalformedError(f"is not JSON: {_message(*error.args)}", line, column) from None
    except RecursionError:
        raise MalformedError("is nested too deeply") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deeper(value, MAX_DEPTH):
        raise MalformedError("is nested too deeply")
    return value


def _is_deeper(value: Any, limit: int) -> bool:
    """Whether there are more than ``limit`` objects and arrays in one another."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return False
    return bool(level)


class Places:
    """1-based line and column of a value, and those of the values in it; an object or array below a key is at the key.

    As a tree, because pointers to everything in a document may be much longer than the document.
    """

    __slots__ = ("below", "column", "line")

    def __init__(self, line: int, column: int, below: dict[str, Places] | list[Places] | None = None) -> None:
        self.line = line
        self.column = column
        self.below = below

    def at(self, pointer: str) -> tuple[int, int] | None:
        """The place of a JSON pointer, if there is such a value."""
        here = self
        for part in parts(pointer):
            if isinstance(here.below, dict) and part in here.below:
                here = here.below[part]
            elif isinstance(here.below, list) and part.isdecimal() and int(part) < len(here.below):
                here = here.below[int(part)]
            else:
                return None
        return here.line, here.column


def index(text: str) -> Places:
    """The places of all values of a JSON text that is known to be well-formed."""
    return _walk(text)


def place(text: str, pointer: str) -> tuple[int, int] | None:
    """One place of the index, without making it."""
    offsets = _offsets(text, pointer)
    if offsets is None:
        return None
    key, here = offsets
    return place_in(text, key if text[here] in "{[" else here)


def value(text: str, pointer: str) -> Any:
    """One value of a JSON text that is known to be well-formed; None where there is no such value."""
    offsets = _offsets(text, pointer)
    return None if offsets is None else _SCAN(text, offsets[1])[0]


def _offsets(text: str, pointer: str) -> tuple[int, int] | None:
    """Where a value's key and the value itself begin; values that are not on the way are stepped over."""
    here = key = _blanks(text, 0).end()
    for part in parts(pointer):
        kind = text[here]
        here = _blanks(text, here + 1).end()
        left = int(part) if kind == "[" and part.isdecimal() else 0
        if kind not in "{[" or (kind == "[" and not part.isdecimal()):
            return None
        while text[here] not in "}]":
            key, name = here, part
            if kind == "{":
                name, here = _SCAN(text, here)
                here = _colon(text, here).end()
            if name == part and not left:
                break
            left -= kind == "["
            _, here = _SCAN(text, here)
            here = _comma(text, here).end()
        else:
            return None
    return key, here


_SCAN: Callable[[str, int], tuple[Any, int]] = vars(json.JSONDecoder())["scan_once"]
"""The value that begins at an offset, and the offset behind it."""

_Matcher = Callable[[str, int], re.Match[str]]
# What always matches, in a text that is well-formed.
_blanks = cast(_Matcher, re.compile(r"[ \t\n\r]*+").match)
_colon = cast(_Matcher, re.compile(r"[ \t\n\r]*+:[ \t\n\r]*+").match)
_comma = cast(_Matcher, re.compile(r"[ \t\n\r]*+(?:,[ \t\n\r]*+)?").match)


_MESSAGES = {
    "key": "duplicate key {}",
    "constant": "{} is not a JSON number",
    "float": "the number {} is out of range",
    "int": "the number {} is too long",
}


def _message(kind: str, what: str) -> str:
    return _MESSAGES[kind].format(quoted(what) if kind == "key" else what)


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


_STRICT = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int)


def _has_lone_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _place_of_refused(text: str, kind: str, what: str) -> tuple[int | None, int | None]:
    """Where the refused token stands: looked for only now, because it hardly ever happens."""
    if kind == "key":
        key = _walk(text, what)
        return key.line, key.column
    for match in _TOKEN.finditer(text):
        if match.group().startswith(what.rstrip("…")):
            return place_in(text, match.start())
    return None, None


def _walk(text: str, twice: str | None = None) -> Places:
    """The tree of all places; or the first key ``twice`` that its object has already."""
    line, line_start = 1, 0
    values: list[Places] = []
    above = [Places(0, 0, values)]
    key: tuple[str, Places] | None = None
    for match in _TOKEN.finditer(text):
        token = match.group()
        first = token[0]
        if first == "\n":
            line, line_start = line + 1, match.end()
            continue
        if first in ",:":
            continue
        if first in "}]":
            above.pop()
            continue
        here = Places(line, match.start() - line_start + 1)
        below = above[-1].below
        if isinstance(below, dict) and key is None:
            # Inside an object, where no value is expected.
            name = json.loads(token) if "\\" in token else token[1:-1]
            if name == twice and name in below:
                return here
            key = (name, here)
            continue
        if first in "{[":
            here = here if key is None else key[1]
            here.below = {} if first == "{" else []
            above.append(here)
        if isinstance(below, list):
            below.append(here)
        elif below is not None and key is not None:
            below[key[0]] = here
            key = None
    return values[0]

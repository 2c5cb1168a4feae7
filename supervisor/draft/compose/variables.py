"""Variables in compose files, and the ``.env`` beside them that sets some. Pure: text in, text out."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS = re.compile(r":?[-+?]")
_LINE = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)[ \t]*[=:][ \t]*
        (?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<bare>[^\r\n]*))""",
    re.MULTILINE | re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_DEEPEST = 16


class UnknownVariableError(Exception):
    """Nothing gives a variable a value; the message is its name."""


def interpolate(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its variables filled in, as compose does it: ``$A ${A} ${A:-default} ${A:+other} $$``.

    UnknownVariableError for a variable that has neither a value nor a default: compose would take it for empty.
    """
    return _interpolated(text, values, 0)


def fill(text: str, values: Mapping[str, str]) -> str | None:
    """Like ``interpolate``; None where nothing gives a variable a value."""
    try:
        return interpolate(text, values)
    except UnknownVariableError:
        return None


def _interpolated(text: str, values: Mapping[str, str], depth: int) -> str:
    parts: list[str] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        parts.append(text[at:dollar])
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            parts.append("$")
            at = dollar + 2
        elif following == "{":
            end = _closing(text, dollar + 1)
            if end is None or depth == _DEEPEST:
                raise UnknownVariableError(text[dollar : dollar + 40])
            parts.append(_braced(text[dollar + 2 : end], values, depth))
            at = end + 1
        elif (name := _NAME.match(text, dollar + 1)) is not None:
            parts.append(_value(name.group(), values))
            at = name.end()
        else:
            parts.append("$")
            at = dollar + 1
    return "".join(parts) + text[at:]


def _closing(text: str, at: int) -> int | None:
    """Where the brace that opens at ``at`` is closed."""
    open_braces = 0
    for position in range(at, len(text)):
        open_braces += {"{": 1, "}": -1}.get(text[position], 0)
        if open_braces == 0:
            return position
    return None


def _braced(inside: str, values: Mapping[str, str], depth: int) -> str:
    name = _NAME.match(inside)
    if name is None:
        raise UnknownVariableError(inside[:40])
    operator = _OPERATORS.match(inside, name.end())
    if operator is None:
        return _value(name.group(), values)
    value = values.get(name.group())
    is_set = bool(value) if operator.group().startswith(":") else value is not None
    other = inside[operator.end() :]
    if operator.group().endswith("+"):
        return _interpolated(other, values, depth + 1) if is_set else ""
    if is_set and value is not None:
        return value
    if operator.group().endswith("?"):
        raise UnknownVariableError(name.group())
    return _interpolated(other, values, depth + 1)


def _value(name: str, values: Mapping[str, str]) -> str:
    if name not in values:
        raise UnknownVariableError(name)
    return values[name]


def parse_env_file(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of a ``.env``: lines of NAME=VALUE, bare, 'as it is' or "with escapes"; later ones see earlier."""
    values: dict[str, str] = {}
    for match in _LINE.finditer(text):
        if match["single"] is not None:
            values[match["name"]] = match["single"]
            continue
        if match["double"] is not None:
            value = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), match["double"])
        else:
            value = re.sub(r"(^|\s)#.*", "", match["bare"]).strip()
        try:
            values[match["name"]] = interpolate(value, {**values, **environ})
        except UnknownVariableError:
            values[match["name"]] = value
    return values

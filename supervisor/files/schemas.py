"""The JSON Schemas (draft-07) of the formats, whole: shared definitions put in, words taken from the code's enums."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from supervisor.core.model.findings import Action, Condition, Severity

Schema = dict[str, Any]

_WORDS = {"condition": Condition, "action": Action, "severity": Severity}


def load_schema(name: str) -> Schema:
    """The schema of ``inventory``, ``world``, ``event``, ``checkpoint``, ``settings`` or ``report``."""
    schema = _read(name)
    own = schema.get("definitions", {})
    if not _named(schema) - own.keys() and not any("extends" in definition for definition in own.values()):
        return schema
    shared = _shared()
    for key, definition in own.items():
        if "extends" in definition:
            own[key] = _extended(shared[definition["extends"]], definition)
    missing = _named(schema) - own.keys()
    while missing:
        own |= {key: shared[key] for key in sorted(missing)}
        missing = _named(schema) - own.keys()
    return schema


def _read(name: str) -> Schema:
    value: Schema = json.loads(files("supervisor").joinpath("schemas", f"{name}.json").read_text("utf-8"))
    return value


def _shared() -> dict[str, Schema]:
    """The shared definitions by name, with the words and the table of the code."""
    shared: dict[str, Schema] = _read("shared")["definitions"]
    for key, words in _WORDS.items():
        shared[key]["enum"] = [word.value for word in words]
    shared["recommendation"]["allOf"] = [_types_of(action) for action in Action]
    return shared


def _types_of(action: Action) -> Schema:
    """An action comes with the event types of its rows only."""
    # Here, because most schemas do without the table.
    from supervisor.core.judge.recommend import ROWS

    types = sorted({row.type.value for row in ROWS if row.action is action})
    return {
        "if": {"required": ["action"], "properties": {"action": {"const": action.value}}},
        "then": {"properties": {"type": {"enum": types}}},
    }


def _extended(base: Schema, definition: Schema) -> Schema:
    """``base`` with what a definition says otherwise, or more of."""
    more = {key: value for key, value in definition.items() if key not in ("extends", "properties", "required")}
    properties = {**base["properties"], **definition.get("properties", {})}
    return {**base, **more, "required": base["required"] + definition.get("required", []), "properties": properties}


def _named(value: Any) -> set[str]:
    """The definitions that a schema refers to."""
    if isinstance(value, list):
        return set().union(*map(_named, value))
    if not isinstance(value, dict):
        return set()
    here = {value["$ref"].removeprefix("#/definitions/")} if isinstance(value.get("$ref"), str) else set()
    return here.union(*map(_named, value.values()))

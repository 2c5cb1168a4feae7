"""What a later compose file, or who extends, makes of a service. Pure, and only for the fields that a draft asks of.

Mappings are joined key by key, lists that add up are appended, all else is replaced; null says nothing.
"""

from __future__ import annotations

from typing import Any

from supervisor.draft.compose.document import Fields, Override, Reset

_LISTS = ("profiles", "links", "volumes_from")


def services_over(base: Fields, more: Fields) -> Fields:
    """The services of a project, with those of a later file over them."""
    joined = dict(base)
    for name, fields in more.items():
        if isinstance(fields, Reset):
            joined.pop(name, None)
        elif isinstance(fields, Override):
            joined[name] = service_over({}, fields.value or {})
        else:
            joined[name] = service_over(joined.get(name, {}), fields)
    return joined


def service_over(base: Fields, more: Fields, *, layer: bool = False) -> Fields:
    """A service, with what is said later over it.

    ``layer``: the result is to go over something else in its turn, so that tags have to stay what they are.
    """
    joined = dict(base)
    for key, value in more.items():
        if isinstance(value, Reset | Override):
            _put(joined, key, value, layer)
        elif key in _LISTS:
            joined[key] = [*as_list(joined.get(key)), *as_list(value)]
        else:
            _put(joined, key, needs(value) if key == "depends_on" else value, layer)
    return joined


def _put(fields: Fields, key: str, value: Any, layer: bool) -> None:
    below = fields.get(key)
    if layer and isinstance(value, Reset | Override):
        fields[key] = value
    elif isinstance(value, Reset):
        fields.pop(key, None)
    elif isinstance(value, Override):
        fields[key] = needs(value.value) if key == "depends_on" else value.value
    elif isinstance(value, dict):
        joined = dict(below) if isinstance(below, dict) else {}
        for inner, part in value.items():
            _put(joined, inner, part, layer)
        fields[key] = joined
    elif value is not None or key not in fields:
        fields[key] = value


def needs(value: Any) -> Fields:
    """``depends_on`` in its long form; a list stands for services that have to be started."""
    if isinstance(value, dict):
        return {name: how if how is not None else {} for name, how in value.items()}
    return {
        name: {"condition": "service_started", "required": True} for name in as_list(value) if isinstance(name, str)
    }


def as_list(value: Any) -> list[Any]:
    """A list, or what stands for a list of itself alone; null for none."""
    return value if isinstance(value, list) else [] if value is None else [value]

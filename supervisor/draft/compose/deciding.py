"""The variables of a service's fields that decide something in a draft, filled in. Pure.

What nothing sets is left out and said; images are not asked, and keep their text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from supervisor.draft.compose.document import Fields, Override
from supervisor.draft.compose.merge import as_list
from supervisor.draft.compose.variables import fill

_DECIDING = (
    *("restart", "scale", "deploy", "profiles", "container_name"),
    *("network_mode", "ipc", "pid", "links", "volumes_from"),
)

Remark = Callable[[str, str], None]
"""Told the JSON pointer below the service, and what was left out."""


def decided(fields: Fields, values: Mapping[str, str], remark: Remark) -> Fields:
    """The service with these variables filled in; a container's name that nothing sets keeps its text."""
    result = dict(fields)
    for key in _DECIDING:
        tagged = isinstance(result.get(key), Override)
        value = result[key].value if tagged else result.get(key)
        filled = _decided(key, value, values, remark)
        if filled is None and value is not None:
            del result[key]
        elif filled is not value:
            result[key] = Override(filled) if tagged else filled
    return result


def _decided(key: str, value: Any, values: Mapping[str, str], remark: Remark) -> Any:
    """A value with its variables filled in; None, and a remark, where nothing sets one of them."""
    if key == "deploy":
        return dict(_deploy(value, values, remark)) if isinstance(value, dict) else value
    texts = [text for text in as_list(value) if isinstance(text, str) and "$" in text]
    if not texts:
        return value
    unknown = [text for text in texts if fill(text, values) is None]
    if unknown and key == "container_name":
        return value
    if unknown:
        remark(f"/{key}", f"{key}: {unknown[0]}, a variable that nothing sets; left out")
        return None
    filled = [fill(text, values) if isinstance(text, str) else text for text in as_list(value)]
    return filled if isinstance(value, list) else filled[0]


def _deploy(deploy: Fields, values: Mapping[str, str], remark: Remark) -> Iterator[tuple[str, Any]]:
    for key, value in deploy.items():
        inner = value.get("condition") if key == "restart_policy" and isinstance(value, dict) else value
        if key not in ("replicas", "restart_policy") or not isinstance(inner, str) or "$" not in inner:
            yield key, value
        elif (filled := fill(inner, values)) is not None:
            yield key, {**value, "condition": filled} if isinstance(value, dict) else filled
        else:
            remark(f"/deploy/{key}", f"{key}: {inner}, a variable that nothing sets; left out")

"""Variables of fields that decide: filled in, or left out and said."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.draft.compose.deciding import decided
from supervisor.draft.compose.document import Override, Reset

VALUES = {"A": "1", "NO": "no", "X": "x"}


@pytest.mark.parametrize(
    ("fields", "filled"),
    [
        ({"restart": "${NO}", "image": "i:${A}"}, {"restart": "no", "image": "i:${A}"}),
        ({"profiles": ["$X", "y", 5]}, {"profiles": ["x", "y", 5]}),
        ({"scale": "${A}", "restart": None}, {"scale": "1", "restart": None}),
        ({"container_name": "$X-web"}, {"container_name": "x-web"}),
        ({"container_name": "$NOTHING-web"}, {"container_name": "$NOTHING-web"}),
        ({"links": Override(["$X:a"]), "pid": Reset()}, {"links": Override(["x:a"]), "pid": Reset()}),
        (
            {"deploy": {"replicas": "$A", "restart_policy": {"condition": "$NO", "delay": "$A"}, "mode": "$A"}},
            {"deploy": {"replicas": "1", "restart_policy": {"condition": "no", "delay": "$A"}, "mode": "$A"}},
        ),
    ],
)
def test_what_something_sets_is_filled_in(fields: dict[str, Any], filled: dict[str, Any]) -> None:
    remarks: list[tuple[str, str]] = []
    assert decided(fields, VALUES, lambda pointer, what: remarks.append((pointer, what))) == filled
    assert remarks == []


@pytest.mark.parametrize(
    ("fields", "left", "pointer"),
    [
        ({"restart": "$B", "image": "i"}, {"image": "i"}, "/restart"),
        ({"profiles": ["$A", "$B"]}, {}, "/profiles"),
        ({"ipc": Override("service:$B")}, {}, "/ipc"),
        ({"deploy": {"replicas": "$B", "mode": "m"}}, {"deploy": {"mode": "m"}}, "/deploy/replicas"),
    ],
)
def test_what_nothing_sets_is_left_out_and_said(fields: dict[str, Any], left: dict[str, Any], pointer: str) -> None:
    remarks: list[tuple[str, str]] = []
    assert decided(fields, VALUES, lambda at, what: remarks.append((at, what))) == left
    assert [at for at, _ in remarks] == [pointer]
    assert all(what.endswith("$B, a variable that nothing sets; left out") for _, what in remarks)

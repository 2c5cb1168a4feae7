"""Text on its way to people: nothing in it breaks a line or steers a terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.text import json_text, printable

AWKWARD = [
    "a\nb",
    "\x1b[2J",
    "\x7f",
    "\x85",
    "\x9b31m",
    "\u202eevil",
    "\u2066x",
    "\u2028",
    "\ufeff",
    "\ud800",
    "\U000e0001",
]


@pytest.mark.parametrize("text", AWKWARD)
@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_the_same_value_and_printable(text: str, indent: int | None) -> None:
    said = json_text({"text": text, text: ["é", "日本"]}, indent)
    assert said.replace("\n", "").isprintable()
    assert (said.count("\n") == 0) == (indent is None)
    assert json.loads(said) == {"text": text, text: ["é", "日本"]}
    assert "é" in said
    assert "日本" in said


@given(
    st.recursive(
        st.none() | st.text(st.characters()), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_text_survives_as_json(value: object) -> None:
    said = json_text(value)
    assert said.isprintable()
    assert json.loads(said.encode()) == value


@given(st.text(st.characters()))
def test_what_is_shown_is_printable(text: str) -> None:
    assert printable(text).isprintable()

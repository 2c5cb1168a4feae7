"""The tree of errors: what is drawn is what there is, and each says what it is about."""

from __future__ import annotations

import re

from supervisor import errors
from supervisor.errors import InputError, SchemaError, SupervisorError


def test_the_tree_that_is_drawn_is_the_tree_that_there_is() -> None:
    drawn: dict[str, str] = {}
    above: list[tuple[int, str]] = [(0, "Exception")]
    for indent, name in re.findall(r"^( +)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE):
        while above[-1][0] >= len(indent):
            above.pop()
        drawn[name] = above[-1][1]
        above.append((len(indent), name))
    there = {
        name: kind.__base__.__name__
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and kind.__base__ is not None
    }
    assert drawn == there


def test_an_input_error_has_its_message_and_its_place() -> None:
    error = SchemaError("is no number", "/services/web", 3, 5)
    assert (error.message, error.pointer, error.line, error.column) == ("is no number", "/services/web", 3, 5)
    assert str(error) == "is no number"
    assert isinstance(error, InputError | SupervisorError)
    assert (InputError("x").line, InputError("x").column) == (None, None)

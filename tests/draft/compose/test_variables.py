"""Variables as compose fills them in, and the lines of a ``.env``."""

from __future__ import annotations

import pytest

from supervisor.draft.compose.variables import UnknownVariableError, fill, interpolate, parse_env_file


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("$A-${A}", "1-1"),
        ("${B:-x}${B-x}", "x"),
        ("${C:-x}${C-x}", "xx"),
        ("${C:-${A}/${B:-y}}", "1/y"),
        ("${A:+t}${B:+t}${B+t}${C+t}", "tt"),
        ("$$A $ 5$", "$A $ 5$"),
        ("${A:?no}", "1"),
    ],
)
def test_variables_have_their_value_or_their_default(text: str, filled: str) -> None:
    assert interpolate(text, {"A": "1", "B": ""}) == filled


@pytest.mark.parametrize(
    "text", ["$C", "${C}", "${C:?must}", "${C:-$D}", "${", "${C", "${-x}", "${A:-" * 40 + "}" * 40]
)
def test_what_nothing_sets_is_not_taken_for_empty(text: str) -> None:
    with pytest.raises(UnknownVariableError):
        interpolate(text, {})
    assert fill(text, {}) is None


def test_lines_of_an_env_file_are_read_as_compose_reads_them() -> None:
    text = """\
        # a comment
        A=1
        B="x y" # c
        C: z
        export D=${A}2
        E=a#b
        F=a #b
        G='$A'
        H=${HOME_OF_NOBODY}
        I=$SET
        not a line
        K=
        """
    assert parse_env_file(text, {"SET": "by the environment"}) == {
        "A": "1",
        "B": "x y",
        "C": "z",
        "D": "12",
        "E": "a#b",
        "F": "a",
        "G": "$A",
        "H": "${HOME_OF_NOBODY}",
        "I": "by the environment",
        "K": "",
    }

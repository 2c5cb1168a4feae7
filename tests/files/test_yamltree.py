"""YAML 1.2 core values with their places, and the guards that come before construction."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.errors import MalformedError
from supervisor.files.pointers import escape
from supervisor.files.yamlplain import plain
from supervisor.files.yamltree import MAX_DEPTH, Mapping, first_duplicate, parse, place
from tests.effort import calls


def value(text: str) -> Any:
    node = parse(text)
    return None if node is None else plain(node)


@pytest.mark.parametrize(
    "word", ["no", "on", "off", "yes", "y", "N", "22:22", "2026-01-01", "2024-13-45", "=", "1_000"]
)
def test_what_yaml_1_1_would_bend_is_text(word: str) -> None:
    assert value(f"a: {word}") == {"a": word}


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("true", True),
        ("TRUE", True),
        ("False", False),
        ("tRue", "tRue"),
        ("null", None),
        ("~", None),
        ("", None),
        ("0755", 755),
        ("0o17", 15),
        ("0xfF", 255),
        ("-7", -7),
        ("+7", 7),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("0b11", "0b11"),
        ("'true'", "true"),
        ('"7"', "7"),
        ("!!str 7", "7"),
        ("! 7", "7"),
        ("!!int 7", 7),
        ("!custom 7", "7"),
        ("|\n  7", "7"),
    ],
)
def test_a_scalar_means(text: str, meaning: object) -> None:
    results = value(f"a: {text}")["a"]
    assert (results, type(results)) == (meaning, type(meaning))


def test_a_key_is_the_text_as_written() -> None:
    assert value("{8080: a, on: b, '': c, ~: d, 1.10: e, 'x y': f}") == {
        "8080": "a",
        "on": "b",
        "": "c",
        "~": "d",
        "1.10": "e",
        "x y": "f",
    }


@pytest.mark.parametrize("text", ["", "\n", "# nothing", "---", "--- # nothing\n...", "%YAML 1.2\n---\n"])
def test_nothing_is_no_document(text: str) -> None:
    assert parse(text) is None


def test_places_are_one_based_and_of_keys_where_the_value_is_a_collection() -> None:
    node = parse("a: 1\nb:\n  - x\n  - {c/d: y}\n'e~': {}\n")
    assert node is not None
    places = {
        "": (1, 1),
        "/a": (1, 4),
        "/b": (2, 1),
        "/b/0": (3, 5),
        "/b/1": (4, 5),
        "/b/1/c~1d": (4, 11),
        "/e~0": (5, 1),
    }
    assert {pointer: place(node, pointer) for pointer in places} == places
    for pointer in ("/c", "/a/0", "/b/2", "/b/x"):
        assert place(node, pointer) is None


def test_a_pointer_escapes_its_two_signs() -> None:
    assert escape("a/b~c~1") == "a~1b~0c~01"


# --- duplicates and merges


def test_the_first_duplicate_anywhere_is_found_at_its_place() -> None:
    node = parse("a:\n  - {x: 1, y: 2,\n     x: 3}\nb: 1\nb: 2\n")
    assert node is not None
    results = first_duplicate(node)
    assert results is not None
    # The outermost comes first.
    assert (results.key.text, results.key.line, results.key.column) == ("b", 5, 1)
    assert isinstance(node, Mapping)
    entry = node.get("a")
    assert entry is not None
    inner = first_duplicate(entry.value)
    assert inner is not None
    assert (inner.key.text, inner.key.line, inner.key.column) == ("x", 3, 6)


def test_a_key_and_the_same_key_quoted_are_duplicates() -> None:
    node = parse("{1: a, '1': b}")
    assert node is not None
    assert first_duplicate(node) is not None


def test_what_is_there_wins_over_what_is_merged_and_the_first_source_over_the_second() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {a: 0, <<: [*x, *y]}\nw: {<<: *y, '<<': text}\n"
    assert value(text)["z"] == {"a": 0, "b": 1, "c": 2}
    assert value(text)["w"] == {"b": 2, "c": 2, "<<": "text"}


def test_what_is_merged_is_no_duplicate() -> None:
    node = parse("x: &x {a: 1}\ny: {<<: *x, a: 2}\n")
    assert node is not None
    assert first_duplicate(node) is None


@pytest.mark.parametrize(
    "text", ["y: {<<: {a: 1, a: 2}}", "x: &x {a: 1, a: 2}\ny: {<<: *x}", "y: {<<: [{b: 1}, {a: 1, a: 2}]}"]
)
def test_a_duplicate_in_what_is_merged_is_one(text: str) -> None:
    node = parse(text)
    assert isinstance(node, Mapping)
    merging = node.get("y")
    assert merging is not None
    results = first_duplicate(merging.value)
    assert results is not None
    assert results.key.text == "a"


# --- guards


@pytest.mark.parametrize(("open_", "close"), [("[", "]"), ("{a: ", "}"), ("- ", "")])
def test_depth_ends_at_its_limit(open_: str, close: str) -> None:
    assert parse(open_ * MAX_DEPTH + "x" + close * MAX_DEPTH) is not None
    with pytest.raises(MalformedError, match="is nested deeper than 64 levels"):
        parse(open_ * (MAX_DEPTH + 1) + "x" + close * (MAX_DEPTH + 1))


def refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse(text)


@pytest.mark.parametrize("open_", ["[", "{", "- ", "? ", "{a: ", "&a [", "!!seq ["])
def test_brackets_without_end_are_refused_and_soon(open_: str) -> None:
    """However many follow, nothing is done about those beyond the limit."""
    assert calls(lambda: refused(open_ * 30_000)) <= calls(lambda: refused(open_ * 300)) + 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("*a", "uses the alias *a, which no finished value before it defines"),
        ("a: &a [*a]", "uses the alias *a, which no finished value before it defines"),
        ("a: &a {<<: *a}", "uses the alias *a, which no finished value before it defines"),
        ("a: &a [" + "x," * 500 + "]\nb: [" + "*a," * 500 + "]", "uses aliases that stand for too many values"),
        ("a: &a x\nb: [" + "*a," * 100_001 + "]", "uses aliases that stand for too many values"),
        ("{<<: [{}, x]}", "merges (<<) something that is not a mapping"),
        ("{<<: x}", "merges (<<) something that is not a mapping"),
        ("{[a]: b}", "has a key that is not text"),
        ("{? {a: b} : c}", "has a key that is not text"),
        ("a\n---\nb", "holds more than one document; write one file each"),
        ("a: b: c", "is not YAML: mapping values are not allowed in this context"),
        ("a:\n\t- b", "is not YAML: while scanning for the next token found character that cannot start any token"),
        ("'a", "is not YAML: while scanning a quoted scalar found unexpected end of stream"),
        ("a: \x07", "contains the character U+0007: control characters are not allowed"),
        ("a: !b!c d", "is not YAML: while parsing a node found undefined tag handle"),
    ],
)
def test_what_is_refused_is_said_in_one_line(text: str, message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse(text)
    assert caught.value.message.startswith(message)
    assert caught.value.line is not None
    assert caught.value.column is not None


def test_aliases_within_reason_are_fine() -> None:
    text = "x: &x [1, 2]\n" + "".join(f"k{number}: *x\n" for number in range(10_000))
    assert len(value(text)) == 10_001


@pytest.mark.parametrize(
    ("text", "place"),
    [("services: [", (1, 12)), ("a: {b: c\nd: e", (2, 2)), ("a:\n  'b\n", (2, 3)), ("a: [b,\nc\n\n\n", (1, 4))],
)
def test_what_is_not_ended_is_said_where_it_can_be_mended(text: str, place: tuple[int, int]) -> None:
    with pytest.raises(MalformedError) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == place


def test_directives_without_end_are_refused_and_soon() -> None:
    few, many = ("".join(f"%TAG !{number:x}! x\n" for number in range(count)) + "--- {}\n" for count in (200, 80_000))
    assert calls(lambda: refused(many)) <= calls(lambda: refused(few)) + 10
    with pytest.raises(MalformedError, match="more than 100 %TAG directives") as caught:
        parse(many)
    assert (caught.value.line, caught.value.column) == (1, 1)


def test_directives_are_read_and_so_is_text_that_looks_like_them() -> None:
    directives = "".join(f"%TAG !{number}! x\n" for number in range(100))
    assert value(directives + "---\na: b") == {"a": "b"}
    assert value("a: |\n" + " %TAG ! x\n" * 200) == {"a": "%TAG ! x\n" * 200}

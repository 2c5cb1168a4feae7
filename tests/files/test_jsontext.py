"""Strict JSON: what the standard library lets through is refused, at its place."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from supervisor.errors import MalformedError
from supervisor.files.jsontext import MAX_DEPTH, index, parse, place, value
from tests.effort import calls


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("", "is not JSON: Expecting value", (1, 1)),
        ("{'a': 1}", "is not JSON: Expecting property name enclosed in double quotes", (1, 2)),
        ('{"a": 1,}', "is not JSON: ", None),
        ("[1] 2", "is not JSON: Extra data", (1, 5)),
        ('"a\nb"', "is not JSON: Invalid control character at", (1, 3)),
        ('{"a": 1,\n "a": 2}', "is not JSON: duplicate key 'a'", (2, 2)),
        ('{"a": [{"b": 1}, {"b": 1, "b": 2}]}', "is not JSON: duplicate key 'b'", (1, 27)),
        ('{"a/b": 1, "a\\u002fb": 2}', "is not JSON: duplicate key 'a/b'", (1, 12)),
        ("[1,\n NaN]", "is not JSON: NaN is not a JSON number", (2, 2)),
        ("[-Infinity]", "is not JSON: -Infinity is not a JSON number", (1, 2)),
        ('["NaN", NaN]', "is not JSON: NaN is not a JSON number", (1, 9)),
        ("[1e400]", "is not JSON: the number 1e400 is out of range", (1, 2)),
        ("[-1e400]", "is not JSON: the number -1e400 is out of range", (1, 2)),
        ("[" + "7" * 4301 + "]", "is not JSON: the number " + "7" * 40 + "… is too long", (1, 2)),
        ('["\\ud800"]', "is not JSON: a \\u escape is half of a surrogate pair", (None, None)),
        ('{"\\udfff": 1}', "is not JSON: a \\u escape is half of a surrogate pair", (None, None)),
    ],
)
def test_what_is_refused_says_why_and_where(
    text: str, message: str, place: tuple[int | None, int | None] | None
) -> None:
    with pytest.raises(MalformedError) as caught:
        parse(text)
    assert caught.value.message.startswith(message)
    assert place in (None, (caught.value.line, caught.value.column))


@pytest.mark.parametrize("open_", ["[", '{"a":', '[{"a":'])
def test_nesting_without_end_is_refused_and_soon(open_: str) -> None:
    def refused(count: int) -> None:
        with pytest.raises(MalformedError):
            parse(open_ * count)

    refused(900)
    # However much follows, nothing is done about what is beyond the limit.
    assert calls(lambda: refused(300_000)) <= calls(lambda: refused(30_000)) + 10


def test_a_whole_pair_of_surrogates_is_a_character() -> None:
    assert parse('"\\ud83c\\udfe0 \\\\ud800"') == "🏠 \\ud800"


def test_the_index_knows_every_value_by_its_pointer() -> None:
    text = '{\n "a": {"b/c": [1,\n  {"d~": "}"}]},\n "e": []}\n'
    places = {
        "": (1, 1),
        "/a": (2, 2),
        "/a/b~1c": (2, 8),
        "/a/b~1c/0": (2, 16),
        "/a/b~1c/1": (3, 3),
        "/a/b~1c/1/d~0": (3, 10),
        "/e": (4, 2),
    }
    tree = index(text)
    assert {pointer: tree.at(pointer) for pointer in places} == places
    assert {pointer: place(text, pointer) for pointer in places} == places
    for pointer in ("/b", "/a/b~1c/2", "/a/b~1c/x", "/a/b~1c/0/0", "/e/0"):
        assert tree.at(pointer) is None
        assert place(text, pointer) is None


def test_a_bare_value_is_its_own_index() -> None:
    assert index(' \n "a,b" ').at("") == (2, 2)


def test_ten_times_as_large_a_document_takes_ten_times_as_much_to_index() -> None:
    def indexed(count: int) -> None:
        text = "[" + ",\n".join(f'{{"name": "s{number:05}", "status": "ok"}}' for number in range(count)) + "]"
        assert index(text).at(f"/{count - 1}/status") == (count, 30)

    assert calls(lambda: indexed(5000)) < 11 * calls(lambda: indexed(500))


def memory_of(work: Callable[[str], object], text: str) -> float:
    """How many times its own length a text takes at most while something is done with it."""
    tracemalloc.start()
    try:
        work(text)
        return tracemalloc.get_traced_memory()[1] / len(text)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "text",
    [
        '{"' + "k" * 20_000 + '": [' + "0," * 20_000 + "0]}",
        "[" * 800 + "0," * 20_000 + "0" + "]" * 800,
        '{"' + '":{"'.join("k" * 500 for _ in range(200)) + '":0' + "}" * 200,
        '{"a": "' + "a" * 100_000 + '"}',
        '{"a": "' + "\\u0007" * 20_000 + '"}',
    ],
    ids=["a long key", "deep", "deep and long", "a long text", "a long text of escapes"],
)
def test_a_document_takes_no_more_memory_than_its_length_allows(text: str) -> None:
    assert memory_of(index, text) < 100
    twice = "[" + text + ', {"a": 1, "a": 2}]'

    def refused(text: str) -> None:
        with pytest.raises(MalformedError, match="duplicate key 'a'") as caught:
            parse(text)
        assert (caught.value.line, caught.value.column) == (1, twice.rindex('"a"') + 1)

    assert memory_of(refused, twice) < 100


@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_how_deep_it_may_be_does_not_depend_on_who_asks(opened: str) -> None:
    def nested(depth: int) -> str:
        return opened * depth + ("1" if opened == '{"a":' else "") + (("]" if opened == "[" else "}") * depth)

    def asked(from_below: int, text: str) -> Any:
        return parse(text) if not from_below else asked(from_below - 1, text)

    for below in (0, 100):
        asked(below, nested(MAX_DEPTH))
        with pytest.raises(MalformedError, match="is nested too deeply"):
            asked(below, nested(MAX_DEPTH + 1))
    assert parse("[" + ",".join(["{}"] * 1000) + "]") == [{}] * 1000


@pytest.mark.parametrize(
    ("pointer", "wanted"),
    [("", {"a": [1, {"b/c": None}], "d": "x"}), ("/a/1/b~1c", None), ("/a/0", 1), ("/d", "x"), ("/e", None)],
)
def test_one_value_is_read_again(pointer: str, wanted: object) -> None:
    assert value('{"a": [1, {"b/c": null}], "d": "x"}', pointer) == wanted

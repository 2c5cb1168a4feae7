"""Typed values out of a services.yaml: each fault with its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from supervisor.core.instant import SECOND
from supervisor.errors import SchemaError
from supervisor.files.inventory.values import duration, flag, free_text, free_texts, kind, mapping_of, mentions
from supervisor.files.yamltree import Mapping, Node, parse


def part(text: str) -> Mapping:
    tree = parse(text)
    assert isinstance(tree, Mapping)
    return tree


def node(text: str) -> Node:
    tree = parse(text)
    assert tree is not None
    return tree


@pytest.mark.parametrize(("text", "value"), [("a: true", True), ("a: FALSE", False)])
def test_a_flag_is_true_or_false(text: str, value: bool) -> None:
    assert flag(part(text), "a", "") is value


@pytest.mark.parametrize(
    ("read", "text", "fault"),
    [
        (flag, "a: yes", (1, 4, "/x/a", "a must be true or false, not the text 'yes'")),
        (duration, "a: 5", (1, 4, "/x/a", "a: '5' has no unit: write 5s, 5m, 5h, 5d or 5ms")),
        (
            lambda *given: mentions(*given, mapping=False),
            "a: [b, {}]",
            (1, 8, "/x/a/1", "a must name services or nodes, not a mapping"),
        ),
        (
            lambda *given: mentions(*given, mapping=False),
            "a: {b: }",
            (1, 4, "/x/a", "a must be a list of names, not a mapping"),
        ),
    ],
)
def test_another_type_is_an_error_at_its_place(
    read: Callable[[Mapping, str, str], object], text: str, fault: tuple[int, int, str, str]
) -> None:
    with pytest.raises(SchemaError) as caught:
        read(part(text), "a", "/x")
    error = caught.value
    assert (error.line, error.column, error.pointer, error.message) == fault


def test_a_duration_is_in_nanoseconds() -> None:
    assert duration(part("a: 1.5h"), "a", "") == 5400 * SECOND


def test_mentions_keep_their_places_and_come_once() -> None:
    names = mentions(part("a:\n- db\n- nas/nfs\n- db\n"), "a", "", mapping=True)
    assert [(name.text, name.line, name.column) for name in names] == [("db", 2, 3), ("nas/nfs", 3, 3)]
    assert [name.text for name in mentions(part("a: {db: , cache: {x: 1}}"), "a", "", mapping=True)] == ["db", "cache"]
    assert mentions(part("a:"), "a", "", mapping=False) == ()


def test_free_texts_are_those_that_are_text() -> None:
    tree = part("a: 8080\nb: [x, {}, '', y]\nc: {}\n")
    assert (free_text(tree, "a"), free_text(tree, "c")) == ("8080", None)
    assert (free_texts(tree, "b"), free_texts(tree, "a"), free_texts(tree, "d")) == (("x", "y"), ("8080",), ())


@pytest.mark.parametrize(
    ("text", "name"),
    [("{}", "a mapping"), ("[]", "a list"), ("~", "nothing"), ("on", "the text 'on'"), ("7", "7"), ("true", "true")],
)
def test_a_kind_is_said_in_words(text: str, name: str) -> None:
    assert kind(node(text)) == name


def test_a_mapping_with_a_key_twice_is_refused() -> None:
    with pytest.raises(SchemaError, match="duplicate key 'a'"):
        mapping_of(node("{a: 1, a: 2}"), "", "service", "web")
    with pytest.raises(SchemaError, match="service 'web' must be a mapping or nothing, not a list"):
        mapping_of(node("[]"), "", "service", "web")

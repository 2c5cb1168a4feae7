"""A tree as ordinary values, by the meanings of YAML 1.2."""

from __future__ import annotations

from supervisor.files.yamlplain import plain
from supervisor.files.yamltree import parse


def test_a_tree_is_ordinary_values() -> None:
    tree = parse("a: [1, 2.5, true, null, on, '1']\n8080: {b: &x text, c: *x}\n")
    assert tree is not None
    assert plain(tree) == {"a": [1, 2.5, True, None, "on", "1"], "8080": {"b": "text", "c": "text"}}


def test_what_is_merged_is_there_and_an_own_key_wins() -> None:
    tree = parse("x: &x {a: 1, b: 1}\ny: {<<: *x, b: 2}\n")
    assert tree is not None
    assert plain(tree) == {"x": {"a": 1, "b": 1}, "y": {"a": 1, "b": 2}}

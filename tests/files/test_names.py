"""Which texts are names, and that a name that is met again is the same object."""

from __future__ import annotations

import pytest

from supervisor.files.names import name_fault, node_name_fault, shared


@pytest.mark.parametrize("text", ["web", "media/db", "on", "8080", "22:22", "café", "a/b/c", "x" * 200])
def test_a_name_has_no_fault(text: str) -> None:
    assert name_fault(text) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "a name is empty"),
        ("x" * 201, f"the name '{'x' * 40}'… is longer than 200 characters"),
        ("a b", "the name 'a b' has a blank or a character that cannot be printed"),
        ("a\u202eb", "the name 'a\\u202eb' has a blank or a character that cannot be printed"),
        ("/a", "the name '/a' has an empty, '.' or '..' part between its slashes"),
        ("a/../b", "the name 'a/../b' has an empty, '.' or '..' part between its slashes"),
    ],
)
def test_other_texts_say_what_is_wrong(text: str, fault: str) -> None:
    assert name_fault(text) == fault


def test_the_name_of_a_node_has_no_slash() -> None:
    assert node_name_fault("nas") is None
    assert node_name_fault("media/db") == "the node name 'media/db' has a slash"


def test_a_legal_name_is_one_object() -> None:
    first, again = "service-17".rstrip("17"), "service-18".rstrip("18")
    assert name_fault(first) is None
    assert name_fault(again) is None
    assert shared(again) is shared(first)

"""Documents of a compose file: values, tags and places."""

from __future__ import annotations

import pytest

from supervisor.draft.compose.document import Override, Reset, parse_documents
from supervisor.errors import InputError


def test_compose_s_own_tags_are_marked_wherever_they_stand() -> None:
    text = """
        a: !reset null
        b: !reset [1]
        c: !override {d: 1}
        e: !override "x"
        f: !override null
        g: [1, !reset 2]
        h: !!str 5
        """
    (document,) = parse_documents("f", text)
    assert document.fields == {
        "a": Reset(),
        "b": Reset(),
        "c": Override({"d": 1}),
        "e": Override("x"),
        "f": Override(None),
        "g": [1],
        "h": "5",
    }


def test_a_file_may_hold_several_documents_each_with_its_own_places() -> None:
    text = "# first\na: 1\n---\nb: 2\n--- {c: 3}\n...\n---\n"
    documents = parse_documents("f", text)
    assert [document.fields for document in documents] == [{"a": 1}, {"b": 2}, {"c": 3}]
    assert [document.place(f"/{name}") for document, name in zip(documents, "abc", strict=True)] == [
        (2, 4),
        (4, 4),
        (5, 9),
    ]


def test_an_error_of_what_is_not_there_is_placed_at_what_is_nearest() -> None:
    (document,) = parse_documents("f", "services:\n  web: {image: x}\n")
    assert document.place("/services/web/extends/file") == (2, 3)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("- a", "is not a mapping", (1, 1)),
        ("a: 1\n---\n- b", "is not a mapping", (3, 1)),
        ("a: 1\na: 2", "has the key 'a' twice", (2, 1)),
        ("a: 1\n---\nb: [", "is not YAML", (3, 5)),
    ],
)
def test_what_is_wrong_has_its_place(text: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=message) as raised:
        parse_documents("f", text)
    assert (raised.value.line, raised.value.column) == place

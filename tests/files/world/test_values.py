"""Typed values out of a world document: each fault with its pointer."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.core.instant import parse_instant
from supervisor.errors import SchemaError
from supervisor.files.names import name_fault
from supervisor.files.world.values import identified, kind, named, optional_text, text_of, time_of, usual


def refused(error: SchemaError) -> tuple[str, str]:
    return error.pointer, error.message


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, []),
        ({"web": "ok"}, [("web", "/services/web", "ok")]),
        ([{"name": "web"}], [("web", "/services/0", {"name": "web"})]),
    ],
)
def test_entries_come_by_name_or_in_a_list(value: Any, names: list[Any]) -> None:
    assert list(named(value, "/services", "services", name_fault)) == names


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("x", ("/services", "services must be an object or a list, not text")),
        ({"a b": 1}, ("/services/a b", "the name 'a b' has a blank or a character that cannot be printed")),
        ([1], ("/services/0", "an entry of services must be an object, not a number")),
        ([{}], ("/services/0", "name is missing")),
    ],
)
def test_other_entries_are_refused(value: Any, fault: tuple[str, str]) -> None:
    with pytest.raises(SchemaError) as caught:
        list(named(value, "/services", "services", name_fault))
    assert refused(caught.value) == fault


def test_an_id_stands_once() -> None:
    assert [ident for ident, _, _ in identified([{"id": "a"}, {"id": "b"}], "/incidents", "incidents")] == ["a", "b"]
    with pytest.raises(SchemaError) as caught:
        list(identified([{"id": "a"}, {"id": "a"}], "/incidents", "incidents"))
    assert refused(caught.value) == ("/incidents/1/id", "duplicate id 'a'")


def test_a_text_is_there_or_the_fault_says_which() -> None:
    assert text_of({"a": "x"}, "a", "") == "x"
    assert optional_text({}, "a", "") is None
    for entry, fault in (({}, ("", "a is missing")), ({"a": ""}, ("/a", "a must be text, not an empty text"))):
        with pytest.raises(SchemaError) as caught:
            text_of(entry, "a", "")
        assert refused(caught.value) == fault


def test_a_time_has_an_offset() -> None:
    assert time_of({"at": "2026-11-01T12:00:00Z"}, "at", "") == parse_instant("2026-11-01T12:00:00Z")
    with pytest.raises(SchemaError) as caught:
        time_of({"at": "2026-11-01T12:00:00"}, "at", "/deployments/0")
    assert refused(caught.value) == (
        "/deployments/0/at",
        "'2026-11-01T12:00:00' has no offset: write Z or +01:00 at its end",
    )


def test_usual_words_are_one_object() -> None:
    assert usual("online-1".rstrip("-1")) is usual("online-2".rstrip("-2"))


@pytest.mark.parametrize(
    ("value", "name"),
    [(None, "nothing"), ("", "an empty text"), (True, "true"), ({}, "an object"), ([], "a list"), (1.5, "a number")],
)
def test_a_kind_is_said_in_words(value: object, name: str) -> None:
    assert kind(value) == name

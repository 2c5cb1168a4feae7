"""JSON pointers: what is escaped comes back as it was."""

from __future__ import annotations

import pytest

from supervisor.files.pointers import escape, parts, pointer_below, pointer_of


@pytest.mark.parametrize(
    ("name", "escaped"), [("web", "web"), ("media/db", "media~1db"), ("~1", "~01"), ("a~b/", "a~0b~1")]
)
def test_a_name_is_escaped_and_comes_back(name: str, escaped: str) -> None:
    assert escape(name) == escaped
    assert parts(pointer_of("/services", name)) == ["services", name]
    assert pointer_below("/services", name) == f"/services/{escaped}"


def test_a_pointer_to_everything_has_no_parts() -> None:
    assert parts("") == []


def test_a_common_pointer_is_one_object_and_a_long_one_is_not_kept() -> None:
    assert pointer_of("/services", "web2".rstrip("2")) is pointer_of("/services", "web")
    kept = pointer_of.cache_info().currsize
    assert pointer_below("/services", "x" * 201) == "/services/" + "x" * 201
    assert pointer_below("/" + "x" * 200, "web") == "/" + "x" * 200 + "/web"
    assert pointer_of.cache_info().currsize == kept

"""What is wrong with an input, as a problem of its file."""

from __future__ import annotations

from supervisor.core.model.problems import Level, Problem
from supervisor.errors import SchemaError, UnreadableError
from supervisor.files.loaded import problem_of


def test_an_error_keeps_its_place_and_pointer() -> None:
    error = SchemaError("critical must be true or false", "/services/web/critical", 3, 5)
    assert problem_of("hosts/nas/services.yaml", error, Level.WARNING) == Problem(
        "hosts/nas/services.yaml",
        3,
        5,
        Level.WARNING,
        "critical must be true or false",
        "/services/web/critical",
    )


def test_an_error_without_a_place_has_none() -> None:
    assert problem_of("world/a.json", UnreadableError("is too large")) == Problem(
        "world/a.json", None, None, Level.ERROR, "is too large"
    )


def test_long_messages_and_pointers_are_cut() -> None:
    problem = problem_of("world/a.json", SchemaError("m" * 600, "/services/nas/" + "x" * 3000, 1, 1))
    assert (problem.message, problem.pointer) == ("m" * 499 + "…", "/services/nas")

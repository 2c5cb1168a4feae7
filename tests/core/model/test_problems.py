"""Problems: how one reads, and in which order several come."""

from __future__ import annotations

from supervisor.core.model.problems import Level, Problem


def test_a_problem_reads_as_compilers_write_it() -> None:
    assert str(Problem("hosts/nas/services.yaml", 3, 5, Level.ERROR, "is no mapping")) == (
        "hosts/nas/services.yaml:3:5: error: is no mapping"
    )
    assert str(Problem("world", None, None, Level.WARNING, "is empty")) == "world: warning: is empty"


def test_problems_come_by_file_line_and_column_and_then_by_what_they_say() -> None:
    first, *others = in_order = [
        Problem("a", None, None, Level.WARNING, "x"),
        Problem("a", 2, 9, Level.ERROR, "x"),
        Problem("a", 10, 1, Level.ERROR, "x"),
        Problem("a", 10, 1, Level.ERROR, "y"),
        Problem("b", 1, 1, Level.ERROR, "x"),
    ]
    assert sorted([*others, first], key=lambda problem: problem.order) == in_order

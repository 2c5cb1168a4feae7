"""What a command says of inputs that it could not use."""

from __future__ import annotations

import pytest

from supervisor.cli.judging import complain_of_inputs
from supervisor.core.model.problems import Level, Problem


def problem(line: int, level: Level = Level.ERROR) -> Problem:
    return Problem("hosts/nas/services.yaml", line, 1, level, "no such thing")


def test_errors_are_named_and_warnings_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert complain_of_inputs([problem(1, Level.WARNING), problem(2)])
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "runtime-supervisor: hosts/nas/services.yaml:2:1: error: no such thing\n")


def test_of_many_errors_the_first_ten_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert complain_of_inputs(problem(line) for line in range(1, 13))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[-1] == "runtime-supervisor: and 2 more; for all: runtime-supervisor check"


def test_without_an_error_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert not complain_of_inputs([problem(1, Level.WARNING)])
    assert capsys.readouterr().err == ""

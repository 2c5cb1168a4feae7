"""What goes to standard output and to standard error; missing streams: ``tests/acceptance/test_streams.py``."""

from __future__ import annotations

import io
import sys

import pytest

from supervisor.cli.output import StandardOutputError, columns, complain, style, write, write_json, write_lines


def test_lines_and_json_end_with_a_line_break(capsys: pytest.CaptureFixture[str]) -> None:
    write_lines(["a", "b"])
    write_lines([])
    write_json({"a": [1]})
    assert capsys.readouterr().out == 'a\nb\n{\n  "a": [\n    1\n  ]\n}\n'


def test_complaints_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    complain(["a\x1b[2J", "b"])
    assert capsys.readouterr() == ("", "a\\x1b[2J\nb\n")


class Pipe(io.StringIO):
    """A terminal or a pipe whose reader went away."""

    def __init__(self, error: OSError | None = None, terminal: bool = False) -> None:
        super().__init__()
        self.error, self.terminal = error, terminal

    def flush(self) -> None:
        if self.error is not None:
            raise self.error

    def isatty(self) -> bool:
        return self.terminal


def test_an_output_that_cannot_be_written_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supervisor.cli.output._discard", lambda _: None)
    monkeypatch.setattr(sys, "stdout", Pipe(OSError(28, "No space left on device")))
    with pytest.raises(StandardOutputError, match=r"^cannot write the output: No space left on device$") as raised:
        write("x")
    assert not raised.value.unread
    monkeypatch.setattr(sys, "stdout", Pipe(BrokenPipeError(32, "Broken pipe")))
    with pytest.raises(StandardOutputError) as raised:
        write("x")
    assert raised.value.unread


def test_colour_and_width_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Pipe())
    assert (style().colour, style().width) == (False, None)
    monkeypatch.setattr(sys, "stdout", Pipe(terminal=True))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "99")
    monkeypatch.delenv("NO_COLOR", raising=False)
    columns.cache_clear()
    assert (style().colour, style().width) == (True, 99)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not style().colour
    columns.cache_clear()

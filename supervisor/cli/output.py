"""The standard streams: what a command says to programs and people, and what happens when it cannot be said."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from supervisor.errors import OutputError

if TYPE_CHECKING:
    from supervisor.show.table import Style


class StandardOutputError(OutputError):
    """Standard output cannot be written. ``unread``: whoever read it has had enough, which nobody need be told."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"cannot write the output: {error.strerror or error}")
        self.unread = isinstance(error, BrokenPipeError)


class _Closed(io.TextIOBase):
    """Stands for a standard output that was closed before the start: everything that is written fails."""

    def write(self, _: str) -> NoReturn:
        raise OSError(0, "standard output is closed")


class _Complaints(io.TextIOWrapper):
    """Standard error, which changes no outcome: there is no place to say that it cannot be written."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            return super().write(text)
        _discard(2)
        return len(text)


def prepare_streams() -> None:
    """The same bytes whatever the locale says, and no stream missing.

    A descriptor of 0, 1 or 2 that is closed is taken by the next file that is opened, such as the event log, and what
    was meant for the stream would go there.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdout is None:
        sys.stdout = _Closed()
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.stderr = _Complaints(
        open(2, "wb", closefd=False),  # noqa: SIM115 - it is there to the end
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )


def style() -> Style:
    """Colour only on a terminal, and never with NO_COLOR; as wide as the terminal, where there is one."""
    from supervisor.show.table import Style

    if not sys.stdout.isatty():
        return Style()
    return Style(not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb", columns())


@cache
def columns() -> int:
    """The width of the terminal. argparse asks shutil, whose import takes a tenth of what a small command takes."""
    wide = 0
    with suppress(KeyError, ValueError):
        wide = int(os.environ["COLUMNS"])
    if wide <= 0:
        with suppress(OSError):
            wide = os.get_terminal_size(1).columns
    # Serial lines and new terminals have a size of none.
    return wide if wide > 0 else 80


def require_output() -> None:
    """StandardOutputError when it is clear beforehand that nothing can be written."""
    if isinstance(sys.stdout, _Closed):
        write("\n")


def write(text: str) -> None:
    """To standard output, at once. StandardOutputError when it cannot be written."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer would fail once more at exit.
        _discard(1)
        raise StandardOutputError(error) from None


def write_json(value: Any) -> None:
    """Print a value, indented."""
    from supervisor.core.text import json_text

    write(json_text(value, indent=2) + "\n")


def write_lines(lines: Sequence[str]) -> None:
    """Print lines."""
    write("".join(f"{line}\n" for line in lines))


def complain(lines: Sequence[str]) -> None:
    """Print lines to standard error, whatever the files that they quote have in them."""
    from supervisor.core.text import printable

    for line in lines:
        print(printable(line), file=sys.stderr)


def _discard(descriptor: int) -> None:
    """From now on what is written there goes nowhere."""
    with suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)

"""Logs on standard error: readable on a terminal, one JSON object a line otherwise, with priorities for the journal.

A log line is never worth a pass: when standard error is closed, full or gone, lines are dropped.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import Any, TextIO

import structlog

_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}


def configure(stream: TextIO | None = None) -> None:
    """Set structlog up, and send what libraries log through it."""
    target = stream if stream is not None else sys.stderr
    terminal = target is not None and target.isatty()
    renderer: list[Any]
    if terminal:
        colours = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        renderer = [
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            _one_line,
            structlog.dev.ConsoleRenderer(colors=colours, sort_keys=False, pad_event_to=0),
        ]
    else:
        renderer = [
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ]
        if _is_journal(target):
            renderer.append(_with_priority)
    structlog.configure(
        processors=[structlog.processors.add_log_level, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _Writer(target),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Bridge()]
    root.setLevel(logging.WARNING)


class _Writer:
    """A logger that writes lines and never raises."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def _write(self, message: str) -> None:
        with suppress(OSError, ValueError, AttributeError):
            self._stream.write(message + "\n")  # type: ignore[union-attr]
            self._stream.flush()  # type: ignore[union-attr]

    debug = info = warning = error = critical = msg = _write


class _Bridge(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        level = {logging.WARNING: "warning"}.get(
            record.levelno, "error" if record.levelno > logging.WARNING else "info"
        )
        getattr(structlog.get_logger(), level)(record.getMessage(), logger=record.name)


def _is_journal(stream: TextIO | None) -> bool:
    """Is the stream the one that systemd connected to the journal?"""
    with suppress(OSError, ValueError, AttributeError):
        status = os.fstat(stream.fileno())  # type: ignore[union-attr]
        return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
    return False


def _with_priority(_logger: Any, method: str, line: Any) -> str:
    """``<4>{…}``: journald takes the priority off. JSON has no line breaks, so nothing in it can forge another."""
    return f"<{_PRIORITIES.get(method, 6)}>{line}"


def _one_line(_logger: Any, _method: str, event: Any) -> Any:
    """For the terminal: no value may break the line or steer the terminal."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable() and key != "exception":
            event[key] = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value)
    return event

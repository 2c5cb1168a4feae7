"""Logs on standard error: readable on a terminal, native fields in the journal, one JSON object a line otherwise.

A pass never waits for the log: when standard error or journald is closed, full, unread or gone, lines are dropped.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import structlog

from supervisor.core.text import json_text, printable
from supervisor.process import journal as journald

IDENTIFIER = "runtime-supervisor"
FIELD_PREFIX = "SUPERVISOR_"

_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
_NUMBERS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_LEVELS = {logging.WARNING: "warning", logging.ERROR: "error", logging.CRITICAL: "critical"}


def get_logger() -> Any:
    """What lines are written with. It may be taken before ``configure`` is called."""
    return structlog.get_logger()


def configure(
    descriptor: int = 2,
    environ: Mapping[str, str] | None = None,
    journal: str = journald.SOCKET,
    identifier: str = IDENTIFIER,
    level: str = "info",
) -> None:
    """Set structlog up for what standard error is, and send what libraries log through it.

    A line has an ``event``, which programs look for, and may have a ``message``: the same as a sentence for people,
    who then need none of its other fields.
    """
    environ = os.environ if environ is None else environ
    stream = _Stream(descriptor)
    target: _Target
    renderer: list[Any]
    if os.isatty(descriptor) if stream.is_open else False:
        colours = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        target = stream
        renderer = [
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            _sentence_alone,
            _one_line,
            structlog.dev.ConsoleRenderer(colors=colours, sort_keys=False, pad_event_to=0),
        ]
    elif stream.is_journal(environ):
        target = _JournalTarget(journal, stream)
        renderer = [structlog.processors.format_exc_info, partial(_journal_fields, identifier)]
    else:
        target = stream
        renderer = [
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ]
    structlog.configure(
        processors=[structlog.processors.add_log_level, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_NUMBERS[level]),
        logger_factory=lambda *_: _Logger(target),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Bridge()]
    root.setLevel(logging.WARNING)


def set_level(level: str) -> None:
    """Drop lines below this level from now on."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_NUMBERS[level]))


class _Target(Protocol):
    def write(self, line: Any) -> None: ...


class _Logger:
    """What structlog hands its lines to."""

    def __init__(self, target: _Target) -> None:
        self._target = target

    def msg(self, line: Any = None, **fields: str) -> None:
        self._target.write(fields or line)

    debug = info = warning = error = critical = msg


class _Stream:
    """Standard error, written to without ever waiting for whoever reads it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._torn = False
        self.is_open = True
        try:
            mode = os.fstat(descriptor).st_mode
        except OSError:
            self.is_open = False
            return
        if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
            # Opened again: O_NONBLOCK on the descriptor that we got would hold for our parent, too.
            with suppress(OSError):
                self._descriptor = os.open(
                    f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
                )
        elif stat.S_ISSOCK(mode):
            # A socket cannot be opened again; the one of systemd belongs to this process alone.
            with suppress(OSError):
                os.set_blocking(descriptor, False)

    def is_journal(self, environ: Mapping[str, str]) -> bool:
        """Is this the stream that systemd connected to the journal?"""
        with suppress(OSError):
            status = os.fstat(self._descriptor)
            return self.is_open and environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
        return False

    def write(self, line: Any) -> None:
        data = ("\n" if self._torn else "") + f"{line}\n"
        encoded = data.encode("utf-8", "backslashreplace")
        with suppress(OSError):
            self._torn = os.write(self._descriptor, encoded) != len(encoded) if self.is_open else False


class _JournalTarget:
    """journald's native socket; its stream, with a priority in front, when that does not answer."""

    def __init__(self, path: str, fallback: _Stream) -> None:
        self._path = path
        self._fallback = fallback

    def write(self, line: Any) -> None:
        try:
            journald.send(line, self._path)
        except OSError:
            # JSON has no raw line breaks, so nothing in it can forge a priority.
            self._fallback.write(f"<{line['PRIORITY']}>{json_text(line)}")


class _Bridge(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        getattr(structlog.get_logger(), _LEVELS.get(record.levelno, "info"))(record.getMessage(), logger=record.name)


def _journal_fields(identifier: str, _logger: Any, method: str, event: Any) -> tuple[tuple[()], dict[str, str]]:
    """MESSAGE is a sentence for people; every value is a field ``SUPERVISOR_NAME``."""
    kind = str(event.pop("event", ""))
    why = "".join(f": {event[key]}" for key in ("error", "why", "what") if key in event)
    message = printable(str(event.pop("message", f"{kind}{why}")))
    fields = {
        "PRIORITY": str(_PRIORITIES.get(method, 6)),
        "SYSLOG_IDENTIFIER": identifier,
        f"{FIELD_PREFIX}EVENT": kind,
    }
    event.pop("level", None)
    for name, value in event.items():
        text = value if isinstance(value, str) else json_text(value)
        fields[FIELD_PREFIX + "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()] = text
    return (), {"MESSAGE": message, **fields}


def _sentence_alone(_logger: Any, _method: str, event: Any) -> Any:
    """For the terminal: a line with a sentence is that sentence."""
    kept = ("timestamp", "level", "exception")
    if "message" not in event:
        return event
    return {"event": event["message"]} | {key: event[key] for key in kept if key in event}


def _one_line(_logger: Any, _method: str, event: Any) -> Any:
    """For the terminal: no value may break the line or steer the terminal."""
    return {
        key: printable(value) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }

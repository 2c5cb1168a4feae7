"""Our events in the log: those that are there and, on demand, new ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from supervisor.core.announce.events import Event
from supervisor.core.instant import Duration, parse_instant
from supervisor.errors import EventLogError
from supervisor.files import eventlog
from supervisor.process.clock import Clock

_PERIOD = 0.25


def follow(
    path: str, go_on: bool, since: Duration | None, type_: str | None, subject: str | None
) -> Iterator[list[Event]]:
    """Batches of matching events: those that are there and, when ``go_on``, new ones without end."""
    oldest = None if since is None else Clock().now() - since
    offset = inode = 0
    never = threading.Event()
    while True:
        try:
            events, offset, inode = eventlog.read(path, offset, inode)
        except EventLogError as error:
            # Nothing was ever announced, or it was rotated away and nothing has come since.
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            events = []
        wanted = [event for event in events if _wanted(event, oldest, type_, subject)]
        if wanted:
            yield wanted
        if not go_on:
            return
        # A file that others append to and rotate: looking at it is what tail -F does, too.
        never.wait(_PERIOD)


def _wanted(event: Event, oldest: int | None, type_: str | None, subject: str | None) -> bool:
    if type_ is not None and event["type"] != type_:
        return False
    if subject is not None and event["subject"] != subject:
        return False
    if oldest is None:
        return True
    try:
        return parse_instant(event["time"]) >= oldest
    except ValueError:
        return False

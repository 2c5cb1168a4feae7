"""Events as CloudEvents 1.0 JSON: their identity, their line in the log, and reading them back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from supervisor.core.instant import Instant, format_instant, parse_instant
from supervisor.core.model.findings import EventType
from supervisor.core.text import json_text
from supervisor.errors import InvariantError

Event = Mapping[str, Any]

LINE_LIMIT = 64 * 1024
"""Bytes of one line of the log at most, its newline included."""

_OURS = "/runtime-supervisor/"
_CUTTABLE = ("affects", "evidence", "blocked_by", "root_causes", "candidates")
_TYPES = frozenset(EventType)


class Position(NamedTuple):
    """How far a log was taken in: a file by its inode and the bytes before the offset, whatever its name is now."""

    inode: int
    offset: int
    tail: str


START = Position(0, 0, "")


def event_source(name: str) -> str:
    """``source`` of every event of the supervisor of this name."""
    return f"{_OURS}{name}"


def make_event(source: str, sequence: int, now: Instant, type_: EventType, subject: str, data: dict[str, Any]) -> Event:
    """One event. Its id follows from what it says, its place in the sequence and its time: nothing random."""
    time = format_instant(now)
    identity = "\n".join((source, str(sequence), time, type_, subject, str(data.get("fingerprint", ""))))
    return {
        "specversion": "1.0",
        "id": hashlib.sha256(identity.encode()).hexdigest()[:32],
        "source": source,
        "type": type_.value,
        "subject": subject,
        "time": time,
        "datacontenttype": "application/json",
        "sequence": str(sequence),
        "data": data,
    }


def event_line(event: Event) -> bytes:
    """The event as one line of at most ``LINE_LIMIT`` bytes; lists are halved until it fits, ``truncated`` says so."""
    line = _encode(event)
    if len(line) <= LINE_LIMIT:
        return line
    data = dict(event["data"]) | {"truncated": True}
    while len(line := _encode({**event, "data": data})) > LINE_LIMIT:
        longest = max(_CUTTABLE, key=lambda key: len(_encode(data.get(key) or [])))
        entries = data.get(longest) or []
        if not entries:
            # Names, ids and values are bounded where they are read, so only prose can be this long.
            data["reason"] = str(data.get("reason", ""))[:1000]
            line = _encode({**event, "data": data})
            if len(line) > LINE_LIMIT:
                raise InvariantError(f"cannot cut an event to {LINE_LIMIT} bytes: its names are too long")
            return line
        data[longest] = entries[: len(entries) // 2]
    return line


def _encode(value: object) -> bytes:
    return json_text(value).encode() + b"\n"


def parse_line(line: bytes, source: str | None = None) -> Event | None:
    """The event of ours on this line (of ``source`` alone, if given), or None: others share the log."""
    if len(line) > LINE_LIMIT or b'"/runtime-supervisor/' not in line:
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        return None
    mine = str(event.get("source")).startswith(_OURS) if source is None else event.get("source") == source
    texts = (event.get("type"), event.get("subject"), event.get("time"), event.get("id"))
    if not mine or not all(isinstance(text, str) for text in texts) or event["type"] not in _TYPES:
        return None
    try:
        parse_instant(event["time"])
    except ValueError:
        return None
    sequence = event.get("sequence")
    sound = isinstance(sequence, str) and sequence.isascii() and sequence.isdigit() and len(sequence) < 19
    return event if sound else None

"""The checkpoint: what is open, and how far the log was read. It is read, replaced in one step, or set aside.

Who may write it is another matter: ``lock``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from operator import attrgetter
from typing import Any, NamedTuple

from supervisor.core.announce.events import START, Position
from supervisor.core.announce.ledger import Ledger, OpenEntry
from supervisor.core.announce.overview import Overview
from supervisor.core.instant import Duration, Instant, format_duration, format_instant, parse_duration, parse_instant
from supervisor.core.model.findings import Summary
from supervisor.core.text import json_text, quoted
from supervisor.errors import CheckpointError
from supervisor.files import atomic
from supervisor.files.reading import printable_path, reason

VERSION = 1
_LIMIT = 256 << 20
_FINGERPRINT = re.compile("[0-9a-f]{16}")
_MAX_SEQUENCE = 10**17
"""Readers of the log pass over longer numbers."""
_MAX_SUBJECT = 24 << 10
"""Bytes, of which an event's line has room for two; a subject is at most a path, with each of its bytes escaped."""
_MAX_WORD = 100


class Checkpoint(NamedTuple):
    """What a pass leaves: for the next pass ``ledger`` and ``position``, for screens all of it.

    ``watch`` says how changes are noticed, None when no daemon wrote it; ``updated`` is when it was saved; ``overview``
    is None, and ``resync_interval`` (nanoseconds), before the first pass.
    """

    ledger: Ledger
    position: Position = START
    watch: str | None = None
    updated: Instant = 0
    overview: Overview | None = None
    resync_interval: Duration | None = None


class DamagedError(CheckpointError):
    """The file is not a checkpoint of this version."""


def load(path: str) -> Checkpoint | None:
    """The checkpoint, None when there is none; DamagedError when it makes no sense, CheckpointError when unreadable."""
    try:
        descriptor = atomic.open_ours(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CheckpointError(f"cannot read {printable_path(path)}: it {atomic.why(error)}") from error
    return _read(path, descriptor)


def view(path: str) -> Checkpoint | None:
    """Like ``load``, for people: anybody's regular file will do, nothing is written because of it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CheckpointError(f"cannot read {printable_path(path)}: {reason(error)}") from error
    return _read(path, descriptor)


def _read(path: str, descriptor: int) -> Checkpoint:
    try:
        with open(descriptor, "rb") as file:
            size = os.fstat(descriptor).st_size
            data = file.read(size) if size <= _LIMIT else b""
    except OSError as error:
        raise CheckpointError(f"cannot read {printable_path(path)}: {reason(error)}") from error
    try:
        return _decode(json.loads(data, object_hook=_entry_or_object))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(
            f"cannot use {printable_path(path)}: it is not a checkpoint of version {VERSION} ({error})"
        ) from error


def save(path: str, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint durably. CheckpointError when that fails: the old or the new one is there, and whole."""
    data = _encode(checkpoint).encode()
    try:
        with atomic.replacing(path) as new:
            new.file.write(data)
            new.commit()
    except OSError as error:
        raise CheckpointError(f"cannot replace {printable_path(path)}: it {atomic.why(error)}") from error


def set_aside(path: str, now: Instant) -> str:
    """Rename a damaged checkpoint to ``….corrupt-<time>``; the new name."""
    aside = f"{path}.corrupt-{format_instant(now).replace(':', '')}"
    try:
        os.rename(path, aside)
    except OSError as error:
        raise CheckpointError(f"cannot set {printable_path(path)} aside: it {atomic.why(error)}") from error
    return aside


def stamp(path: str) -> tuple[int, int, int] | None:
    """Inode, size and time of change: the same as long as the file is the one that was saved; None when it is gone."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _encode(checkpoint: Checkpoint) -> str:
    """A line for each open recommendation: for people and their tools, and because each line is made only once."""
    ledger, position = checkpoint.ledger, checkpoint.position
    overview, interval = checkpoint.overview, checkpoint.resync_interval
    parts = {
        "log": {"inode": position.inode, "offset": position.offset, "tail": position.tail},
        "watch": checkpoint.watch,
        "updated": format_instant(checkpoint.updated),
        "resync_interval": None if interval is None else format_duration(interval),
        "counts": None if overview is None else dict(overview.counts),
        "unmanaged": None if overview is None else overview.unmanaged,
    }
    head = f'{{\n "version": {VERSION},\n "sequence": {ledger.sequence},\n "summary": {json_text(ledger.summary)},\n'
    tail = "".join(f',\n "{name}": {json_text(value)}' for name, value in parts.items())
    # Thousands of lines: nothing is done to each of them, and the text is put together once.
    lines = list(map(attrgetter("line"), map(ledger.open.__getitem__, sorted(ledger.open))))
    if not lines:
        return f'{head} "open": {{}}{tail}\n}}\n'
    lines[0] = f'{head} "open": {{\n  {lines[0]}'
    lines[-1] = f"{lines[-1]}\n }}{tail}\n}}\n"
    return ",\n  ".join(lines)


def _is_short(text: Any, limit: int) -> bool:
    return isinstance(text, str) and text.isprintable() and len(json_text(text).encode()) <= limit


def _entry_or_object(value: dict[str, Any]) -> OpenEntry | dict[str, Any]:
    """Each entry is made as soon as it is read: thousands of them at once as objects would take a lot of memory."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        if value.keys() - {"announced", "needed_by"} == {"recommendation", "first_seen", "last_event"}:
            return _entry(value)
    # An entry that is wrong is refused where it stands, with the reason.
    return value


def _entry(value: Mapping[str, Any]) -> OpenEntry:
    recommendation = value["recommendation"]
    words = [recommendation.get(key, "") for key in ("action", "severity")]
    if not _is_short(recommendation["subject"], _MAX_SUBJECT) or not all(_is_short(word, _MAX_WORD) for word in words):
        raise ValueError(f"the entry {quoted(str(recommendation['fingerprint']))} could never be said to be resolved")
    return OpenEntry.of(
        recommendation,
        parse_instant(value["first_seen"]),
        parse_instant(value["last_event"]),
        announced=value.get("announced", True) is not False,
        needed_by=_texts(value.get("needed_by", [])),
    )


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError("must be a list of texts")
    return tuple(value)


def _decode(document: Any) -> Checkpoint:
    if document["version"] != VERSION:
        raise ValueError(f"its version is {document['version']!r}")
    entries: dict[str, OpenEntry] = {}
    for key, value in document["open"].items():
        entry = value if isinstance(value, OpenEntry) else _entry(value)
        if entry.fingerprint != key or not _FINGERPRINT.fullmatch(key):
            raise ValueError(f"the entry {quoted(key)} contradicts itself")
        entries[key] = entry
    sequence, summary, log, watch = document["sequence"], document["summary"], document["log"], document.get("watch")
    position = Position(log["inode"], log["offset"], log["tail"])
    if not all(type(count) is int and count >= 0 for count in (sequence, position.inode, position.offset)):
        raise ValueError("sequence, inode and offset must be whole numbers")
    if sequence >= _MAX_SEQUENCE:
        raise ValueError("its sequence was never reached")
    if not isinstance(position.tail, str) or not isinstance(watch, str | None):
        raise ValueError("tail and watch must be texts")
    ledger = Ledger(sequence, None if summary is None else Summary(summary), entries)
    updated, interval = parse_instant(document["updated"]), document.get("resync_interval")
    resync_interval = None if interval is None else parse_duration(interval)
    return Checkpoint(ledger, position, watch, updated, _overview(document), resync_interval)


def _overview(document: Any) -> Overview | None:
    """None in a checkpoint that an earlier release wrote."""
    counts, unmanaged = document.get("counts"), document.get("unmanaged")
    if counts is None or unmanaged is None:
        return None
    if not all(type(count) is int and count >= 0 for count in counts.values()):
        raise ValueError("counts must be whole numbers")
    return Overview(counts, _texts(unmanaged))

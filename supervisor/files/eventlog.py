"""The shared, append-only event log: appending durably, and finding our own events again.

Promises: what ``append`` returned from is on disk; a line of ours is never put on the line of a fragment; other
writers' lines are left alone; nothing is written to a file that is not a regular file of ours. A crash may leave a
torn line: the next append ends it with a newline first, and readers skip it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from supervisor.core.announce.events import LINE_LIMIT, START, Event, Position, event_line, parse_line
from supervisor.errors import EventLogError
from supervisor.files import atomic
from supervisor.files.reading import kind_of, printable_path, reason

_TAIL = 512
_CHUNK = 1 << 20
_LOOKS = 10


def append(path: str, events: Iterable[Event]) -> Position:
    """Append events and make them durable; the position behind them. EventLogError when that cannot be promised.

    After an error some of the events may be in the log: ``recover`` from the last known position tells which.
    """
    # All of it before the log is looked at: somebody may tear a line between that look and the write.
    data = b"".join(event_line(event) for event in events)
    made_by_root = _is_made_by_root(path)
    try:
        descriptor = atomic.open_ours(path, os.O_RDWR | os.O_APPEND | (0 if made_by_root else os.O_CREAT))
        try:
            _end_fragment(descriptor)
            written = os.write(descriptor, data)
            if written != len(data):
                # Nobody should write on what is left of a line; on a full disk this fails, and with the reason.
                _end_fragment(descriptor)
                raise EventLogError(
                    f"cannot append to {printable_path(path)}: only {written} of {len(data)} bytes were written"
                )
            # With O_APPEND the offset is now behind our bytes, also when others append.
            end = os.lseek(descriptor, 0, os.SEEK_CUR)
            os.fsync(descriptor)
            if end == len(data):
                # The first line of a new file, whose name may not be on disk yet.
                atomic.sync_folder(path)
            return _position(descriptor, end)
        finally:
            os.close(descriptor)
    except OSError as error:
        if made_by_root and isinstance(error, FileNotFoundError):
            raise EventLogError(
                f"cannot append to {printable_path(path)}: root shares it with a group, and has not made it again "
                "since it was rotated; systemd-tmpfiles --create makes it"
            ) from error
        raise EventLogError(f"cannot append to {printable_path(path)}: it {atomic.why(error)}") from error


def _is_made_by_root(path: str) -> bool:
    """Whether root shares the log with a group, by the log that was rotated last.

    Made by us in the moment between renaming and making, the new log would be ours alone, and shut the others out.
    """
    with suppress(OSError):
        before = os.lstat(f"{path}.1")
        return before.st_uid == 0 != os.geteuid() and bool(before.st_mode & stat.S_IWGRP)
    return False


def recover(path: str, position: Position, source: str) -> tuple[list[Event], Position]:
    """Our events of ``source`` after ``position``, by their sequence, and the position behind the log's last line.

    Logs that were renamed in their folder are looked through as well: there may have been several rotations since. A
    file that is not the one of ``position`` is read from its start, so earlier events may come again. A last line
    without its newline is ended, so that nobody writes on it; what is returned is durable.
    """
    try:
        for _ in range(_LOOKS):
            names = _names(path)
            events, end = _recover(path, position, source)
            # A file renamed meanwhile may never have been under the name that was being looked at.
            if _names(path) == names:
                return sorted(events, key=lambda event: int(event["sequence"])), end
        raise EventLogError(f"cannot read {printable_path(path)}: files beside it are renamed again and again")
    except OSError as error:
        raise EventLogError(f"cannot read {printable_path(path)}: it {atomic.why(error)}") from error


def _recover(path: str, position: Position, source: str) -> tuple[list[Event], Position]:
    events: list[Event] = []
    end = START
    for other in _siblings(path):
        # A file of somebody else is not our log. Anything else that fails hides events: then nothing can be said.
        with suppress(atomic.UnsafeError, PermissionError), _opened(other) as descriptor:
            if descriptor is not None:
                behind, _ = _events(descriptor, _start(descriptor, position), source)
                if behind:
                    os.fsync(descriptor)
                events += behind
    with _opened(path, os.O_RDWR | os.O_APPEND) as descriptor:
        if descriptor is not None:
            _end_fragment(descriptor)
            start = _start(descriptor, position)
            behind, offset = _events(descriptor, start, source)
            if behind:
                # Whoever wrote them died before they were durable, or was told that they are not.
                _write_again(descriptor, start, offset)
                os.fsync(descriptor)
                atomic.sync_folder(path)
            events += behind
            end = _position(descriptor, offset)
    return events, end


def of_all_sources(path: str) -> list[Event]:
    """The events of every supervisor in the log and the renamed logs beside it, by sequence; nothing is written.

    What cannot be read is passed over: this is for a hint, not for what is open.
    """
    events: list[Event] = []
    for name, _ in _names(path):
        with suppress(OSError), _opened(name) as descriptor:
            if descriptor is not None:
                events += _events(descriptor, 0, None)[0]
    return sorted(events, key=lambda event: int(event["sequence"]))


def read(path: str, offset: int = 0, inode: int = 0) -> tuple[list[Event], int, int]:
    """Our events (of any host) from ``offset`` on, the offset behind the last whole line, and the file's inode.

    When the file at ``path`` is not the one with ``inode`` any more, what is left of that one comes first, if it is
    still in the folder, and what was in those renamed after it. For people: any readable file will do.
    """
    try:
        with _for_reading(path) as file:
            status = os.fstat(file.fileno())
            same = status.st_ino == inode
            before = [] if same or not inode else _rest_of(path, inode, offset)
            events, end = _events(file.fileno(), offset if same and status.st_size >= offset else 0, None)
            return before + events, end, status.st_ino
    except OSError as error:
        raise EventLogError(f"cannot read {printable_path(path)}: {reason(error)}") from error


def _for_reading(path: str) -> BinaryIO:
    return open(path, "rb", opener=_opener)


def _opener(path: str, flags: int) -> int:
    """Whoever may write to the folder can put a device there that never ends, or a FIFO."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise atomic.UnsafeError(f"it is {kind_of(mode)}, not a regular file")
    return descriptor


def _rest_of(path: str, inode: int, offset: int) -> list[Event]:
    """What stands behind ``offset`` in the log that had this inode, and in those that were renamed after it."""
    renamed: list[tuple[int, int, str]] = []
    for sibling in _siblings(path):
        with suppress(OSError):
            status = os.stat(sibling)
            renamed.append((status.st_mtime_ns, status.st_ino, sibling))
    renamed.sort()
    at = next((index for index, (_, number, _) in enumerate(renamed) if number == inode), len(renamed))
    events: list[Event] = []
    for _, number, sibling in renamed[at:]:
        with suppress(OSError), _for_reading(sibling) as file:
            events += _events(file.fileno(), offset if number == inode else 0, None)[0]
    return events


def _siblings(path: str) -> list[str]:
    """Other files in the folder whose names begin with that of ``path``."""
    folder, name = os.path.split(os.path.abspath(path))
    with suppress(FileNotFoundError, PermissionError):
        return [
            os.path.join(folder, other)
            for other in sorted(os.listdir(folder))
            if other != name and other.startswith(name)
        ]
    return []


def _names(path: str) -> list[tuple[str, int]]:
    """The log and its siblings, each with its inode; those of strangers may come and go as they like."""
    names = []
    for name in (path, *_siblings(path)):
        with suppress(FileNotFoundError):
            status = os.lstat(name)
            if status.st_uid in (os.geteuid(), 0):
                names.append((name, status.st_ino))
    return names


@contextmanager
def _opened(path: str, flags: int = os.O_RDONLY) -> Iterator[int | None]:
    try:
        descriptor = atomic.open_ours(path, flags)
    except FileNotFoundError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _end_fragment(descriptor: int) -> None:
    """End a torn last line, so that the next line stands alone."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")


def _write_again(descriptor: int, start: int, end: int) -> None:
    """Write the same bytes where they are; the descriptor no longer appends afterwards.

    After a failed fsync Linux calls the pages written, so that the next fsync would prove nothing.
    """
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) & ~os.O_APPEND)
    while start < end:
        # What is gone by now was taken by somebody who shortens the log: no holes in what is left.
        data = os.pread(descriptor, min(_CHUNK, end - start), start)
        if not data:
            return
        start += os.pwrite(descriptor, data, start)


def _position(descriptor: int, end: int) -> Position:
    start = max(0, end - _TAIL)
    digest = hashlib.sha256(os.pread(descriptor, end - start, start)).hexdigest()[:32]
    return Position(os.fstat(descriptor).st_ino, end, digest)


def _start(descriptor: int, position: Position) -> int:
    """Where to read on: at the position if this is the file it speaks of, not shortened or replaced since."""
    status = os.fstat(descriptor)
    if status.st_ino != position.inode or status.st_size < position.offset:
        return 0
    return position.offset if _position(descriptor, position.offset) == position else 0


def _events(descriptor: int, offset: int, source: str | None) -> tuple[list[Event], int]:
    """Our events from ``offset`` on, and the offset behind the last line that is whole.

    What is behind it is still being written, or torn: it is left for later.
    """
    events: list[Event] = []
    rest, at = b"", offset
    while chunk := os.pread(descriptor, _CHUNK, at):
        *lines, rest = (rest + chunk).split(b"\n")
        events += (event for line in lines if (event := parse_line(line, source)) is not None)
        at += len(chunk)
        if lines:
            offset = at - len(rest)
        # Whoever never ends a line must not fill our memory: it is too long to be a line of ours already.
        rest = rest[: LINE_LIMIT + 1]
    # Whole but for its newline: the crash came between the two.
    event = parse_line(rest, source) if rest else None
    if event is not None:
        events.append(event)
        offset += len(rest)
    return events, offset

"""Bytes of a file that may be hostile, huge, or changing while it is read."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from supervisor.core.text import place_in, printable
from supervisor.errors import MalformedError, UnreadableError

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

_CHUNK = 16 << 10


class _ChangingError(Exception):
    """The file changed between the first and the last look at it."""


Signature = tuple[int, int, int, int, int]
"""Device, inode, size, and the times of modification and change: what tells a file from another file at its place."""


class Content(NamedTuple):
    """A file's bytes and how it looked when they were read; times in nanoseconds since the epoch."""

    data: bytes
    signature: Signature

    @property
    def modified_at(self) -> int:
        return self.signature[3]

    def text(self) -> str:
        """As UTF-8. MalformedError when it is not."""
        return _decode(self.data)


Settle = Callable[[int | None], bool]
"""Told when a file was modified; where that is only just past, or None, waits until it is not, and says True."""


_Path = str | bytes
_Read = Callable[[_Path, int, Settle | None], Content]


def signature(status: os.stat_result) -> Signature:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def read_text(path: _Path, max_bytes: int, settle: Settle | None = None) -> str:
    """Like ``read_file``, as text; MalformedError when it is not UTF-8."""
    return read_file(path, max_bytes, settle).text()


def read_file(path: _Path, max_bytes: int, settle: Settle | None = None) -> Content:
    """A regular file of at most ``max_bytes``, the same before and after it was read.

    Raises UnreadableError (FileNotFoundError goes through) when the bytes cannot be had. A file that is being written
    is read again a few times, then refused: half a YAML file is mostly still YAML, with other services. ``settle``
    guards against writers that pause between two writes.
    """
    return _read(path, max_bytes, settle, _read_filled)


def _read(path: _Path, max_bytes: int, settle: Settle | None, read: _Read) -> Content:
    try:
        try:
            return read(path, max_bytes, settle)
        except _ChangingError:
            return _read_again(path, max_bytes, settle, read)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableError(f"cannot be read: {reason(error)}") from error


class Unread(NamedTuple):
    """A file that could not be read: why, and whether there is no such file."""

    fault: str
    is_absent: bool = False


def read_files(
    folder: str, names: Mapping[str, bool], max_bytes: int, settle: Settle | None = None
) -> Iterator[tuple[str, Content | Unread]]:
    """``read_file`` for many files of a folder, by their relative paths; True for those that nobody is writing.

    Files that seem to be empty come last, after one wait for all of them: each alone would be waited for.
    """
    empty: dict[str, Content] = {}
    for name, whole in names.items():
        content = _read_or_say_why(f"{folder}/{name}", max_bytes, None if whole else settle, _read_settled)
        if settle is not None and not whole and isinstance(content, Content) and not content.data:
            empty[name] = content
        else:
            yield name, content
    # Whoever truncated a file may be about to write it; see ``read_file``.
    sure = not empty or settle is None or not settle(None)
    for name, first in empty.items():
        path = f"{folder}/{name}"
        again = first if sure else _read_or_say_why(path, max_bytes, None, _read_settled)
        yield name, again if again == first else _read_or_say_why(path, max_bytes, settle, _read_filled)


def _read_or_say_why(path: str, max_bytes: int, settle: Settle | None, read: _Read) -> Content | Unread:
    try:
        return _read(path, max_bytes, settle, read)
    except FileNotFoundError:
        return Unread("there is no such file", is_absent=True)
    except UnreadableError as error:
        return Unread(error.message)


def reason(error: OSError) -> str:
    """An OSError in words, without the path (the caller names it in its own way)."""
    if error.errno == errno.ELOOP:
        return "too many symbolic links"
    return error.strerror or type(error).__name__


def kind_of(mode: int) -> str:
    """What a path is that is not a regular file, in words."""
    return _KINDS.get(stat.S_IFMT(mode), "something odd")


def printable_path(path: str | bytes) -> str:
    """A file name as text that can be printed: bytes that are not UTF-8 and control characters as escapes."""
    return printable(os.fsencode(path).decode("utf-8", "backslashreplace"))


def _read_again(path: _Path, max_bytes: int, settle: Settle | None, read: _Read) -> Content:
    # Only a file that changes under us pays for the import.
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

    attempts = Retrying(
        retry=retry_if_exception_type(_ChangingError),
        stop=stop_after_attempt(4),
        wait=wait_exponential(multiplier=0.005, max=0.05),
        reraise=True,
    )
    try:
        return attempts(read, path, max_bytes, settle)
    except _ChangingError:
        raise UnreadableError("changes while it is read; it will be read again") from None


def _read_filled(path: _Path, max_bytes: int, settle: Settle | None) -> Content:
    # Linux shows the size of a truncated file a moment before its new time: an empty file may be one that is being
    # written, whatever its time says.
    content = _read_settled(path, max_bytes, settle)
    if not content.data and settle is not None and settle(None) and _read_stable(path, max_bytes, None) != content:
        raise _ChangingError
    return content


def _read_settled(path: _Path, max_bytes: int, settle: Settle | None) -> Content:
    # Where a file was waited for, another file may stand there by now.
    content = _read_stable(path, max_bytes, settle) or _read_stable(path, max_bytes, settle)
    if content is None:
        raise _ChangingError
    return content


def _read_stable(path: _Path, max_bytes: int, settle: Settle | None) -> Content | None:
    """None for a file that was modified only just now, after a wait."""
    # Not blocking: opening a FIFO that nobody writes to would hang.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise UnreadableError(f"cannot be read: it is {kind_of(before.st_mode)}")
        if before.st_size > max_bytes:
            raise UnreadableError(f"is too large: {before.st_size} bytes, and max_input_bytes is {max_bytes}")
        # Before the bytes are read: a reader that was held up between bytes and question would find its half a file
        # old.
        if settle is not None and settle(before.st_mtime_ns):
            return None
        # A byte more than there should be: what has grown meanwhile is read again. Files of /proc say they are empty.
        data = os.read(descriptor, min(max(before.st_size, _CHUNK), max_bytes) + 1)
        # Some filesystems give less than they are asked for.
        while 0 < len(data) < before.st_size and (more := os.read(descriptor, before.st_size + 1 - len(data))):
            data += more
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if len(data) > max_bytes:
        raise UnreadableError(f"is too large: more than {max_bytes} bytes (max_input_bytes)")
    if len(data) != after.st_size or (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise _ChangingError
    return Content(data, signature(after))


def _decode(data: bytes) -> str:
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        at = error.start + len(data) - len(body)
        hint = " (it looks like UTF-16)" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else ""
        raise MalformedError(f"is not UTF-8 at byte {at}{hint}", *place_of(data, at)) from None
    nul = text.find("\0")
    if nul >= 0:
        raise MalformedError("contains a NUL character", *place_in(text, nul))
    return text


def place_of(data: bytes, offset: int) -> tuple[int, int]:
    """1-based line and column (in bytes) of an offset."""
    return data.count(b"\n", 0, offset) + 1, offset - data.rfind(b"\n", 0, offset)

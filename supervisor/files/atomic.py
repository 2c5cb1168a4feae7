"""Safe ground for what is written: files opened in folders that others can write to, and replacement as one step.

``/tmp`` is hostile ground: a name there may be a link, a FIFO or somebody else's file. What is not a regular file of
ours with one name is refused, by name, before a byte is written.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from supervisor.files.reading import kind_of

_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class UnsafeError(OSError):
    """A path does not lead to a regular file of ours; the message says to what."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.strerror = why


def open_ours(path: str, flags: int, mode: int = 0o644) -> int:
    """A descriptor of the regular file at ``path``; with O_CREAT in ``flags`` a new one is created when there is none.

    Raises UnsafeError when the path leads to anything but a file that we or root own, with one name, and that not
    everybody may write to; OSError otherwise.
    """
    create = flags & os.O_CREAT
    while True:
        try:
            # Without O_CREAT first: fs.protected_regular refuses it in /tmp even for a file that is rightly ours.
            descriptor = os.open(path, (flags & ~os.O_CREAT) | _FLAGS)
        except FileNotFoundError:
            if not create:
                raise
            try:
                descriptor = os.open(path, flags | os.O_EXCL | _FLAGS, mode)
            except FileExistsError:
                if os.path.islink(path):
                    raise UnsafeError("is a symbolic link") from None
                continue
        except OSError as error:
            raise _explained(path, error) from error
        try:
            check_ours(os.fstat(descriptor))
        except UnsafeError:
            os.close(descriptor)
            raise
        return descriptor


def check_ours(status: os.stat_result) -> None:
    """UnsafeError unless ``status`` is that of a file we may trust."""
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeError(f"is {kind_of(status.st_mode)}, not a regular file")
    if status.st_nlink > 1:
        raise UnsafeError("has other hard links")
    if status.st_uid not in (os.geteuid(), 0):
        raise UnsafeError(f"belongs to user {status.st_uid}, not to user {os.geteuid()} who runs this")
    if status.st_mode & stat.S_IWOTH:
        raise UnsafeError("may be written by everybody")


def why(error: OSError) -> str:
    """An error of an output in words: what the path is, or what failed and what would help."""
    text = error.strerror or type(error).__name__
    if isinstance(error, UnsafeError):
        return text
    if error.errno == errno.EROFS:
        text += "; a unit needs the folder in ReadWritePaths="
    elif error.errno in (errno.EACCES, errno.EPERM):
        text += f" for user {os.geteuid()}; it may belong to another user"
    return f"cannot be used: {text}"


def sweep(path: str, before: int | None = None) -> None:
    """Take away what killed processes left of replacements of ``path``.

    Either the caller is the only one who makes them, or ``before`` says, in nanoseconds since the epoch, that what was
    written since then may still be in somebody's hands.
    """
    folder, name = os.path.split(os.path.abspath(path))
    left = re.compile(re.escape(name) + r"\.[0-9a-f]{16}\.tmp")
    with suppress(OSError):
        for entry in sorted(os.listdir(folder)):
            if left.fullmatch(entry):
                with suppress(OSError):
                    status = os.lstat(os.path.join(folder, entry))
                    check_ours(status)
                    if before is not None and status.st_mtime_ns >= before:
                        continue
                    os.unlink(os.path.join(folder, entry))


def _explained(path: str, error: OSError) -> OSError:
    """ELOOP, ENXIO and EISDIR as what is found at the path."""
    with suppress(OSError):
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode):
            return UnsafeError(f"is {kind_of(status.st_mode)}, not a regular file")
    return error


class Replacement:
    """A file being written beside the one it will replace."""

    def __init__(self, path: str, temporary: str, file: BinaryIO) -> None:
        self.file = file
        self._path = path
        self._temporary = temporary
        self.committed = False

    def commit(self) -> None:
        """Make it durable and put it in place: fsync the file, rename, fsync the folder."""
        self.file.flush()
        os.fsync(self.file.fileno())
        os.rename(self._temporary, self._path)
        self.committed = True
        sync_folder(self._path)


@contextmanager
def replacing(path: str, mode: int = 0o644) -> Iterator[Replacement]:
    """``with replacing(path) as new: new.file.write(...); new.commit()``; leaving without a commit discards.

    Raises UnsafeError when ``path`` is there and is not a regular file of ours.
    """
    with suppress(FileNotFoundError):
        check_ours(os.lstat(path))
    import secrets  # who only reads needs no randomness

    temporary = f"{path}.{secrets.token_hex(8)}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)
    replacement: Replacement | None = None
    try:
        with open(descriptor, "wb") as file:
            replacement = Replacement(path, temporary, file)
            os.fchmod(descriptor, mode)
            yield replacement
    finally:
        if replacement is None or not replacement.committed:
            with suppress(OSError):
                os.unlink(temporary)


def sync_folder(path: str) -> None:
    """fsync the folder that ``path`` is in, so that its names are durable."""
    descriptor = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The lock beside the checkpoint: one supervisor at a time, whatever becomes of the one that held it."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from supervisor.core.instant import Instant
from supervisor.errors import CheckpointError, LockedError
from supervisor.files import atomic
from supervisor.files.reading import printable_path, reason


def lock_path(checkpoint: str) -> str:
    return f"{checkpoint}.lock"


class Lock:
    """One supervisor per checkpoint: an flock on ``<checkpoint>.lock``, which dies with its process."""

    def __init__(self, checkpoint: str) -> None:
        self._path = lock_path(checkpoint)
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """True when it was not held before; holding it already, makes sure that the file is still there.

        LockedError when another process holds it, CheckpointError when it cannot be taken.
        """
        if self._descriptor is not None and self._is_current(self._descriptor):
            return False
        self.release()
        try:
            descriptor = atomic.open_ours(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CheckpointError(f"cannot lock {printable_path(self._path)}: it {atomic.why(error)}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                raise LockedError(f"cannot lock {printable_path(self._path)}: another supervisor holds it") from None
            raise CheckpointError(f"cannot lock {printable_path(self._path)}: {reason(error)}") from error
        self._descriptor = descriptor
        if not self._is_current(descriptor):
            self.acquire()
        return True

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def mark(self, moment: Instant) -> None:
        """Set the time of the file that is held: a pass is over. CheckpointError when that fails."""
        if self._descriptor is None:
            return
        try:
            os.utime(self._descriptor, ns=(moment, moment))
        except OSError as error:
            raise CheckpointError(f"cannot mark {printable_path(self._path)}: {reason(error)}") from error

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _is_current(self, descriptor: int) -> bool:
        """False when the lock's file was removed or replaced: others would lock another one."""
        with suppress(OSError):
            return os.path.samestat(os.fstat(descriptor), os.lstat(self._path))
        return False

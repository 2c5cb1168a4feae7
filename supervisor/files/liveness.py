"""The time of the last pass, and whether a supervisor runs: told by the lock beside the checkpoint.

The lock is only looked at: whoever may open it could hold it.
"""

from __future__ import annotations

import os
import stat

from supervisor.core.announce.last_pass import LastPass
from supervisor.files.lock import lock_path


def last_pass(checkpoint: str, locks: str = "/proc/locks") -> LastPass:
    """By the time of the lock's file, and by the kernel's list of locks.

    A file of another owner than the checkpoint's tells nothing: anybody may have put it there.
    """
    try:
        owner = os.stat(checkpoint).st_uid
        status = os.lstat(lock_path(checkpoint))
    except FileNotFoundError:
        return LastPass(None, running=False)
    except OSError:
        return LastPass()
    if not stat.S_ISREG(status.st_mode) or status.st_uid != owner:
        return LastPass()
    return LastPass(status.st_mtime_ns, _is_held(status, locks))


def _is_held(status: os.stat_result, locks: str) -> bool | None:
    """None where the list cannot be read, or may name the file's device otherwise than stat does."""
    try:
        with open(locks, encoding="ascii", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    ours = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    holds: bool | None = False
    for line in lines:
        # 1: FLOCK  ADVISORY  WRITE 1234 fd:00:5678 0 EOF
        fields = line.split()
        if len(fields) < 6 or fields[1] != "FLOCK":
            continue
        device, _, inode = fields[5].rpartition(":")
        if inode == str(status.st_ino):
            if device == ours:
                return True
            holds = None
    return holds

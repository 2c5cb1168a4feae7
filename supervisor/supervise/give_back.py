"""Before the service starts: gives it the outputs that root left, say by one ``reconcile`` by hand.

The unit runs this as root. /tmp is hostile ground, so it goes by descriptors: what is not a regular file with one name
that belongs to root, user and group, is left alone. A log that root shares with a group on purpose is such a file.
"""

from __future__ import annotations

import os
import pwd
import stat
import sys
from contextlib import suppress

from supervisor.errors import SupervisorError
from supervisor.files.settings import load_settings
from supervisor.passes.caller import SERVICE, outputs

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def give_back(path: str, user: int, group: int) -> bool:
    """Whether the file at ``path`` was root's, and is now that user's. Raises OSError."""
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        is_roots = stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_uid == status.st_gid == 0
        if is_roots:
            os.fchown(descriptor, user, group)
        return is_roots
    finally:
        os.close(descriptor)


def main() -> None:
    """Never fails: whatever is wrong, the daemon itself says it better."""
    with suppress(KeyError, SupervisorError):
        service = pwd.getpwnam(SERVICE)
        for path in outputs(load_settings({}, os.environ)):
            with suppress(OSError):
                if give_back(path, service.pw_uid, service.pw_gid):
                    print(f"{path} belonged to root; it is {SERVICE}'s again", file=sys.stderr)


if __name__ == "__main__":
    main()

"""Where a path really is: on which filesystem, and whether others see it there.

What is in a private /tmp is invisible to others, and gone when the service stops.
"""

from __future__ import annotations

import os

MOUNTINFO = "/proc/self/mountinfo"


def is_private(path: str, mountinfo: str = MOUNTINFO) -> bool:
    """True when ``path`` lies below a mount that systemd made for this service alone (PrivateTmp=)."""
    root, options = _mount_of(path, mountinfo)
    return _is_systemds(root, options)


def filesystem(path: str, mountinfo: str = MOUNTINFO) -> str:
    """The type of the filesystem that ``path`` is on, such as ``ext4``; empty when it cannot be told."""
    options = _mount_of(path, mountinfo)[1]
    return options[0] if options else ""


def _mount_of(path: str, mountinfo: str) -> tuple[str, list[str]]:
    """What is mounted where ``path`` is: the root of the mount in its filesystem; type, source and options of that."""
    real = os.path.realpath(path)
    best, root = "", ""
    options: list[str] = []
    try:
        with open(mountinfo, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                fields = line.split()
                point = _unescaped(fields[4])
                below = real == point or real.startswith(point.rstrip("/") + "/")
                # Of mounts at the same point the last one is on top.
                if below and len(point) >= len(best):
                    best, root, options = point, _unescaped(fields[3]), line.partition(" - ")[2].split()
    except (OSError, IndexError):
        return "", []
    return root, options


def _is_systemds(root: str, filesystem: list[str]) -> bool:
    """A folder of the host's /tmp made for one service, or (DynamicUser= since 257) a tmpfs of its own."""
    if "/systemd-private-" in root:
        return True
    kind, options = (filesystem[0], filesystem[2].split(",")) if len(filesystem) > 2 else ("", [])
    return kind == "tmpfs" and root in ("/tmp", "/var/tmp") and "mode=700" in options  # noqa: S108 - compared, not used


def _unescaped(field: str) -> str:
    """mountinfo writes blanks and backslashes in octal."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field

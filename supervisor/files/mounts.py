"""Is a path where others see it? What is in a private /tmp is invisible, and gone when the service stops."""

from __future__ import annotations

import os

MOUNTINFO = "/proc/self/mountinfo"


def is_private(path: str, mountinfo: str = MOUNTINFO) -> bool:
    """True when ``path`` lies below a mount that systemd made for this service alone (PrivateTmp=)."""
    real = os.path.realpath(path)
    best, private = "", False
    try:
        with open(mountinfo, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                fields = line.split()
                root, point = _unescaped(fields[3]), _unescaped(fields[4])
                below = real == point or real.startswith(point.rstrip("/") + "/")
                # Of mounts at the same point the last one is on top.
                if below and len(point) >= len(best):
                    best, private = point, _is_systemds(root, line.partition(" - ")[2].split())
    except (OSError, IndexError):
        return False
    return private


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

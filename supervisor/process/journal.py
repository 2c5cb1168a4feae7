"""journald's native protocol: a datagram for each line, in which no value can forge another field."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping

SOCKET = "/run/systemd/journal/socket"


def send(fields: Mapping[str, str], path: str = SOCKET) -> None:
    """Send one line; never blocks. OSError when it did not get there. Names are upper-case ASCII, values any text."""
    # A new socket for each line reaches a journald that was restarted, and keeps nothing open.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.setblocking(False)
        journald.sendto(b"".join(_field(name, value) for name, value in fields.items()), path)


def _field(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "backslashreplace")
    if b"\n" not in data:
        return name.encode("ascii") + b"=" + data + b"\n"
    return name.encode("ascii") + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"

"""Does this machine's own gateway answer? Who does not even reach that is cut off, and knows nothing of others."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterable
from contextlib import suppress

from supervisor.core.instant import Duration
from supervisor.observe.reach import reach

_ROUTES = ("/proc/self/net/route", "/proc/self/net/ipv6_route")
_HAS_GATEWAY = 2
"""RTF_GATEWAY in the flags of a route."""
_PORTS = (53, 80, 443)
"""What a router most likely listens at; that it refuses is an answer too."""


def gateways(ipv4: Iterable[str], ipv6: Iterable[str]) -> tuple[str, ...]:
    """The gateways of default routes, as hosts of an address; ``ipv4`` and ``ipv6`` are the lines of the kernel."""
    hosts = []
    for line in ipv4:
        fields = line.split()
        if len(fields) > 7 and fields[1] == fields[7] == "00000000" and _flags(fields[3]) & _HAS_GATEWAY:
            # The kernel prints the four bytes as a number of this machine.
            hosts.append(str(ipaddress.IPv4Address(int(fields[2], 16).to_bytes(4, sys.byteorder))))
    for line in ipv6:
        fields = line.split()
        if len(fields) > 9 and fields[1] == "00" and not int(fields[0], 16) and _flags(fields[8]) & _HAS_GATEWAY:
            zone = f"%{fields[9]}" if fields[4].startswith("fe8") else ""
            hosts.append(f"[{ipaddress.IPv6Address(bytes.fromhex(fields[4]))}{zone}]")
    return tuple(dict.fromkeys(hosts))


def gateway_answers(timeout: Duration) -> bool:
    """Whether one of this machine's gateways answers; False when it has none."""
    hosts = gateways(*(_lines(path) for path in _ROUTES))
    addresses = [f"{host}:{port}" for host in hosts for port in _PORTS]
    return bool(addresses) and reach({"gateway": addresses}, timeout)["gateway"].status == "online"


def _lines(path: str) -> list[str]:
    with suppress(OSError), open(path, encoding="ascii") as file:
        return file.readlines()[:1000]
    return []


def _flags(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return 0

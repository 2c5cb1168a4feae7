"""Is there anybody at a node's addresses? One TCP connection each, all at once, within a time-out."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Any

from supervisor.core.instant import SECOND, Duration
from supervisor.core.text import quoted
from supervisor.observe.sighting import Reached

_AT_ONCE = 256
_NAMES_AT_ONCE = 8
_ADDRESSES = 8
"""Of one name, at most."""

# This machine has no way to such an address (IPv6 where there is none): that says nothing of the node.
_NO_ROUTE = frozenset([errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENETDOWN])
# Nobody at that address answers. Everything else that goes wrong is this machine's own trouble.
_NOBODY = frozenset([errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.EHOSTDOWN])
_ALIVE = frozenset([errno.ECONNREFUSED, errno.ECONNRESET])


def parse_address(text: str) -> tuple[str, int] | None:
    """Host and port of ``nas.lan:22``, ``192.0.2.7:22`` or ``[2001:db8::7]:22``; None when it is not such a text."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not colon or not host or not host.isprintable() or not (port.isascii() and port.isdigit()) or len(port) > 5:
        return None
    if (":" in host) is not bracketed or not 0 < int(port) < 1 << 16:
        return None
    return host, int(port)


def reach(nodes: Mapping[str, Sequence[str]], timeout: Duration) -> dict[str, Reached]:
    """Every node by name. Online as soon as one of its addresses answers, offline when all are silent."""
    # The event loop waits for its own threads, and so for a resolver that hangs; for these no look does. The process
    # waits for them when it ends.
    resolver = ThreadPoolExecutor(_NAMES_AT_ONCE, thread_name_prefix="resolver")
    try:
        return asyncio.run(_Prober(timeout / SECOND, resolver).nodes(nodes))
    finally:
        resolver.shutdown(wait=False, cancel_futures=True)


def longest(nodes: Mapping[str, Sequence[str]], timeout: Duration) -> Duration:
    """The time after which ``reach`` has come to its end, if it ever does, and the gateway was asked after it.

    Names wait for one another, and addresses too.
    """
    addresses = sum(map(len, nodes.values())) * _ADDRESSES
    return timeout * (4 + addresses // _AT_ONCE) + SECOND


class _Prober:
    """Asks after all nodes at once; each wait ends after ``patience`` seconds."""

    def __init__(self, patience: float, resolver: Executor) -> None:
        self._patience = patience
        self._resolver = resolver
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def nodes(self, nodes: Mapping[str, Sequence[str]]) -> dict[str, Reached]:
        names = sorted(nodes)
        reached = await asyncio.gather(*(self._node(nodes[name]) for name in names))
        return dict(zip(names, reached, strict=True))

    async def _node(self, addresses: Sequence[str]) -> Reached:
        return _best(await asyncio.gather(*(self._address(address) for address in addresses)))

    async def _address(self, address: str) -> Reached:
        parsed = parse_address(address)
        if parsed is None:
            return Reached("unknown", f"{quoted(address)} is not an address such as nas.lan:22 or [2001:db8::7]:22")
        try:
            async with asyncio.timeout(self._patience):
                resolved = await self._resolve(*parsed)
        except TimeoutError:
            return Reached("unknown", f"the name in {address} was not resolved within {self._patience:g} s")
        except (OSError, UnicodeError) as error:
            # Whose name cannot be resolved may be there all the same.
            return Reached("unknown", f"the name in {address} cannot be resolved: {_why(error)}")
        return _best(await asyncio.gather(*(self._connect(address, to[0], to[4]) for to in resolved[:_ADDRESSES])))

    async def _resolve(self, host: str, port: int) -> list[Any]:
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            # What is not a name need not wait behind names.
            return ask(flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            return await asyncio.get_running_loop().run_in_executor(self._resolver, ask)

    async def _connect(self, address: str, family: int, to: Any) -> Reached:
        async with self._at_once:
            try:
                with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) as ours:
                    async with asyncio.timeout(self._patience):
                        await asyncio.get_running_loop().sock_connect(ours, to)
            except TimeoutError:
                return Reached("offline", f"{address} did not answer within {self._patience:g} s")
            except OSError as error:
                if error.errno in _ALIVE:
                    return Reached("online", f"{address} refuses the connection, so it is up")
                status = "offline" if error.errno in _NOBODY else "unknown"
                votes = error.errno not in _NO_ROUTE
                return Reached(status, f"{address} cannot be reached: {_why(error)}", votes)
        return Reached("online", f"{address} answers")


def _best(reached: Sequence[Reached]) -> Reached:
    """One that answers is enough; one of which nothing is known leaves it open, one without a route does not count."""
    voters = [answer for answer in reached if answer.votes] or reached
    return min(voters, key=lambda answer: ("online", "unknown", "offline").index(answer.status))


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error))[:100]

"""Addresses that answer, refuse, are silent, or are none: with real sockets."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from supervisor.core.instant import SECOND
from supervisor.observe.reach import parse_address, reach


def listening(stack: ExitStack, backlog: int = 5) -> int:
    """A port of this machine that takes connections."""
    server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=backlog))
    port: int = server.getsockname()[1]
    return port


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def silent(stack: ExitStack) -> int:
    """A port that answers nobody: its queue is full, and the kernel drops what comes."""
    port = listening(stack, backlog=0)
    for _ in range(8):
        caller = stack.enter_context(socket.socket())
        caller.setblocking(False)
        assert caller.connect_ex(("127.0.0.1", port)) == errno.EINPROGRESS
    return port


@pytest.fixture
def closed() -> int:
    """A port that nobody listens at."""
    with ExitStack() as stack:
        return listening(stack)


def test_who_answers_is_online(stack: ExitStack) -> None:
    port = listening(stack)
    reached = reach({"nas": [f"127.0.0.1:{port}"]}, 5 * SECOND)["nas"]
    assert (reached.status, reached.detail) == ("online", f"127.0.0.1:{port} answers")


def test_who_refuses_is_up(closed: int) -> None:
    reached = reach({"nas": [f"127.0.0.1:{closed}"]}, 5 * SECOND)["nas"]
    assert reached.status == "online"
    assert "refuses the connection, so it is up" in reached.detail


def test_who_is_silent_is_offline(silent: int) -> None:
    reached = reach({"nas": [f"127.0.0.1:{silent}"]}, SECOND // 5)["nas"]
    assert (reached.status, reached.detail) == ("offline", f"127.0.0.1:{silent} did not answer within 0.2 s")


def test_one_of_several_addresses_is_enough(stack: ExitStack, silent: int) -> None:
    port = listening(stack)
    reached = reach({"nas": [f"127.0.0.1:{silent}", f"127.0.0.1:{port}"]}, SECOND // 5)
    assert reached["nas"].status == "online"


# No TCP connection leads to a group of machines: the kernel says that it has no route.
NO_ROUTE = "224.0.0.1:22"


def test_an_address_without_a_route_has_no_vote(stack: ExitStack, silent: int) -> None:
    port = listening(stack)
    reached = reach(
        {"nas": [NO_ROUTE, f"127.0.0.1:{silent}"], "nuc": [NO_ROUTE, f"127.0.0.1:{port}"], "pi": [NO_ROUTE]},
        SECOND // 5,
    )
    assert {name: node.status for name, node in reached.items()} == {"nas": "offline", "nuc": "online", "pi": "unknown"}
    assert reached["nas"].detail == f"127.0.0.1:{silent} did not answer within 0.2 s"
    assert reached["pi"].detail == f"{NO_ROUTE} cannot be reached: Network is unreachable"


@pytest.mark.parametrize("address", ["nas", "nas:", "nas:x", "nas:0", "nas:70000", ":22", "2001:db8::7:22"])
def test_what_is_no_address_leaves_it_open(address: str, silent: int) -> None:
    assert parse_address(address) is None
    reached = reach({"nas": [address], "nuc": [address, f"127.0.0.1:{silent}"]}, SECOND // 5)
    assert {node.status for node in reached.values()} == {"unknown"}
    assert "is not an address such as" in reached["nas"].detail


def test_a_name_that_cannot_be_resolved_leaves_it_open() -> None:
    reached = reach({"nas": ["nowhere.invalid:22"]}, 20 * SECOND)["nas"]
    assert reached.status == "unknown"
    assert "cannot be resolved" in reached.detail


def test_a_resolver_that_hangs_is_not_waited_for(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    stack.callback(over.set)
    waited_for: list[str] = []
    resolve = socket.getaddrinfo

    def hang(host: str, *rest: Any, **more: Any) -> Any:
        known = host == "127.0.0.1" or more.get("flags") == socket.AI_NUMERICHOST
        if known:
            return resolve(host, *rest, **more)
        over.wait(60)
        waited_for.append(host)
        raise OSError("the resolver gave up")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    # However many there are, an address that is no name needs nobody to resolve it.
    reached = reach({"nas": ["nas.lan:22"] * 50, "nuc": [f"127.0.0.1:{listening(stack)}"]}, SECOND // 2)
    assert waited_for == []
    assert {name: node.status for name, node in reached.items()} == {"nas": "unknown", "nuc": "online"}
    assert reached["nas"].detail == "the name in nas.lan:22 was not resolved within 0.5 s"


def test_addresses_as_people_write_them() -> None:
    assert parse_address("nas.lan:22") == ("nas.lan", 22)
    assert parse_address("192.0.2.7:8443") == ("192.0.2.7", 8443)
    assert parse_address("[2001:db8::7]:22") == ("2001:db8::7", 22)


def test_many_are_asked_at_once(stack: ExitStack, silent: int) -> None:
    port = listening(stack, backlog=300)
    nodes = {f"node{number:03}": [f"127.0.0.1:{silent if number % 2 else port}"] for number in range(200)}
    reached = reach(nodes, SECOND)
    assert list(reached) == sorted(nodes)
    assert [node.status for node in reached.values()] == ["online", "offline"] * 100

"""What systemd is told, and that telling it can never hurt."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervisor.process.heartbeat import SdNotifier, Systemd, ascii_line


class Notifier:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def notify(self, state: str) -> None:
        self.sent.append(state)


def test_a_status_is_one_line_of_ascii() -> None:
    notifier = Notifier()
    Systemd(notifier, {}, 1).status("caf\u00e9\nWATCHDOG=1\x1b[2J")
    assert notifier.sent == ["STATUS=caf??WATCHDOG=1?[2J"]


def test_a_status_is_bounded() -> None:
    assert len(ascii_line("x" * 10_000)) == 500


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 10.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 10.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_a_heartbeat_every_third_of_what_systemd_waits_for(environ: dict[str, str], interval: float | None) -> None:
    assert Systemd(Notifier(), environ, 7).interval == interval


@pytest.fixture
def socket_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Systemd]]:
    notifiers: list[SdNotifier] = []

    def make(address: str) -> Systemd:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notifiers.append(SdNotifier(os.environ))
        return Systemd(notifiers[-1], {}, 1)

    yield make
    for notifier in notifiers:
        notifier.close()


def test_a_socket_that_nobody_reads_does_not_block(tmp_path: Path, socket_at: Callable[[str], Systemd]) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unread:
        unread.bind(str(tmp_path / "notify"))
        systemd = socket_at(str(tmp_path / "notify"))
        for _ in range(5000):
            systemd.alive()
        assert unread.recv(100) == b"WATCHDOG=1"


# sdnotify leaves the socket it could not connect to the garbage collector, which says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("address", ["", "/does/not/exist", "@abstract-and-absent", "rubbish"])
def test_a_socket_that_is_not_there_is_no_error(address: str, socket_at: Callable[[str], Systemd]) -> None:
    socket_at(address).ready()
    gc.collect()


def test_an_abstract_socket_is_reached(socket_at: Callable[[str], Systemd]) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract:
        abstract.bind("\0runtime-supervisor-test")
        socket_at("@runtime-supervisor-test").ready()
        assert abstract.recv(100) == b"READY=1"

"""journald's own protocol: what a value holds can be no field of its own."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from supervisor.process.journal import send


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as theirs:
        theirs.bind(str(tmp_path / "socket"))
        theirs.setblocking(False)
        yield theirs


def test_a_line_is_a_datagram_of_its_fields(tmp_path: Path, journald: socket.socket) -> None:
    send({"MESSAGE": "pass", "PRIORITY": "6"}, str(tmp_path / "socket"))
    assert journald.recv(1000) == b"MESSAGE=pass\nPRIORITY=6\n"


def test_a_value_of_several_lines_forges_no_field(tmp_path: Path, journald: socket.socket) -> None:
    value = "x\nPRIORITY=0\n"
    send({"MESSAGE": value}, str(tmp_path / "socket"))
    assert journald.recv(1000) == b"MESSAGE\n" + struct.pack("<Q", len(value)) + value.encode() + b"\n"


def test_half_of_a_pair_of_surrogates_is_written_out(tmp_path: Path, journald: socket.socket) -> None:
    send({"MESSAGE": "a\udcffb"}, str(tmp_path / "socket"))
    assert journald.recv(1000) == b"MESSAGE=a\\udcffb\n"


def test_a_journal_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        send({"MESSAGE": "x"}, str(tmp_path / "none"))


def test_a_journal_that_nobody_reads_is_not_waited_for(tmp_path: Path, journald: socket.socket) -> None:
    with suppress(BlockingIOError):
        for _ in range(10_000):
            send({"MESSAGE": "x" * 1000}, str(tmp_path / "socket"))
    with pytest.raises(BlockingIOError):
        send({"MESSAGE": "x"}, str(tmp_path / "socket"))

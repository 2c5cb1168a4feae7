"""Logs: what they look like for each kind of standard error, and that they never hold anything up."""

from __future__ import annotations

import json
import logging
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from supervisor.process import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


@contextmanager
def stream_to(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def journal_stream() -> Iterator[tuple[int, dict[str, str], socket.socket]]:
    """What systemd gives a service: a connected stream, and the variable that names it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        status = os.fstat(ours.fileno())
        theirs.settimeout(20)
        yield ours.fileno(), {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}, theirs


def parsed(datagram: bytes) -> dict[str, str]:
    """As journald reads it."""
    fields: dict[str, str] = {}
    while datagram:
        head, _, rest = datagram.partition(b"\n")
        if b"=" in head:
            name, _, value = head.partition(b"=")
            datagram = rest
        else:
            name, (length,) = head, struct.unpack("<Q", rest[:8])
            value, datagram = rest[8 : 8 + length], rest[9 + length :]
        assert name.decode() not in fields
        fields[name.decode()] = value.decode()
    return fields


def test_a_file_gets_one_json_object_a_line(tmp_path: Path) -> None:
    with stream_to(tmp_path / "log") as descriptor:
        logs.configure(descriptor, {})
        structlog.get_logger().warning("reconcile_required", subject="service:nas/a\nb", **{"pass": 3})
    (line,) = (tmp_path / "log").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["subject"]) == ("reconcile_required", "warning", "service:nas/a\nb")


def test_what_libraries_log_is_one_of_ours(tmp_path: Path) -> None:
    with stream_to(tmp_path / "log") as descriptor:
        logs.configure(descriptor, {})
        logging.getLogger("watchdog.observers.inotify").warning("queue overflow")
        logging.getLogger("watchdog").info("chatter")
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert json.loads(line)["event"] == "queue overflow"


def test_the_journal_gets_fields(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald, journal_stream() as (descriptor, environ, _):
        journald.bind(str(tmp_path / "socket"))
        logs.configure(descriptor, environ, str(tmp_path / "socket"))
        structlog.get_logger().error("reconcile_required", message="nas is off", subject="node:nas", **{"pass": 7})
        assert parsed(journald.recv(65536)) == {
            "MESSAGE": "nas is off",
            "PRIORITY": "3",
            "SYSLOG_IDENTIFIER": "runtime-supervisor",
            "SUPERVISOR_EVENT": "reconcile_required",
            "SUPERVISOR_SUBJECT": "node:nas",
            "SUPERVISOR_PASS": "7",
        }


def test_a_line_without_a_sentence_says_what_happened_and_why(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald, journal_stream() as (descriptor, environ, _):
        journald.bind(str(tmp_path / "socket"))
        logs.configure(descriptor, environ, str(tmp_path / "socket"))
        structlog.get_logger().error("reload failed", error="no such file", path="/etc/a")
        fields = parsed(journald.recv(65536))
    assert fields["MESSAGE"] == "reload failed: no such file"
    assert (fields["SUPERVISOR_EVENT"], fields["SUPERVISOR_PATH"]) == ("reload failed", "/etc/a")


@pytest.mark.parametrize(("level", "logged"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_lines_below_the_level_are_dropped(tmp_path: Path, level: str, logged: int) -> None:
    with stream_to(tmp_path / "log") as descriptor:
        logs.configure(descriptor, {}, level=level)
        log = structlog.get_logger()
        for method in ("debug", "info", "warning", "error"):
            getattr(log, method)(method)
        logs.set_level("debug")
        log.debug("last")
    assert len((tmp_path / "log").read_text().splitlines()) == logged + 1


def test_a_value_forges_no_field_and_no_line(tmp_path: Path) -> None:
    hostile = "x\nPRIORITY=0\nMESSAGE=forged\n<0>forged\x1b[2J"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald, journal_stream() as (descriptor, environ, _):
        journald.bind(str(tmp_path / "socket"))
        logs.configure(descriptor, environ, str(tmp_path / "socket"))
        structlog.get_logger().warning("title", reason=hostile)
        fields = parsed(journald.recv(65536))
    assert (fields["PRIORITY"], fields["SUPERVISOR_REASON"]) == ("4", hostile)
    assert fields["MESSAGE"].isprintable()


def test_without_journald_the_stream_gets_priorities(tmp_path: Path) -> None:
    with journal_stream() as (descriptor, environ, stream):
        logs.configure(descriptor, environ, str(tmp_path / "nobody"))
        structlog.get_logger().warning("a\n<0>b")
        line = stream.recv(65536)
    assert line.startswith(b"<4>{")
    assert line.count(b"\n") == 1


def test_a_pipe_that_nobody_reads_holds_nothing_up() -> None:
    reader, writer = os.pipe()
    try:
        logs.configure(writer, {})
        log = structlog.get_logger()
        for _ in range(3000):
            log.info("x" * 100)
        # Ours is another description: whoever gave us the pipe still has it blocking.
        assert os.get_blocking(writer)
        os.set_blocking(reader, False)
        while data := os.read(reader, 1 << 20):
            last = data
            if len(data) < 1 << 16:
                break
        log.info("after")
        assert json.loads((last + os.read(reader, 1 << 20)).splitlines()[-1])["event"] == "after"
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize("path", ["/dev/full", "/dev/null"])
def test_a_stream_that_takes_nothing_is_no_error(path: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        logs.configure(descriptor, {})
        structlog.get_logger().error("lost")
    finally:
        os.close(descriptor)


def test_a_closed_stream_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    logs.configure(writer, {})
    structlog.get_logger().error("lost")

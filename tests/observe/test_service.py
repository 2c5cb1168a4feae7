"""The observer's process: looks, heartbeats, signals."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.acceptance.harness import PATIENCE, environment
from tests.observe.lab import Here
from tests.systemd.machine import until


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


def observe(here: Here, *arguments: str) -> list[str]:
    options = {
        "--inventory": here.settings.inventory,
        "--world": here.settings.world,
        "--node": "nas",
        "--engines": here.engine.path,
        "--systemd": "false",
        "--timeout": "1s",
    }
    words = [word for pair in options.items() for word in pair]
    return [sys.executable, "-m", "supervisor", "observe", *words, *arguments]


def once(here: Here) -> subprocess.CompletedProcess[str]:
    command = observe(here, "--once")
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=PATIENCE, check=False)


def test_once_for_cron(here: Here) -> None:
    here.declare("services:\n  web:\n")
    done = once(here)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    os.unlink(here.engine.path)
    done = once(here)
    said = f"runtime-supervisor observe: {here.engine.path} cannot be reached: No such file or directory\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", said)
    assert here.document()["services"]["web"]["status"] == "unknown"


def test_the_process_looks_again_and_at_once_on_sighup(here: Here) -> None:
    with subprocess.Popen(observe(here, "--interval", "1h"), stderr=subprocess.PIPE, env=environment()) as process:
        path = here.folder / "world" / "nodes" / "nas.json"
        until(path.exists, "the first document")
        first = here.document()["observed_at"]
        process.send_signal(signal.SIGHUP)
        until(lambda: here.document()["observed_at"] != first, "a look")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_heartbeats_go_on_between_two_looks(here: Here, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE)
        environ = environment(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="300000")
        with subprocess.Popen(observe(here, "--interval", "1h"), stderr=subprocess.PIPE, env=environ) as process:
            heard: list[bytes] = []
            while heard.count(b"WATCHDOG=1") < 4:
                heard.append(systemd.recv(4096))
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
    assert heard[0].startswith(b"STATUS=last look ")
    assert heard.count(b"READY=1") == 1


class Told:
    """What systemd hears of an observer."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(PATIENCE)
        self.heard: list[bytes] = []

    def close(self) -> None:
        self._socket.close()

    def until(self, what: bytes, count: int = 1) -> None:
        while sum(line.startswith(what) for line in self.heard) < count:
            self.heard.append(self._socket.recv(4096))


@contextmanager
def hanging(here: Here, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], Told]]:
    """An observer with a watchdog, whose only engine takes the connection and never says a word."""
    here.engine.hang()
    with closing(Told(here.folder)) as told:
        environ = environment(NOTIFY_SOCKET=told.path, WATCHDOG_USEC="300000")
        with subprocess.Popen(observe(here, *options), stderr=subprocess.PIPE, env=environ) as process:
            yield process, told
            assert process.wait(PATIENCE) == 0


def test_heartbeats_go_on_while_a_look_waits_longer_than_the_watchdog(here: Here) -> None:
    with hanging(here, "--timeout", "1h") as (process, told):
        told.until(b"WATCHDOG=1", 8)
        # The look is not over: systemd is asked for more time to start, and told of no readiness.
        assert b"EXTEND_TIMEOUT_USEC=60000000" in told.heard
        assert b"READY=1" not in told.heard
        process.send_signal(signal.SIGTERM)
        told.until(b"STOPPING=1")


def test_a_look_that_waits_does_not_keep_it_from_stopping(here: Here) -> None:
    with hanging(here, "--timeout", "1h") as (process, told):
        told.until(b"WATCHDOG=1")
        process.send_signal(signal.SIGINT)


def test_what_a_killed_observer_left_is_swept_at_the_start_and_nothing_else(here: Here) -> None:
    nodes = here.folder / "world" / "nodes"
    nodes.mkdir(parents=True)
    left, fresh, other = (
        nodes / f"{name}.{'0' * 15}{number}.tmp" for number, name in enumerate(("nas.json",) * 2 + ("nuc.json",))
    )
    for path in (left, fresh, other):
        path.touch()
    for path in (left, other):
        os.utime(path, (1, 1))
    assert once(here).returncode == 0
    # The fresh one may be what an observer beside it is just writing.
    assert {path.name for path in nodes.iterdir()} == {"nas.json", fresh.name, other.name}

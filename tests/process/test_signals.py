"""Signals are waited for: one that came early is kept, and several of a kind are one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from supervisor.process import signals


@pytest.fixture(autouse=True)
def blocked() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    signals.block()
    yield
    while signals.wait(0) is not None:
        pass
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def send(*wanted: signal.Signals) -> None:
    for number in wanted:
        signal.pthread_kill(threading.get_ident(), number)


def test_a_signal_that_came_before_anybody_waited_is_kept() -> None:
    send(signal.SIGHUP)
    assert signals.wait(None) is signal.SIGHUP


def test_many_of_a_kind_are_one_and_each_kind_is_told() -> None:
    send(signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    assert {signals.wait(0), signals.wait(0), signals.wait(0)} == {signal.SIGHUP, signal.SIGTERM, signal.SIGINT}
    assert signals.wait(0) is None


def test_a_time_that_is_over_is_no_time() -> None:
    assert signals.wait(-1.0) is None

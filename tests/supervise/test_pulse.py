"""The main thread between two signals, on a clock that the test moves."""

from __future__ import annotations

from supervisor.core.instant import SECOND
from supervisor.process.heartbeat import Systemd
from supervisor.supervise.pulse import LOOK, Pulse

WATCHDOG = {"NOTIFY_SOCKET": "/somewhere", "WATCHDOG_USEC": "30000000"}


class Notifier:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def notify(self, state: str) -> None:
        self.sent.append(state)


class Daemon:
    """What a pulse looks at, as the test sets it."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.notifier = Notifier()
        self.at = 1000 * SECOND
        self.died = False
        self.began: int | None = None
        self.waits = 0
        self.rescans = 0
        self.holds_lock = True
        self.gave_up = False
        self.pulse = Pulse(
            Systemd(self.notifier, environ, 1),
            lambda: self.at,
            lambda: self.died,
            self.rescan,
            lambda: self.began,
            lambda: self.waits,
            lambda: self.holds_lock,
            self.give_up,
        )
        self.pulse.ready = True

    def give_up(self) -> None:
        self.gave_up = True

    def rescan(self) -> None:
        self.rescans += 1

    def beat(self) -> list[str]:
        """What systemd hears at one beat."""
        before = len(self.notifier.sent)
        self.pulse.beat()
        return self.notifier.sent[before:]


def test_without_a_watchdog_the_watch_is_asked_for_its_life_all_the_same() -> None:
    daemon = Daemon({})
    assert (daemon.beat(), daemon.rescans, daemon.pulse.pause()) == ([], 0, LOOK)
    daemon.died = True
    assert (daemon.beat(), daemon.rescans) == ([], 1)


def test_with_a_watchdog_a_dead_watch_is_mended_and_the_heart_beats_on() -> None:
    daemon = Daemon(WATCHDOG)
    daemon.died = True
    assert (daemon.beat(), daemon.rescans, daemon.pulse.pause()) == (["WATCHDOG=1"], 1, 10.0)


def test_a_pass_that_is_stuck_withholds_the_heartbeat_until_it_is_over() -> None:
    daemon = Daemon(WATCHDOG)
    daemon.began = daemon.at - 20 * SECOND
    assert daemon.beat() == ["WATCHDOG=1"]
    daemon.at += 1
    assert (daemon.beat(), daemon.pulse.pause()) == ([], 1.0)
    daemon.began = None
    assert (daemon.beat(), daemon.pulse.pause()) == (["WATCHDOG=1"], 10.0)


def test_a_pass_that_nobody_takes_withholds_the_heartbeat() -> None:
    daemon = Daemon(WATCHDOG)
    daemon.waits = 20 * SECOND + 1
    assert daemon.beat() == []


def test_before_the_first_pass_is_over_it_asks_for_time_and_not_for_ever() -> None:
    daemon = Daemon(WATCHDOG)
    daemon.pulse.ready = False
    assert (daemon.beat(), daemon.pulse.pause()) == (["EXTEND_TIMEOUT_USEC=20000000"], 5.0)
    daemon.at += 600 * SECOND
    assert daemon.beat() == []


def test_a_short_watchdog_is_heeded_from_the_start_on() -> None:
    daemon = Daemon({"NOTIFY_SOCKET": "/somewhere", "WATCHDOG_USEC": "3000000"})
    daemon.pulse.ready = False
    assert daemon.pulse.pause() == 1.0


def test_without_the_lock_it_gives_up_after_a_minute() -> None:
    daemon = Daemon(WATCHDOG)
    daemon.pulse.ready, daemon.holds_lock = False, False
    daemon.at += 60 * SECOND - 1
    assert (daemon.beat(), daemon.gave_up) == (["EXTEND_TIMEOUT_USEC=20000000"], False)
    daemon.at += 1
    assert (daemon.beat(), daemon.gave_up) == ([], True)


def test_a_long_first_pass_that_holds_the_lock_is_not_given_up() -> None:
    daemon = Daemon(WATCHDOG)
    daemon.pulse.ready = False
    daemon.at += 300 * SECOND
    assert (daemon.beat(), daemon.gave_up) == (["EXTEND_TIMEOUT_USEC=20000000"], False)

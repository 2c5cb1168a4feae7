"""All sources at once: who answers, who is away for a moment, who hangs."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping

from supervisor.core.instant import SECOND
from supervisor.core.model.desired import DesiredService
from supervisor.errors import AwayError
from supervisor.observe.asking import Asking
from supervisor.observe.deadline import Deadline
from supervisor.observe.document import Look
from supervisor.observe.sighting import Sighting
from supervisor.process.clock import Clock
from tests.systemd.machine import until


class Told:
    """A source that is away for some questions, and may hang in others."""

    def __init__(self, name: str, away: int = 0) -> None:
        self.name = name
        self.asked = 0
        self.away = away
        self.free = threading.Event()
        self.free.set()

    def look(self, services: Mapping[str, DesiredService], deadline: Deadline) -> tuple[Sighting, ...]:  # noqa: ARG002 - a source's shape
        self.asked += 1
        self.free.wait(60)
        if self.asked <= self.away:
            raise AwayError("cannot be reached")
        return (Sighting(self.name, "web", "ok"),)


def asking() -> Asking:
    return Asking(Clock().monotonic, lambda: None)


def ask(asking: Asking, *sources: Told, timeout: float = 20, silent: Collection[str] = ()) -> Look:
    return asking.ask(sources, {}, int(timeout * SECOND), silent, 7)


def test_each_answers_for_itself() -> None:
    look = ask(asking(), Told("/a"), Told("/b"))
    assert look == Look(7, (Sighting("/a", "web", "ok"), Sighting("/b", "web", "ok")), frozenset(["/a", "/b"]), {})


def test_a_source_that_is_away_for_a_moment_has_not_failed() -> None:
    source = Told("/a", away=2)
    assert ask(asking(), source).failed == {}
    assert source.asked == 3


def test_a_source_that_was_silent_before_is_asked_once() -> None:
    source = Told("/a", away=1)
    look = ask(asking(), source, silent=["/a"])
    assert (look.failed, source.asked) == ({"/a": "cannot be reached"}, 1)


def test_a_source_that_hangs_keeps_nobody_and_is_not_asked_twice() -> None:
    both, hanging = asking(), Told("/a")
    hanging.free.clear()
    for _ in range(2):
        look = ask(both, hanging, Told("/b"), timeout=0.1)
        assert look.failed == {"/a": "does not answer"}
        assert look.answered == {"/b"}
    assert hanging.asked == 1
    hanging.free.set()
    # What it has brought since is too old: it is asked again.
    until(lambda: ask(both, hanging).answered == {"/a"} and hanging.asked > 1, "it is asked again")

"""Each promise of the queue, on a clock that the test moves."""

from __future__ import annotations

import threading

import pytest

from supervisor.core.instant import SECOND
from supervisor.supervise.workqueue import Task, Trigger, Workqueue


class Clock:
    def __init__(self) -> None:
        self.at = 1000 * SECOND

    def __call__(self) -> int:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += int(seconds * SECOND)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Workqueue:
    return Workqueue(clock, SECOND // 2, 5 * SECOND, 60 * SECOND)


def taken(queue: Workqueue) -> Trigger | None:
    task = queue.take()
    return None if task is None else task.trigger


def due(queue: Workqueue, clock: Clock) -> Task | None:
    """The pass that is due at this moment; None instead of waiting for one."""
    clock.at += 1
    is_due = queue.overdue() > 0
    clock.at -= 1
    return queue.take() if is_due else None


def test_requests_before_a_pass_are_one_pass(clock: Clock, queue: Workqueue) -> None:
    queue.request(Trigger.START)
    queue.request(Trigger.START)
    assert taken(queue) is Trigger.START
    queue.done()
    clock.forward(60)
    assert taken(queue) is Trigger.RESYNC


@pytest.mark.parametrize("first", list(Trigger))
@pytest.mark.parametrize("second", list(Trigger))
def test_of_two_requests_the_stronger_stays(queue: Workqueue, first: Trigger, second: Trigger) -> None:
    queue.request(first)
    queue.request(second)
    strength = [Trigger.SIGNAL, Trigger.START, Trigger.RESYNC, Trigger.RETRY, Trigger.CHANGE, Trigger.TIME]
    assert taken(queue) is strength[min(strength.index(first), strength.index(second))]


def test_a_request_during_a_pass_is_a_pass_after_it(queue: Workqueue) -> None:
    queue.request(Trigger.START)
    assert taken(queue) is Trigger.START
    queue.request(Trigger.SIGNAL)
    queue.done()
    assert taken(queue) is Trigger.SIGNAL


def test_a_change_during_a_pass_is_a_pass_after_it(clock: Clock, queue: Workqueue) -> None:
    queue.request(Trigger.START)
    queue.take()
    queue.ended("a")
    queue.done()
    assert taken(queue) is Trigger.CHANGE


def test_without_a_request_a_pass_comes_after_the_resync_interval(clock: Clock, queue: Workqueue) -> None:
    clock.forward(60)
    assert taken(queue) is Trigger.RESYNC
    queue.done()
    clock.forward(59)
    assert queue.overdue() == 0
    clock.forward(2)
    assert queue.overdue() == SECOND


def test_a_pass_counts_as_a_resync(clock: Clock, queue: Workqueue) -> None:
    clock.forward(50)
    queue.request(Trigger.SIGNAL)
    queue.take()
    queue.done()
    clock.forward(50)
    assert queue.overdue() == 0


def test_changes_do_not_put_the_resync_off(clock: Clock, queue: Workqueue) -> None:
    triggers = []
    for _ in range(20):
        clock.forward(15)
        queue.renamed("world/nuc.json")
        triggers.append(taken(queue))
        queue.done()
    assert triggers == 5 * [Trigger.CHANGE, Trigger.CHANGE, Trigger.CHANGE, Trigger.RESYNC]


def test_a_change_that_looks_at_everything_counts_as_a_resync(clock: Clock, queue: Workqueue) -> None:
    clock.forward(50)
    queue.stirred()
    clock.forward(1)
    assert queue.take() == Task(Trigger.CHANGE, None)
    queue.done()
    clock.forward(59)
    assert queue.overdue() == 0
    clock.forward(1)
    assert taken(queue) is Trigger.RESYNC


def test_a_resync_takes_the_changes_that_are_due_with_it(clock: Clock, queue: Workqueue) -> None:
    clock.forward(60)
    queue.renamed("world/a.json")
    assert queue.take() == Task(Trigger.RESYNC, None)
    queue.done()
    clock.forward(59)
    assert queue.overdue() == 0


def test_the_first_finished_write_after_quiet_is_due_at_once(queue: Workqueue) -> None:
    queue.ended("a")
    assert taken(queue) is Trigger.CHANGE


def test_a_task_after_changes_names_them_and_which_are_whole(clock: Clock, queue: Workqueue) -> None:
    queue.renamed("world/a.json")
    queue.began("world/b.json")
    queue.ended("world/b.json")
    queue.renamed("world/c.json")
    queue.began("world/c.json")
    clock.forward(5)
    changes = {"world/a.json": True, "world/b.json": False, "world/c.json": False}
    assert queue.take() == Task(Trigger.CHANGE, changes)
    queue.done()
    queue.renamed("world/d.json")
    clock.forward(5)
    assert queue.take() == Task(Trigger.CHANGE, {"world/d.json": True})


@pytest.mark.parametrize("trigger", [Trigger.SIGNAL, Trigger.START])
def test_what_is_asked_for_outright_looks_at_everything(queue: Workqueue, trigger: Trigger) -> None:
    queue.renamed("world/a.json")
    queue.request(trigger)
    assert queue.take() == Task(trigger, None)


def test_when_folders_came_or_went_everything_is_looked_at(clock: Clock, queue: Workqueue) -> None:
    queue.renamed("world/a.json")
    queue.stirred()
    queue.renamed("world/b.json")
    clock.forward(5)
    assert queue.take() == Task(Trigger.CHANGE, None)


def test_what_follows_waits_for_the_quiet_period(clock: Clock, queue: Workqueue) -> None:
    queue.ended("a")
    queue.take()
    queue.done()
    clock.forward(0.1)
    queue.ended("a")
    clock.forward(0.4)
    assert queue.overdue() == 0
    clock.forward(0.2)
    assert queue.overdue() == SECOND // 10


def test_a_retry_comes_after_its_time(clock: Clock, queue: Workqueue) -> None:
    queue.request(Trigger.START)
    queue.take()
    queue.done(retry_after=2 * SECOND)
    clock.forward(1)
    assert queue.overdue() == 0
    clock.forward(1)
    assert taken(queue) is Trigger.RETRY


def test_nothing_is_overdue_while_a_pass_runs(clock: Clock, queue: Workqueue) -> None:
    queue.request(Trigger.START)
    queue.take()
    queue.ended("a")
    clock.forward(100)
    assert queue.overdue() == 0


def test_a_shorter_resync_interval_counts_from_the_last_pass(clock: Clock, queue: Workqueue) -> None:
    clock.forward(30)
    queue.tune(SECOND // 2, 5 * SECOND, 10 * SECOND)
    assert taken(queue) is Trigger.RESYNC


def test_a_pass_comes_when_time_alone_changes_the_verdict(clock: Clock, queue: Workqueue) -> None:
    queue.request(Trigger.START)
    queue.take()
    queue.done(turns_at=clock.at + 7 * SECOND)
    clock.forward(7)
    assert queue.overdue() == 0
    assert queue.take() == Task(Trigger.TIME, None)
    queue.done()
    clock.forward(59)
    assert queue.overdue() == 0


def test_passes_by_time_come_at_most_once_a_second(clock: Clock, queue: Workqueue) -> None:
    queue.request(Trigger.START)
    queue.take()
    queue.done(turns_at=clock.at)
    moments = []
    for _ in range(40):
        if (task := due(queue, clock)) is not None:
            assert task.trigger is Trigger.TIME
            moments.append(clock.at - 1000 * SECOND)
            queue.done(turns_at=clock.at + SECOND // 10)
        clock.forward(0.1)
    assert moments == [0, SECOND, 2 * SECOND, 3 * SECOND]


def test_while_changes_wait_time_makes_no_pass_of_its_own(clock: Clock, queue: Workqueue) -> None:
    queue.request(Trigger.START)
    queue.take()
    queue.done(turns_at=clock.at + SECOND // 10)
    queue.began("world/a.json")
    clock.forward(0.4)
    assert queue.overdue() == 0
    clock.forward(0.1)
    assert queue.take() == Task(Trigger.CHANGE, {"world/a.json": False})


def test_a_pass_of_any_kind_tells_anew_when_time_changes_its_verdict(clock: Clock, queue: Workqueue) -> None:
    queue.request(Trigger.START)
    queue.take()
    queue.done(turns_at=clock.at + SECOND)
    queue.request(Trigger.SIGNAL)
    queue.take()
    queue.done()
    clock.forward(59)
    assert queue.overdue() == 0


def test_closing_wakes_who_waits(queue: Workqueue) -> None:
    woken: list[Trigger | None] = []
    thread = threading.Thread(target=lambda: woken.append(taken(queue)))
    thread.start()
    queue.close()
    thread.join(20)
    assert woken == [None]


def test_a_request_wakes_who_waits(queue: Workqueue) -> None:
    woken: list[Trigger | None] = []
    thread = threading.Thread(target=lambda: woken.append(taken(queue)))
    thread.start()
    queue.request(Trigger.SIGNAL)
    thread.join(20)
    assert woken == [Trigger.SIGNAL]

"""The worker: every outcome of a pass in one place, each with its log line and its next step."""

from __future__ import annotations

import queue
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.instant import SECOND, Duration, Instant, parse_instant
from supervisor.core.judge.reconcile import Judgement
from supervisor.errors import ConfigError, LockedError
from supervisor.files.settings import Settings, load_settings
from supervisor.passes.recorder import Recorder
from supervisor.process.clock import Clock
from supervisor.supervise.pass_result import PassOutcome, PassResult
from supervisor.supervise.worker import Worker
from supervisor.supervise.workqueue import Trigger, Workqueue

REFUSED = "reload failed; keeping the previous settings"


class FaultyClock(Clock):
    """Real, but can be told to fail: the one part of a pass that a test can break from outside."""

    faulty = False
    ahead = 0
    asked: Callable[[], None] = staticmethod(lambda: None)

    def now(self) -> Instant:
        self.asked()
        if self.faulty:
            raise RuntimeError("the clock fell off the wall")
        return super().now() + self.ahead


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def __getattr__(self, level: str) -> Any:
        return lambda event, **fields: self.lines.append((level, event, fields))


class Bench:
    """A worker on real files, with its results to wait for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "hosts" / "nas").mkdir(parents=True)
        (folder / "world").mkdir()
        (folder / "hosts" / "nas" / "services.yaml").write_text("services: {web: {critical: true}}\n")
        (folder / "world" / "all.json").write_text('{"services": {"nas": {"web": "failed"}}}')
        self.settings = self.settings_with()
        self.results: queue.Queue[PassResult] = queue.Queue()
        self.clock = FaultyClock()
        self.log = Log()
        self.queue = Workqueue(self.clock.monotonic, SECOND // 2, 5 * SECOND, 3600 * SECOND)
        recorder = Recorder(self.settings)
        recorder.open()
        self.deaths: queue.Queue[str] = queue.Queue()
        self.after: Callable[[PassResult], None] = self.results.put
        self.adopted: list[Settings] = []
        self.load: Callable[[], Settings] = lambda: self.settings
        self.worker = Worker(
            self.settings,
            self._load,
            self.adopted.append,
            recorder,
            self.queue,
            self.clock,
            lambda _: "inotify",
            self._after,
            lambda: self.deaths.put("died"),
            self.log,
        )
        self.thread = self.worker.start()

    def _load(self) -> Settings:
        return self.load()

    def _after(self, result: PassResult) -> None:
        self.after(result)

    def settings_with(self, **more: str) -> Settings:
        names = {"inventory": "hosts", "world": "world", "event_log": "log", "checkpoint": "checkpoint.json"}
        flags = {key: str(self.folder / name) for key, name in names.items()}
        return load_settings(flags | more, {})

    def reload(self, settings: Settings) -> PassResult:
        """A pass by SIGHUP that finds these settings."""
        self.load = lambda: settings
        return self.make()

    def refusals(self) -> list[str]:
        return [fields["error"] for _, event, fields in self.log.lines if event == REFUSED and "error" in fields]

    def make(self, trigger: Trigger = Trigger.SIGNAL) -> PassResult:
        self.queue.request(trigger)
        return self.results.get(timeout=20)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.queue.close()
    bench.thread.join(20)
    assert not bench.thread.is_alive()


def test_a_pass_has_one_canonical_line(bench: Bench) -> None:
    bench.make(Trigger.START)
    bench.make()
    level, _, fields = next(line for line in bench.log.lines if line[1] == "pass")
    assert (level, fields["trigger"], fields["outcome"], fields["summary"]) == ("info", "start", "ok", "unstable")
    assert fields["emissions"] == [
        "reconcile_required:first_seen:service:nas/web",
        "summary_changed:changed:summary",
    ]
    second = [line for line in bench.log.lines if line[1] == "pass"][1][2]
    assert (second["pass"], second["emissions"]) == (2, [])


def test_each_emission_has_a_line_as_loud_as_it_matters(bench: Bench) -> None:
    bench.make()
    (bench.folder / "world" / "all.json").write_text('{"services": {"nas": {"web": "ok"}}}')
    bench.make()
    loud = [(level, event) for level, event, _ in bench.log.lines if event != "pass"]
    assert loud == [
        ("error", "reconcile_required"),
        ("warning", "summary_changed"),
        ("info", "reconcile_resolved"),
        ("info", "summary_changed"),
    ]


def test_an_output_that_fails_is_tried_again_and_caught_up(bench: Bench) -> None:
    (bench.folder / "log").mkdir()
    result = bench.make()
    assert result.outcome is PassOutcome.RETRY
    assert result.error is not None
    assert "is a folder" in result.error
    assert result.judgement is not None
    (bench.folder / "log").rmdir()
    retried = bench.results.get(timeout=20)
    assert (retried.trigger, retried.outcome, len(retried.emissions)) == (Trigger.RETRY, PassOutcome.OK, 2)


def test_a_fault_of_ours_drops_the_pass_and_not_the_daemon(bench: Bench) -> None:
    bench.clock.faulty = True
    result = bench.make()
    assert (result.outcome, result.judgement) == (PassOutcome.BUG, None)
    assert ("exception", "pass failed: bug in runtime-supervisor") in [line[:2] for line in bench.log.lines]
    bench.clock.faulty = False
    assert bench.make().outcome is PassOutcome.OK


@pytest.mark.parametrize("days", [365, -2, -20_000])
def test_a_clock_that_jumps_makes_the_world_stale_and_is_forgotten(bench: Bench, days: int) -> None:
    bench.make()
    bench.clock.ahead = days * 86400 * SECOND
    jumped = bench.make()
    assert [(emission.type.value, emission.subject) for emission in jumped.emissions] == [
        ("reconcile_blocked", "input:world")
    ]
    # What waits is counted by a clock that does not jump: nothing has become due.
    assert bench.queue.overdue() == 0
    bench.clock.ahead = 0
    back = bench.make()
    assert [(emission.type.value, emission.subject) for emission in back.emissions] == [
        ("reconcile_resolved", "input:world")
    ]


def test_new_settings_hold_from_the_pass_that_loads_them(bench: Bench) -> None:
    bench.make()
    bench.reload(bench.settings_with(checkpoint=str(bench.folder / "other.json"), stale_after="1h"))
    assert bench.worker.settings.stale_after == 3600 * SECOND
    assert bench.adopted[-1] == bench.worker.settings
    assert (bench.folder / "other.json").exists()
    # The old checkpoint is free for another supervisor.
    with Recorder(bench.settings):
        pass


def test_only_a_signal_reads_the_settings_again(bench: Bench) -> None:
    def load() -> Settings:
        loads.append("load")
        return bench.settings

    loads: list[str] = []
    bench.load = load
    for trigger in (Trigger.START, Trigger.RESYNC, Trigger.SIGNAL, Trigger.RESYNC):
        bench.make(trigger)
    assert loads == ["load"]


def test_settings_that_change_and_change_back_leave_no_lock_behind(bench: Bench) -> None:
    bench.reload(bench.settings_with(checkpoint=str(bench.folder / "other.json")))
    assert bench.reload(bench.settings).outcome is PassOutcome.OK
    with Recorder(bench.settings_with(checkpoint=str(bench.folder / "other.json"))):
        pass


def test_a_new_event_log_keeps_the_checkpoint_locked(bench: Bench) -> None:
    bench.make()
    settings = bench.settings_with(event_log=str(bench.folder / "other.log"))
    (bench.folder / "world" / "all.json").write_text('{"services": {"nas": {"web": "ok"}}}')
    assert len(bench.reload(settings).emissions) == 2
    assert (bench.folder / "other.log").read_text().count("\n") == 2
    with pytest.raises(LockedError), Recorder(settings):
        pass


def test_outputs_that_cannot_be_taken_over_leave_the_previous_settings(bench: Bench) -> None:
    bench.make()
    settings = bench.settings_with(checkpoint=str(bench.folder / "held.json"))
    with Recorder(settings):
        assert bench.reload(settings).outcome is PassOutcome.OK
        assert bench.make(Trigger.RESYNC).outcome is PassOutcome.OK
    assert len(bench.refusals()) == 1
    assert "another supervisor holds it" in bench.refusals()[0]
    with pytest.raises(LockedError), Recorder(bench.settings):
        pass


def test_refused_settings_do_not_come_into_force_when_the_next_file_is_invalid(bench: Bench) -> None:
    bench.make()
    refused = bench.settings_with(checkpoint=str(bench.folder / "held.json"), stale_after="1h")
    with Recorder(refused):
        bench.reload(refused)

    def load() -> Settings:
        raise ConfigError("supervisor.yaml:1: unknown key stale_afte")

    bench.load = load
    assert bench.make().outcome is PassOutcome.OK
    assert bench.worker.settings == bench.settings
    assert bench.adopted == [bench.settings]
    assert [error.partition(":")[0] for error in bench.refusals()] == [
        f"cannot lock {bench.folder}/held.json.lock",
        "supervisor.yaml",
    ]


def test_a_reload_that_fails_by_a_bug_leaves_the_previous_settings(bench: Bench) -> None:
    def load() -> Settings:
        raise RuntimeError("nobody expected this")

    bench.load = load
    assert bench.make().outcome is PassOutcome.OK
    assert ("exception", REFUSED) in [line[:2] for line in bench.log.lines]
    assert bench.worker.settings == bench.settings


def test_a_worker_that_dies_says_so(bench: Bench) -> None:
    def fail(_: PassResult) -> None:
        raise RuntimeError("nobody expected this")

    bench.after = fail
    bench.queue.request(Trigger.SIGNAL)
    assert bench.deaths.get(timeout=20) == "died"
    assert ("exception", "the worker died") in [line[:2] for line in bench.log.lines]


@pytest.mark.parametrize("leads_back", [False, True])
def test_of_what_is_read_anew_nothing_old_is_there_any_more(bench: Bench, leads_back: bool) -> None:
    results: list[weakref.ref[Judgement]] = []
    left: list[bool] = []

    def after(result: PassResult) -> None:
        assert result.judgement is not None
        results.append(weakref.ref(result.judgement))
        if leads_back:
            result.judgement.__dict__["back"] = result.judgement
        bench.results.put(replace(result, judgement=None))

    bench.after = after
    bench.make(Trigger.START)
    # Asked last when everything is read: then the most is there.
    bench.clock.asked = lambda: left.append(results[-1]() is not None)
    for _ in range(3):
        bench.make(Trigger.SIGNAL)
    assert set(left) == {False}
    assert [item() for item in results[:-1]] == [None] * 3


class SteppingClock(Clock):
    """Stands still until the test moves it; its two hands are an hour apart."""

    def __init__(self, at: Instant) -> None:
        self.at = at

    def now(self) -> Instant:
        return self.at

    def monotonic(self) -> int:
        return self.at + 3600 * SECOND

    def settle(self, modified_at: Instant | None) -> bool:  # noqa: ARG002 - files hold still while the test runs
        return False


class Steps:
    """A worker without a thread: its passes are made as they fall due, on a clock that is moved a step at a time."""

    def __init__(self, folder: Path, world: str) -> None:
        (folder / "hosts" / "nas").mkdir(parents=True)
        (folder / "world").mkdir()
        (folder / "hosts" / "nas" / "services.yaml").write_text("services: [a, b, c, d, e, f]\n")
        (folder / "world" / "all.json").write_text(world)
        names = {"inventory": "hosts", "world": "world", "event_log": "log", "checkpoint": "checkpoint.json"}
        settings = load_settings({key: str(folder / name) for key, name in names.items()}, {})
        self.clock = SteppingClock(NOON)
        self.queue = Workqueue(self.clock.monotonic, SECOND // 2, 5 * SECOND, 3600 * SECOND)
        self.results: list[tuple[Instant, PassResult]] = []
        self.worker = Worker(
            settings,
            lambda: settings,
            lambda _: None,
            Recorder(settings),
            self.queue,
            self.clock,
            lambda _: "inotify",
            lambda result: self.results.append((self.clock.at - NOON, result)),
            lambda: None,
            Log(),
        )
        self.queue.request(Trigger.START)

    def walk(self, until: Duration, step: Duration) -> list[tuple[Duration, Trigger, list[str]]]:
        """When a pass was made, why, and what it announced."""
        while self.clock.at <= NOON + until:
            self.clock.at += 1
            is_due = self.queue.overdue() > 0
            self.clock.at -= 1
            if is_due and (task := self.queue.take()) is not None:
                self.worker.serve(task)
            self.clock.at += step
        self.worker.recorder.close()
        return [
            (at, result.trigger, [str(emission.subject) for emission in result.emissions])
            for at, result in self.results
        ]


NOON = parse_instant("2026-11-23T12:00:00Z")
MILLI = SECOND // 1000


def test_a_pass_is_made_when_the_world_turns_stale_and_not_a_resync_later(tmp_path: Path) -> None:
    services = ", ".join(f'"{name}": "ok"' for name in "abcdef")
    steps = Steps(tmp_path, f'{{"observed_at": "2026-11-23T11:59:30Z", "services": {{"nas": {{{services}}}}}}}')
    # stale_after is 5m, so that at 270 s it still holds; the next step is 100 ms later.
    assert steps.walk(400 * SECOND, 100 * MILLI) == [
        (0, Trigger.START, []),
        (270 * SECOND + 100 * MILLI, Trigger.TIME, ["input:world", "summary"]),
    ]


def test_many_verdicts_that_turn_in_one_second_are_one_pass_a_second(tmp_path: Path) -> None:
    # A start may take 2m; the graces end at 10.0 s, 10.3 s, ... 11.5 s.
    since = [f"2026-11-23T11:58:{10 + 3 * number // 10}.{3 * number % 10}Z" for number in range(6)]
    services = ", ".join(
        f'"{name}": {{"status": "starting", "since": "{moment}"}}' for name, moment in zip("abcdef", since, strict=True)
    )
    steps = Steps(tmp_path, f'{{"observed_at": "2026-11-23T12:00:00Z", "services": {{"nas": {{{services}}}}}}}')
    assert steps.walk(60 * SECOND, 100 * MILLI) == [
        (0, Trigger.START, []),
        (10100 * MILLI, Trigger.TIME, ["service:nas/a", "summary"]),
        (11100 * MILLI, Trigger.TIME, [f"service:nas/{name}" for name in "bcd"]),
        (12100 * MILLI, Trigger.TIME, ["service:nas/e", "service:nas/f"]),
    ]

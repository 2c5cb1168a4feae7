"""The worker thread: takes passes from the queue, one after another, and handles each way that a pass can end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from supervisor.core.announce.emissions import Emission
from supervisor.core.instant import SECOND, Duration, Instant
from supervisor.core.judge.reconcile import Judgement
from supervisor.errors import OutputError, SupervisorError
from supervisor.files.settings import Settings
from supervisor.passes.read_and_judge import Hints, Judge
from supervisor.passes.recorder import Recorder
from supervisor.process import collector, logs
from supervisor.process.clock import Clock
from supervisor.supervise.pass_result import PassOutcome, PassResult, log_result
from supervisor.supervise.watch import WATCHING
from supervisor.supervise.workqueue import Task, Trigger, Workqueue

_ANEW = (Trigger.START, Trigger.SIGNAL)
"""These passes read every file again and use nothing that is remembered of it."""

FIRST_RETRY = SECOND
LAST_RETRY = 60 * SECOND


@dataclass
class Worker:
    """Runs in a thread of its own, which alone uses the recorder and holds the settings in force.

    ``load`` reads the settings again, when a pass by SIGHUP begins; SupervisorError when they cannot be used.
    ``adopted`` is told of settings that came into force, ``after`` of every pass, ``died`` when the thread ends other
    than by the queue's close. ``watch`` says how changes of a pass's inputs are noticed.
    """

    settings: Settings
    """In force. They change only by a reload that succeeded, as its last step."""
    load: Callable[[], Settings]
    adopted: Callable[[Settings], None]
    recorder: Recorder
    queue: Workqueue
    clock: Clock
    watch: Callable[[Settings], str]
    after: Callable[[PassResult], None]
    died: Callable[[], None]
    log: Any = field(default_factory=logs.get_logger)
    started: int | None = None
    """When the pass that runs began, monotonic nanoseconds; None between passes."""
    _number: int = 0
    _retries: int = 0

    def __post_init__(self) -> None:
        self._judge: Judge | None = None
        self._monotonic_ahead = 0
        self._watch = ""

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="worker")
        thread.start()
        return thread

    def _run(self) -> None:
        try:
            while (task := self.queue.take()) is not None:
                self.serve(task)
        except BaseException:
            # A daemon without its worker judges nothing and still looks alive.
            self.log.exception("the worker died")
            self.died()
        finally:
            self.recorder.close()

    def serve(self, task: Task) -> None:
        """One pass, in a frame of its own: while the next one is waited for, nothing holds the result of this one."""
        self.started = self.clock.monotonic()
        result = self._pass(task)
        self.started = None
        self.queue.done(self._retry_after(result.outcome), self._turns_at(result.judgement))
        self.after(result)

    def _reload(self) -> None:
        """Fallible first, then swap: whatever is wrong with the new settings, the previous ones stay in force."""
        try:
            settings = self.load()
            recorder = self.recorder.for_settings(settings)
        except SupervisorError as error:
            for line in str(error).splitlines():
                self.log.error("reload failed; keeping the previous settings", error=line)
        except Exception:  # logged whole; nothing that a reload does may end the daemon
            self.log.exception("reload failed; keeping the previous settings")
        else:
            self.settings, self.recorder = settings, recorder
            self.adopted(settings)
            self.queue.tune(settings.quiet_period, settings.max_delay, settings.resync_interval)

    def _pass(self, task: Task) -> PassResult:
        self._number += 1
        began, judgement = self.clock.monotonic(), None
        emissions: list[Emission] = []
        error: str | None = None
        outcome = PassOutcome.OK
        if task.trigger is Trigger.SIGNAL:
            self._reload()
        try:
            judgement = self._look(task)
            now, repeat_interval = judgement.picture.now, self.settings.repeat_interval
            emissions = self.recorder.record(judgement, now, repeat_interval, self._watch)
        except OutputError as failure:
            outcome, error = PassOutcome.RETRY, str(failure)
            self.log.error("cannot write event log or checkpoint; will retry", error=error, **{"pass": self._number})
        except Exception as failure:  # a bug of ours, whatever it is, must not end the daemon
            outcome, error = PassOutcome.BUG, f"{type(failure).__name__}: {failure}"
            self._forget()
            self.log.exception("pass failed: bug in runtime-supervisor", **{"pass": self._number})
        for notice in self.recorder.take_notices():
            self.log.warning(notice)
        took = self.clock.monotonic() - began
        result = PassResult(self._number, task.trigger, outcome, judgement, tuple(emissions), error, took)
        log_result(self.log, result)
        return result

    def _look(self, task: Task) -> Judgement:
        """Read what has to be read, and judge. While the watch misses changes, every file is looked at."""
        hints = None if task.changes is None or self._watch != WATCHING else Hints.of(task.changes)
        if hints is None:
            self._watch = self.watch(self.settings)
        if self._judge is not None and task.trigger not in _ANEW:
            return self._judge.judge(self.settings, hints)
        self._forget()
        collector.collect()
        with collector.setting_aside():
            self._judge = Judge(self.settings, self._now, self.clock.settle)
            return self._judge.judge(self.settings, hints)

    def _forget(self) -> None:
        """Let go of what was read and judged, before as much again is made."""
        traces = collector.Traces() if self._judge is None else self._judge.traces()
        self._judge = None
        self.recorder.forget()
        traces.give_back()

    def _now(self) -> Instant:
        """The moment of the judgement; what waiting counts by is asked with it, for the two may drift apart later."""
        now = self.clock.now()
        self._monotonic_ahead = self.clock.monotonic() - now
        return now

    def _turns_at(self, judgement: Judgement | None) -> int | None:
        """When time alone changes the verdict, by the monotonic clock. At ``until`` itself the verdict still holds."""
        return None if judgement is None else judgement.until + 1 + self._monotonic_ahead

    def _retry_after(self, outcome: PassOutcome) -> Duration | None:
        if outcome is not PassOutcome.RETRY:
            self._retries = 0
            return None
        self._retries += 1
        return min(FIRST_RETRY << min(self._retries - 1, 10), LAST_RETRY)

"""The composition root of the daemon: puts the parts together, waits for signals and says how passes went."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from functools import partial

from supervisor.errors import ConfigError, LockedError, OutputError
from supervisor.files.mounts import is_private
from supervisor.files.settings import Settings
from supervisor.passes.caller import Caller
from supervisor.passes.recorder import Recorder
from supervisor.process import logs, signals
from supervisor.process.clock import Clock
from supervisor.process.heartbeat import SdNotifier, Systemd
from supervisor.supervise.pass_result import PassResult, status_text
from supervisor.supervise.pulse import Pulse
from supervisor.supervise.watch import WATCHING, Watcher
from supervisor.supervise.watchable import roots
from supervisor.supervise.worker import Worker
from supervisor.supervise.workqueue import Trigger, Workqueue


def run(settings: Settings, load: Callable[[], Settings]) -> int:
    """Run until SIGTERM or SIGINT; 0. Signals must be blocked already. LockedError when another one runs."""
    logs.configure(level=settings.log_level)
    _usable(settings)
    recorder = Recorder(settings)
    try:
        recorder.open()
    except LockedError:
        raise
    except OutputError:
        # The reason may go away: each pass tries again and says what it is.
        pass
    return _Daemon(settings, recorder, lambda: _usable(load())).run()


def _usable(settings: Settings) -> Settings:
    """The same. NotPermittedError when the outputs are not this user's to write.

    ConfigError when they are in a /tmp that only this service sees: nobody could read them.
    """
    for key in ("event_log", "checkpoint"):
        path = getattr(settings, key)
        if is_private(path):
            raise ConfigError(
                f"cannot use {key} {path}: it is in a /tmp of this service alone; remove PrivateTmp= from the unit "
                "(DynamicUser= implies it), or put the file elsewhere"
            )
    Caller.current().refuse_outputs(settings)
    return settings


class _Daemon:
    def __init__(self, settings: Settings, recorder: Recorder, load: Callable[[], Settings]) -> None:
        self._log = logs.get_logger()
        self._clock = Clock()
        self._systemd = Systemd(SdNotifier(os.environ), os.environ, os.getpid())
        self._queue = Workqueue(
            self._clock.monotonic, settings.quiet_period, settings.max_delay, settings.resync_interval
        )
        self._watcher = Watcher(self._queue, self._clock.monotonic, self._clock.now)
        self._worker = Worker(
            settings,
            load,
            lambda adopted: logs.set_level(adopted.log_level),
            recorder,
            self._queue,
            self._clock,
            self._watch,
            self._after,
            self._fail,
        )
        self._pulse = Pulse(
            self._systemd,
            self._clock.monotonic,
            self._watcher.died,
            partial(self._queue.request, Trigger.RESYNC),
            lambda: self._worker.started,
            self._queue.overdue,
            lambda: self._worker.recorder.holds_lock,
            self._give_up,
        )
        self._failed = False
        self._main = threading.get_ident()

    def run(self) -> int:
        settings = self._worker.settings
        self._log.info(
            "started",
            message=f"started: compares {settings.inventory} with {settings.world}",
            inventory=settings.inventory,
            world=settings.world,
            event_log=settings.event_log,
            pid=os.getpid(),
        )
        self._queue.request(Trigger.START)
        thread = self._worker.start()
        try:
            self._pulse.beat()
            while (received := signals.wait(self._pulse.pause())) not in (signal.SIGTERM, signal.SIGINT):
                if received is signal.SIGHUP:
                    self._reload()
                self._pulse.beat()
        finally:
            self._systemd.stopping()
            self._queue.close()
            thread.join()
            self._watcher.stop()
        self._log.info("stopped", message="stopped, after a fault" if self._failed else "stopped", failed=self._failed)
        return 1 if self._failed else 0

    def _give_up(self) -> None:
        checkpoint = self._worker.settings.checkpoint
        self._log.error("gave up", why=f"{checkpoint}.lock could not be locked for a minute", checkpoint=checkpoint)
        self._fail()

    def _fail(self) -> None:
        """End as if told to, but not with 0. Called from any thread."""
        self._failed = True
        signal.pthread_kill(self._main, signal.SIGTERM)

    def _reload(self) -> None:
        """The worker reads the settings again; a pass is made whatever is wrong with them."""
        self._systemd.reloading(self._clock.monotonic())
        self._queue.request(Trigger.SIGNAL)

    def _watch(self, settings: Settings) -> str:
        """Called by the worker before it looks at everything, so that no change falls between watching and reading."""
        before, state = self._watcher.state, self._watcher.check(roots(settings))
        if state != before and state != WATCHING:
            self._log.warning("watch=degraded", why=state.removeprefix("degraded: "))
        elif state != before and before.startswith("degraded"):
            self._log.info("file watching works again")
        return state

    def _after(self, result: PassResult) -> None:
        """Called by the worker after each pass."""
        self._systemd.status(status_text(result, self._clock.now(), self._watcher.state))
        # Not before the lock was had: until then nothing is announced, and to be active would hide that.
        if self._worker.recorder.holds_lock and not self._pulse.ready:
            self._pulse.ready = True
            self._systemd.ready()
        elif self._pulse.ready and result.trigger is Trigger.SIGNAL:
            self._systemd.ready()

"""The last paragraph of a pass: what is to be announced is appended, then the checkpoint is saved."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Self

from supervisor.core.announce.emissions import Emission, number
from supervisor.core.announce.events import START, Event, event_source
from supervisor.core.announce.ledger import Folding, Ledger, fold, open_sources
from supervisor.core.announce.settled import Settled
from supervisor.core.instant import Instant
from supervisor.core.judge.reconcile import Judgement
from supervisor.errors import CheckpointError
from supervisor.files import checkpoint, eventlog
from supervisor.files.atomic import sweep
from supervisor.files.checkpoint import Checkpoint
from supervisor.files.lock import Lock
from supervisor.files.settings import Settings


class Recorder:
    """Appends what is to be announced, then saves the checkpoint; holds the lock on it meanwhile.

    The order of writes is: append the events, fsync the log, write the new checkpoint beside the old, fsync it, rename
    it, fsync the folder. A crash between any two leaves the old checkpoint and a log that may be ahead of it; the next
    start reads the log from the checkpoint's position and takes in what is there, so nothing is announced twice.
    When there is no checkpoint, a first one with the log's position is saved before any event is appended.
    """

    def __init__(self, settings: Settings, lock: Lock | None = None) -> None:
        self._log_path = settings.event_log
        self._path = settings.checkpoint
        self._name = settings.source
        self._resync_interval = settings.resync_interval
        self._source = event_source(os.uname().nodename if settings.source == "hostname" else settings.source)
        self._lock = lock or Lock(self._path)
        self._state: Checkpoint | None = None
        self._saved_as: tuple[int, int, int] | None = None
        self._save_failed = False
        self._settled = Settled()
        self._notices: list[str] = []

    def open(self) -> None:
        """Take the lock. LockedError when another supervisor holds it, CheckpointError when it cannot be taken."""
        if self._lock.acquire():
            sweep(self._path)

    @property
    def holds_lock(self) -> bool:
        return self._lock.is_held

    def close(self) -> None:
        self._lock.release()

    def for_settings(self, settings: Settings) -> Recorder:
        """Itself when name and outputs stay as they are, else another recorder; after an OutputError it stays."""
        if (settings.event_log, settings.checkpoint, settings.source) == (self._log_path, self._path, self._name):
            self._resync_interval = settings.resync_interval
            return self
        if settings.checkpoint == self._path:
            return Recorder(settings, self._lock)
        new = Recorder(settings)
        new.open()
        self.close()
        return new

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record(self, judgement: Judgement, now: Instant, repeat_interval: int, watch: str | None) -> list[Emission]:
        """Announce what is to be announced. OutputError when it is not durable: say so and come again."""
        self.open()
        state = self._current(now)
        settled, self._settled = self._settled, Settled()
        emissions = settled.plan_emissions(state.ledger, judgement, now, repeat_interval)
        ledger, position = state.ledger, state.position
        if emissions:
            folding = Folding(ledger)
            events = number(emissions, ledger, self._source, now)
            # Until it is known what of them is on disk, what we remember is not to be trusted.
            self._state = None
            position = eventlog.append(self._log_path, folding.through(events))
            ledger = folding.ledger()
        ledger = settled.refreshed(replace(ledger, summary=judgement.summary), judgement)
        overview = settled.overview_of(judgement)
        latest = Checkpoint(ledger, position, watch, state.updated, overview, self._resync_interval)
        if emissions or self._save_failed or latest != state:
            self._save(latest._replace(updated=now))
        else:
            # They are equal; these are the objects that are settled now, which the next pass knows again.
            self._state = latest
        settled.settle(ledger, judgement, overview)
        self._settled = settled
        self._lock.mark(now)
        return emissions

    def forget(self) -> None:
        """Let go of the judgement that was recorded last; the next one is compared with all that is open."""
        self._settled = Settled()

    def take_notices(self) -> list[str]:
        """What happened to the outputs that people should know of, once."""
        notices, self._notices = self._notices, []
        return notices

    def _current(self, now: Instant) -> Checkpoint:
        """What was announced so far: remembered, or put together again from the checkpoint and the log behind it."""
        if self._state is not None and self._saved_as == checkpoint.stamp(self._path) is not None:
            return self._state
        self._state, self._settled = None, Settled()
        try:
            saved = checkpoint.load(self._path)
        except checkpoint.DamagedError as error:
            aside = checkpoint.set_aside(self._path, now)
            self._notices.append(f"{error}; set aside as {os.path.basename(aside)} and rebuilt")
            saved = None
        return self._rebuilt(now) if saved is None else self._caught_up(saved, now)

    def _rebuilt(self, now: Instant) -> Checkpoint:
        """Without a checkpoint: what our events of the log leave open is to be announced again."""
        events, position = eventlog.recover(self._log_path, START, self._source)
        state = Checkpoint(fold(Ledger(), events).unannounced(), position, None, now)
        self._save(state)
        if not events:
            # Nothing of ours, but of somebody: perhaps that was us, under the name that this machine had.
            for source in open_sources(eventlog.of_all_sources(self._log_path)):
                name = source.removeprefix(event_source(""))
                self._notices.append(f"open events of {source}; set source: {name} to go on")
        return state

    def _caught_up(self, saved: Checkpoint, now: Instant) -> Checkpoint:
        """With a checkpoint: the events behind its position are taken in, where they follow on it."""
        events, position = eventlog.recover(self._log_path, saved.position, self._source)
        unknown: list[Event] = []
        for event in events:
            # What is left of an earlier life of the log does not follow on.
            if int(event["sequence"]) == saved.ledger.sequence + len(unknown) + 1:
                unknown.append(event)
        state = saved._replace(ledger=fold(saved.ledger, unknown), position=position)
        if unknown:
            # The crash came before this was saved; until it is, a rotation could hide these events from us.
            self._save(state._replace(updated=now))
        else:
            self._remember(state)
        return state

    def _save(self, state: Checkpoint) -> None:
        # Whichever checkpoint is on the disk if this fails, and however durable: the next pass saves the whole again.
        self._state, self._save_failed = None, True
        checkpoint.save(self._path, state)
        self._remember(state)
        self._save_failed = False

    def _remember(self, state: Checkpoint) -> None:
        self._saved_as = checkpoint.stamp(self._path)
        if self._saved_as is None:
            raise CheckpointError(f"cannot find {self._path}: it vanished right after it was written")
        self._state = state

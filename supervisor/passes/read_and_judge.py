"""The first two paragraphs of a pass: read both folders, judge them. It writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from supervisor.core.instant import Instant
from supervisor.core.judge.memo import Memo
from supervisor.core.judge.reconcile import Judgement, reconcile
from supervisor.files.file_cache import Changes
from supervisor.files.inventory.load import load_inventory
from supervisor.files.inventory.memory import InventoryMemory
from supervisor.files.reading import Settle
from supervisor.files.settings import Settings
from supervisor.files.trees import HOSTS_TREE, TREES, WORLD_TREE
from supervisor.files.world.load import load_world
from supervisor.files.world.memory import WorldMemory
from supervisor.process import collector


class Hints(NamedTuple):
    """The files that changed below each folder; no other file changed."""

    inventory: Changes
    world: Changes

    @classmethod
    def of(cls, changes: Changes) -> Hints:
        """From paths that begin with the name of their tree."""
        by_tree: dict[str, dict[str, bool]] = {tree.name: {} for tree in TREES}
        for path, whole in changes.items():
            name, _, relative = path.partition("/")
            by_tree[name][relative] = whole
        return cls(by_tree[HOSTS_TREE.name], by_tree[WORLD_TREE.name])


class Judge:
    """Remembers what it read and judged, so that a pass costs what has changed. All of it can be read again any time.

    ``now`` is asked when everything is read.
    """

    def __init__(self, settings: Settings, now: Callable[[], Instant], settle: Settle | None = None) -> None:
        self._inventory = InventoryMemory(settings.inventory, settings.max_input_bytes, settle, now)
        self._world = WorldMemory(settings.world, settings.max_input_bytes, settle, now)
        self._now = now
        self._memo = Memo()

    def judge(self, settings: Settings, hints: Hints | None = None) -> Judgement:
        """Look at both folders, or only at the files that ``hints`` names, and judge."""
        with collector.at_rest():
            desired = self._inventory.read(None if hints is None else hints.inventory)
            actual = self._world.read(None if hints is None else hints.world)
            problems = (*desired.problems, *actual.problems)
            return self._memo.reconcile(desired.value, actual.value, settings.thresholds, self._now(), problems)

    def traces(self) -> collector.Traces:
        """They tell whether something large of this judge is still in memory after it was let go."""
        return collector.Traces(self._inventory, self._world, self._memo.last)


def judge(settings: Settings, now: Instant | Callable[[], Instant], settle: Settle | None = None) -> Judgement:
    """One judgement of everything, at a moment or by a clock that is asked once everything is read."""
    # It stays to the end of the command; the collector need not look through it while the report is written.
    with collector.setting_aside():
        desired = load_inventory(settings.inventory, settings.max_input_bytes, settle)
        actual = load_world(settings.world, settings.max_input_bytes, settle)
        moment = now() if callable(now) else now
        problems = (*desired.problems, *actual.problems)
        return reconcile(desired.value, actual.value, settings.thresholds, moment, problems)

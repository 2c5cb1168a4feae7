"""The first two paragraphs of a pass: read both folders, judge them. It writes nothing."""

from __future__ import annotations

from collections.abc import Callable

from supervisor.core.instant import Instant
from supervisor.core.reconcile import Judgement, reconcile
from supervisor.files.inventory import load_inventory
from supervisor.files.reading import Settle
from supervisor.files.settings import Settings
from supervisor.files.world import load_world


def judge(settings: Settings, now: Instant | Callable[[], Instant], settle: Settle | None = None) -> Judgement:
    """Read both folders and judge them. ``now`` may be a clock: it is asked once everything is read."""
    desired = load_inventory(settings.inventory, settings.max_input_bytes, settle)
    actual = load_world(settings.world, settings.max_input_bytes, settle)
    moment = now() if callable(now) else now
    return reconcile(desired.value, actual.value, settings.thresholds, moment, (*desired.problems, *actual.problems))

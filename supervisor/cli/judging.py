"""One judgement for a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from supervisor.core.instant import Instant
    from supervisor.core.judge.reconcile import Judgement
    from supervisor.files.settings import Settings


def judge_at(settings: Settings, at: Instant | None) -> Judgement:
    """Both folders as they are, judged as of a moment, or of now."""
    from supervisor.passes.read_and_judge import judge
    from supervisor.process.clock import Clock

    clock = Clock()
    return judge(settings, clock.now if at is None else at, clock.settle)

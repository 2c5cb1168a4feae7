"""One judgement for a command, and what could not be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supervisor.cli.output import complain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from supervisor.core.instant import Instant
    from supervisor.core.judge.reconcile import Judgement
    from supervisor.core.model.problems import Problem
    from supervisor.files.settings import Settings

_SHOWN = 10
"""So many problems are named; `check` has them all."""


def judge_at(settings: Settings, at: Instant | None) -> Judgement:
    """Both folders as they are, judged as of a moment, or of now."""
    from supervisor.passes.read_and_judge import judge
    from supervisor.process.clock import Clock

    clock = Clock()
    return judge(settings, clock.now if at is None else at, clock.settle)


def complain_of_inputs(problems: Iterable[Problem]) -> bool:
    """Say which inputs cannot be used, wholly or in part; False when all can."""
    from supervisor.core.model.problems import Level

    errors = [problem for problem in problems if problem.level is Level.ERROR]
    complain([f"runtime-supervisor: {problem}" for problem in errors[:_SHOWN]])
    if len(errors) > _SHOWN:
        complain([f"runtime-supervisor: and {len(errors) - _SHOWN} more; for all: runtime-supervisor check"])
    return bool(errors)

"""What screens show beside what is open: how much there is, and what the inventory does not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from supervisor.core.judge.reconcile import Judgement  # who only shows a checkpoint judges nothing


class Overview(NamedTuple):
    """The counts of the report, and the services that the inventory does not have, as text, sorted."""

    counts: Mapping[str, int]
    unmanaged: tuple[str, ...]


def overview_of(judgement: Judgement) -> Overview:
    return Overview(judgement.counts, tuple(sorted(str(ref) for part in judgement.findings for ref in part.unmanaged)))

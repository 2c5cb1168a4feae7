"""When the last pass was, and whether that is recent enough to believe what it found."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from supervisor.core.instant import Duration, Instant

PATIENCE = 3
"""After so many resync intervals without a pass nothing is believed."""


class Doubt(StrEnum):
    """Why what the last pass found is not taken for the present state."""

    NEVER = "no pass is known"
    STOPPED = "the daemon that made the last pass does not run"
    OLD = "the last pass is too old"
    AHEAD = "the last pass is in the future"


class LastPass(NamedTuple):
    """``at``: None when it is not known. ``running``: a supervisor runs now; None when that cannot be told."""

    at: Instant | None = None
    running: bool | None = None

    def doubt(self, watch: str | None, now: Instant, resync_interval: Duration) -> Doubt | None:
        """Why its summary is not to be believed, or None. ``watch`` is None unless a daemon made the pass."""
        if self.at is None:
            return Doubt.NEVER
        if watch is not None and self.running is False:
            return Doubt.STOPPED
        if now - self.at >= PATIENCE * resync_interval:
            return Doubt.OLD
        return Doubt.AHEAD if self.at - now >= PATIENCE * resync_interval else None

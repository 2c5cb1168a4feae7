"""Whether what the last pass found is believed: by its age, and by whether the daemon that made it runs."""

from __future__ import annotations

import pytest

from supervisor.core.announce.last_pass import Doubt, LastPass
from supervisor.core.instant import SECOND

NOW = 10**18
INTERVAL = 60 * SECOND


@pytest.mark.parametrize(
    ("seconds_ago", "running", "watch", "doubt"),
    [
        (0, True, "inotify", None),
        (179, True, "inotify", None),
        (180, True, "inotify", Doubt.OLD),
        (-179, True, "inotify", None),
        (-180, True, "inotify", Doubt.AHEAD),
        (0, False, "inotify", Doubt.STOPPED),
        (9999, False, "inotify", Doubt.STOPPED),
        (0, None, "inotify", None),
        (9999, None, "inotify", Doubt.OLD),
        (0, False, None, None),
        (180, False, None, Doubt.OLD),
    ],
)
def test_what_the_last_pass_found_is_doubted_with_a_reason(
    seconds_ago: int, running: bool | None, watch: str | None, doubt: Doubt | None
) -> None:
    assert LastPass(NOW - seconds_ago * SECOND, running).doubt(watch, NOW, INTERVAL) is doubt


@pytest.mark.parametrize("running", [True, False, None])
def test_without_a_pass_nothing_is_known(running: bool | None) -> None:
    assert LastPass(None, running).doubt("inotify", NOW, INTERVAL) is Doubt.NEVER

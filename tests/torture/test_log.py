"""The shared log: other writers, rotation by every means, what is taken away, and two supervisors at once."""

from __future__ import annotations

from pathlib import Path

from supervisor.core.events import Event, make_event
from supervisor.core.model import EventType
from supervisor.files import eventlog
from tests.torture.conftest import Figure
from tests.torture.ground import filesystem, rounds
from tests.torture.others import busy

SOURCE = "/runtime-supervisor/test"


def event(sequence: int) -> Event:
    return make_event(SOURCE, sequence, 10**18 + sequence, EventType.REQUIRED, "node:nas", {"fingerprint": "f" * 16})


def test_what_is_renamed_while_it_is_looked_for_is_found(place: Path, figure: Figure) -> None:
    log, looks, missed = str(place / "log"), rounds(200, 3000), 0
    with busy("rename", log, "0.005"):
        for number in range(1, 2 * looks, 2):
            position = eventlog.append(log, [event(number)])
            eventlog.append(log, [event(number + 1)])
            found, _ = eventlog.recover(log, position, SOURCE)
            missed += str(number + 1) not in [one["sequence"] for one in found]
    figure(
        f"a rotation in the middle of a recovery ({filesystem(place)})",
        "renamed every 5 ms, as logrotate does, while events behind the checkpoint are looked for",
        f"{missed} of {looks} missed",
    )
    assert missed == 0

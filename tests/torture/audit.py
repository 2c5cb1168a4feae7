"""What must be true of the two outputs at any moment, whatever happened before."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from supervisor.core.announce.events import Event, parse_line
from supervisor.core.announce.ledger import Ledger, fold
from supervisor.files import checkpoint


@dataclass(frozen=True)
class Audit:
    """The events of a log in order, how many lines are fragments, and what is wrong with it, in words."""

    events: list[Event]
    fragments: int
    faults: list[str]

    @property
    def open(self) -> dict[str, str]:
        """Subject by fingerprint of what replaying the log leaves open."""
        return {key: entry.subject for key, entry in fold(Ledger(), self.events).open.items()}

    @property
    def sequence(self) -> int:
        return int(self.events[-1]["sequence"]) if self.events else 0


def audit(*logs: Path) -> Audit:
    """Read logs, oldest first: no event is lost, repeated, or on the line of a fragment."""
    events: list[Event] = []
    fragments = 0
    faults: list[str] = []
    for log in logs:
        for number, line in enumerate(log.read_bytes().split(b"\n") if log.exists() else [], 1):
            event = parse_line(line)
            if event is not None:
                events.append(event)
            elif line and not _is_object(line):
                fragments += 1
                if _hides_an_event(line):
                    faults.append(f"{log.name}:{number}: an event is on the line of a fragment")
    sequence = [int(event["sequence"]) for event in events]
    if sequence != list(range(1, len(events) + 1)):
        odd = [(before, after) for before, after in pairwise(sequence) if after != before + 1]
        faults.append(f"the sequence begins with {sequence[:1]} and jumps at {odd[:5]}")
    if len({event["id"] for event in events}) != len(events):
        faults.append("an id is repeated")
    return Audit(events, fragments, faults)


def recommended(report: dict[str, Any]) -> dict[str, str]:
    """Subject by fingerprint of a report's recommendations."""
    return {recommendation["fingerprint"]: recommendation["subject"] for recommendation in report["recommendations"]}


def acknowledged(path: Path) -> int:
    """The sequence that a checkpoint vouches for; 0 without one, or with the zeros that a test put there."""
    if path.exists() and not path.read_bytes().strip(b"\0"):
        return 0
    saved = checkpoint.load(str(path))
    return 0 if saved is None else saved.ledger.sequence


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _hides_an_event(line: bytes) -> bool:
    text, start = line.decode("utf-8", "replace"), -1
    while (start := text.find('{"specversion"', start + 1)) >= 0:
        with suppress(ValueError):
            json.JSONDecoder().raw_decode(text, start)
            return True
    return False

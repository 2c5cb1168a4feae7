"""systemd units, asked of ``systemctl show``.

Units are asked for by name: a list omits oneshots that have finished, and units that are masked, refused or skipped.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from supervisor.core.model.desired import DesiredService
from supervisor.errors import AwayError, ChildError, SourceError
from supervisor.files.settings import Key
from supervisor.observe.deadline import Deadline
from supervisor.observe.sighting import Sighting
from supervisor.observe.sources.source import Opened, SourceKind, switch
from supervisor.observe.units import QUERY, SOURCE, blocks, sighting, unit_of, wakers
from supervisor.process import child

_NONE = "none"
_AT_ONCE = 200
_RUNS = "/run/systemd/system"
"""The folder that is there when systemd runs the machine, as sd_booted(3) has it."""


class Units:
    """The service manager of this machine; ``extra`` are units, or patterns of such, besides those of the inventory."""

    name = SOURCE

    def __init__(self, extra: Sequence[str], systemctl: str = "/usr/bin/systemctl") -> None:
        self._extra = tuple(extra)
        self._systemctl = systemctl

    def look(self, services: Mapping[str, DesiredService], deadline: Deadline) -> tuple[Sighting, ...]:
        exact = sorted({unit for service in services.values() if (unit := unit_of(service)) is not None})
        answers = self._named(exact, deadline)
        if self._extra:
            # One pattern may stand for many units, so the answers are told apart by their own names.
            shown = self._show(self._extra, deadline)
            answers = {unit["Id"]: unit for unit in shown if unit.get("Id")} | answers
        active = self._active({waker for unit in answers.values() for waker in wakers(unit)}, deadline)
        seen = {name: sighting(name, unit, active) for name, unit in answers.items()}
        return tuple(unit for _, unit in sorted(seen.items()) if unit is not None)

    def _active(self, units: Collection[str], deadline: Deadline) -> frozenset[str]:
        answers = self._named(sorted(units), deadline)
        return frozenset(name for name, unit in answers.items() if unit.get("ActiveState") == "active")

    def _named(self, units: Sequence[str], deadline: Deadline) -> dict[str, Mapping[str, str]]:
        """The answers by the names that were asked for, which may be aliases."""
        answers: dict[str, Mapping[str, str]] = {}
        for begin in range(0, len(units), _AT_ONCE):
            names = units[begin : begin + _AT_ONCE]
            shown = self._show(names, deadline)
            if len(shown) != len(names):
                raise SourceError(f"gave {len(shown)} answers to {len(names)} questions")
            answers |= zip(names, shown, strict=True)
        return answers

    def _show(self, units: Sequence[str], deadline: Deadline) -> list[dict[str, str]]:
        try:
            ended = child.run([self._systemctl, *QUERY, *units], deadline.left())
        except ChildError as error:
            raise SourceError(str(error) if deadline.left() else deadline.missed()) from error
        if ended.status != 0:
            why = ended.complaint.decode("utf-8", "replace").strip().partition("\n")[0]
            raise AwayError(f"cannot be asked: {why[:200] or f'systemctl ended with {ended.status}'}")
        return blocks(ended.output.decode("utf-8", "replace"))


def _units(text: str) -> tuple[str, ...]:
    units = tuple(dict.fromkeys(text.split())) if text != _NONE else ()
    for unit in units:
        if unit.startswith("-"):
            raise ValueError(f"{unit[:60]!r} is not a unit")
    return units


def _start(settings: Mapping[str, Any], earlier: Sequence[str]) -> Opened:
    if not settings["systemd"]:
        return Opened()
    if os.path.isdir(_RUNS):
        return Opened((Units(settings["units"]),))
    return Opened((), ("systemd does not run here any more",) if SOURCE in earlier else ())


KIND = SourceKind(
    key="unit",
    settings=(
        Key("systemd", "true", switch, "look at systemd units: true or false"),
        Key("units", _NONE, _units, "units beyond those of the inventory; patterns stand for what is loaded"),
    ),
    owns=lambda source: source == SOURCE,
    could_have=lambda service: unit_of(service) is not None,
    start=_start,
)

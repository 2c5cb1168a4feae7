"""What systemd's own words mean: what ``systemctl show`` prints of a unit in, one sighting out."""

from __future__ import annotations

import re
from collections.abc import Mapping

from supervisor.core.instant import SECOND, Instant
from supervisor.core.model.desired import DesiredService
from supervisor.observe.sighting import Sighting

_TYPES = ["service", "socket", "timer", "mount", "automount", "swap", "path", "target", "slice", "scope", "device"]
_UNIT = re.compile(rf"[A-Za-z0-9:_.\\@-]+\.({'|'.join(_TYPES)})", re.ASCII)
_UNIT_LIMIT = 255
SOURCE = "systemd"
"""The name of the source that units come from."""

_PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "Type",
    "Restart",
    "NRestarts",
    "ConditionResult",
    "ConditionTimestamp",
    "ExecMainCode",
    "ExecMainStatus",
    "ExecMainExitTimestamp",
    "StateChangeTimestamp",
)
QUERY = ("show", "--no-pager", "--timestamp=unix", f"--property={','.join(_PROPERTIES)}", "--")
"""What systemctl is asked for, before the names of units; ``blocks`` reads the answer."""
_EXITED = "1"
"""CLD_EXITED, among the ways a process can end."""


def unit_name(name: str) -> str | None:
    """The unit that ``name`` means: ``nginx`` is ``nginx.service``. None when no unit can bear it."""
    unit = name if name.rpartition(".")[2] in _TYPES and "." in name else f"{name}.service"
    named = _UNIT.fullmatch(unit) and len(unit) <= _UNIT_LIMIT and not unit.startswith("-") and "@." not in unit
    return unit if named else None


def unit_of(service: DesiredService) -> str | None:
    """The unit that a service of the inventory may be: the one that it names, or the one that has its name."""
    if service.unit is not None:
        return unit_name(service.unit)
    return None if service.container is not None else unit_name(service.name)


def blocks(output: str) -> list[dict[str, str]]:
    """The answers of ``systemctl show``: properties as NAME=VALUE, an empty line between two units."""
    return [
        {name: value for name, _, value in (line.partition("=") for line in block.splitlines())}
        for block in output.split("\n\n")
        if block.strip()
    ]


def sighting(name: str, unit: Mapping[str, str]) -> Sighting | None:
    """What is seen of a unit; None when there is no such unit."""
    load, active, sub = (unit.get(key, "") for key in ("LoadState", "ActiveState", "SubState"))
    if load == "not-found" and active in ("inactive", ""):
        return None
    status, detail = _judge(unit, load, active, sub)
    raw: dict[str, str | int | bool] = {"load": load, "active": active, "sub": sub}
    if unit.get("Result"):
        raw["result"] = unit["Result"]
    if _has_ended(unit) and (code := _number(unit.get("ExecMainStatus", ""))) is not None:
        raw["exit_code"] = code
    return Sighting(
        SOURCE,
        name,
        status,
        since=_moment(unit.get("StateChangeTimestamp", "")),
        detail=detail,
        raw=raw,
        restarts=_number(unit.get("NRestarts", "")),
        also=(name.removesuffix(".service"),) if name.endswith(".service") else (),
    )


def _judge(unit: Mapping[str, str], load: str, active: str, sub: str) -> tuple[str, str]:
    oneshot = unit.get("Type") == "oneshot"
    if active in ("active", "reloading", "refreshing"):
        return "ok", f"{active} ({sub})"
    if active == "activating":
        if sub.startswith("auto-restart"):
            return "unhealthy", f"restarting: {_ending(unit)}"
        # A oneshot is "activating" while it does its work, however long that takes.
        return ("ok" if oneshot else "starting"), f"{active} ({sub})"
    if active == "failed":
        return "failed", _ending(unit)
    if active == "maintenance":
        return "unhealthy", "in maintenance"
    if active == "deactivating":
        return "stopped", f"{active} ({sub})"
    if active == "inactive":
        return _judge_inactive(unit, load, oneshot)
    return "unknown", "systemd says nothing that is known"


def _judge_inactive(unit: Mapping[str, str], load: str, oneshot: bool) -> tuple[str, str]:
    if load == "masked":
        return "stopped", "masked: it cannot be started"
    if load not in ("loaded", "merged", "stub"):
        return "failed", f"its unit file cannot be used ({load})"
    if unit.get("ConditionResult") == "no" and _moment(unit.get("ConditionTimestamp", "")) is not None:
        # For a oneshot that is no fault: there was nothing to do.
        return ("absent" if oneshot else "stopped"), "skipped: a condition of its unit was not met"
    if _has_ended(unit) and (oneshot or unit.get("Restart") in ("no", "on-failure")):
        well = unit.get("ExecMainCode") == _EXITED and unit.get("ExecMainStatus") == "0"
        return ("completed" if well else "stopped"), _ending(unit)
    if oneshot:
        # It waits for its timer, or systemd has forgotten it: nothing is known that could be well or ill.
        return "absent", "has not run, as far as systemd remembers"
    return "stopped", "inactive"


def _has_ended(unit: Mapping[str, str]) -> bool:
    return _moment(unit.get("ExecMainExitTimestamp", "")) is not None


def _ending(unit: Mapping[str, str]) -> str:
    result = unit.get("Result") or "unknown"
    if not _has_ended(unit):
        return f"result {result}"
    how = "exit code" if unit.get("ExecMainCode") == _EXITED else "signal"
    return f"result {result}, ended with {how} {unit.get('ExecMainStatus') or 'unknown'}"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _moment(text: str) -> Instant | None:
    """``@SECONDS`` as an instant; None for nothing, 0 and ``n/a``."""
    return (_number(text.removeprefix("@")) or 0) * SECOND or None

"""What systemd's own words mean: what ``systemctl show`` prints of a unit in, one sighting out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

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
    "Job",
    "TriggeredBy",
    "NextElapseUSecRealtime",
    "NextElapseUSecMonotonic",
)
QUERY = ("show", "--no-pager", "--timestamp=unix", f"--property={','.join(_PROPERTIES)}", "--")
"""What systemctl is asked for, before the names of units; ``blocks`` reads the answer."""
_EXITED = "1"
"""CLD_EXITED, among the ways a process can end."""
_WAKING = (".socket", ".path", ".automount")
"""Units that start another one when it is needed. A timer does not count: what it starts is over again soon."""
_NO_REALTIME = ("", "n/a", "@0")
_NO_MONOTONIC = ("", "0", "infinity")


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


def wakers(unit: Mapping[str, str]) -> list[str]:
    """The units that start this one when it is needed, of one that is not running."""
    if unit.get("ActiveState") != "inactive":
        return []
    return [name for name in unit.get("TriggeredBy", "").split() if name.endswith(_WAKING)]


def sighting(name: str, unit: Mapping[str, str], active: Collection[str] = ()) -> Sighting | None:
    """What is seen of a unit; None when there is no such unit. ``active`` are those of its ``wakers`` that are."""
    load, state, sub = (unit.get(key, "") for key in ("LoadState", "ActiveState", "SubState"))
    if load == "not-found" and state in ("inactive", ""):
        return None
    waiting = [waker for waker in wakers(unit) if waker in active]
    status, detail = _judge(name, unit, waiting)
    raw: dict[str, str | int | bool] = {"load": load, "active": state, "sub": sub}
    if unit.get("Result"):
        raw["result"] = unit["Result"]
    code = _number(unit.get("ExecMainStatus", "")) if _ended_at(unit) is not None else None
    if code is not None:
        raw["exit_code"] = code
    exited = unit.get("ExecMainCode") == _EXITED
    return Sighting(
        SOURCE,
        name,
        status,
        # Of one that waits for its start nothing says since when: its last change may have been days ago.
        since=None if status == "starting" and state != "activating" else _moment(unit.get("StateChangeTimestamp", "")),
        detail=detail,
        raw=raw,
        restarts=_number(unit.get("NRestarts", "")),
        also=(name.removesuffix(".service"),) if name.endswith(".service") else (),
        exit_code=code if exited or code is None else 128 + code,
        last_success=_ended_at(unit) if exited and code == 0 else None,
    )


def _judge(name: str, unit: Mapping[str, str], waiting: Sequence[str]) -> tuple[str, str]:
    active, sub = unit.get("ActiveState", ""), unit.get("SubState", "")
    oneshot = unit.get("Type") == "oneshot"
    if name.endswith(".timer") and active == "active" and _has_no_next_time(unit, sub):
        return "stopped", "has no next time"
    if active in ("active", "reloading", "refreshing"):
        return "ok", f"{active} ({sub})"
    if active == "activating":
        if sub.startswith("auto-restart"):
            return "unhealthy", f"restarting: {_ending(unit)}"
        # A oneshot is "activating" while it does its work, however long that takes.
        return ("ok" if oneshot else "starting"), f"{active} ({sub})"
    if active == "failed":
        return ("starting", "waits to be started") if _is_queued(unit) else ("failed", _ending(unit))
    if active == "maintenance":
        return "unhealthy", "in maintenance"
    if active == "deactivating":
        return "stopped", f"{active} ({sub})"
    if active == "inactive":
        return _judge_inactive(unit, oneshot, waiting)
    return "unknown", "systemd says nothing that is known"


def _has_no_next_time(unit: Mapping[str, str], sub: str) -> bool:
    next_times = unit.get("NextElapseUSecRealtime"), unit.get("NextElapseUSecMonotonic")
    # While what it starts is running, the next time comes after that.
    return sub == "elapsed" or (sub == "waiting" and next_times[0] in _NO_REALTIME and next_times[1] in _NO_MONOTONIC)


def _is_queued(unit: Mapping[str, str]) -> bool:
    """Does a job wait for its turn, as at boot? Of what does not run it can only be a start."""
    return unit.get("Job", "") not in ("", "0")


def _judge_inactive(unit: Mapping[str, str], oneshot: bool, waiting: Sequence[str]) -> tuple[str, str]:
    load = unit.get("LoadState", "")
    if load == "masked":
        return "stopped", "masked: it cannot be started"
    if load not in ("loaded", "merged", "stub"):
        return "failed", f"its unit file cannot be used ({load})"
    if _is_queued(unit):
        return "starting", "waits to be started"
    if waiting:
        return "ok", f"waits for {waiting[0]}"
    if unit.get("ConditionResult") == "no" and _moment(unit.get("ConditionTimestamp", "")) is not None:
        # For a oneshot that is not a fault: there was nothing to do.
        return ("absent" if oneshot else "stopped"), "skipped: a condition of its unit was not met"
    if _ended_at(unit) is not None and (oneshot or unit.get("Restart") in ("no", "on-failure")):
        well = unit.get("ExecMainCode") == _EXITED and unit.get("ExecMainStatus") == "0"
        return ("completed" if well else "stopped"), _ending(unit)
    if oneshot:
        # It waits for its timer, or systemd has forgotten it: nothing is known that could be healthy or not.
        return "absent", "has not run, as far as systemd remembers"
    return "stopped", "inactive"


def _ended_at(unit: Mapping[str, str]) -> Instant | None:
    return _moment(unit.get("ExecMainExitTimestamp", ""))


def _ending(unit: Mapping[str, str]) -> str:
    result = unit.get("Result") or "unknown"
    if _ended_at(unit) is None:
        return f"result {result}"
    how = "exit code" if unit.get("ExecMainCode") == _EXITED else "signal"
    return f"result {result}, ended with {how} {unit.get('ExecMainStatus') or 'unknown'}"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _moment(text: str) -> Instant | None:
    """``@SECONDS`` as an instant; None for nothing, 0 and ``n/a``."""
    return (_number(text.removeprefix("@")) or 0) * SECOND or None

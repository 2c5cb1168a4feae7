"""A draft from the units of this machine that are enabled: services, and what timers start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from supervisor.core.instant import SECOND, Duration
from supervisor.draft.services import Draft, DraftService, OneshotReason
from supervisor.errors import ChildError, DraftError
from supervisor.files.names import name_fault
from supervisor.process import child

_TIMEOUT: Duration = 10 * SECOND
_PROPERTIES = ("Id", "Type", "Unit", "LoadState")
_AT_ONCE = 200


def draft_from_units(environ: Mapping[str, str]) -> Draft:
    """The enabled services and timers, and the services of those timers as oneshots.

    What systemd brings itself (``systemd-…``) and templates, whose instances no list has, are left out and said.
    DraftError when systemd cannot be asked, or nothing is enabled.
    """
    listed = _systemctl(
        ["list-unit-files", "--type=service,timer", "--state=enabled", "--no-legend", "--plain"], environ
    )
    names = sorted({line.split()[0] for line in listed.splitlines() if line.split()})
    templates = [name for name in names if "@." in name]
    own = [name for name in names if name.startswith("systemd-")]
    wanted = [name for name in names if name not in templates and name not in own and name_fault(name) is None]
    services: dict[str, DraftService] = {}
    for block in _shown(wanted, environ):
        for service in _drafted(block):
            # What a timer starts is a oneshot, also where it is enabled besides.
            if service.oneshot is OneshotReason.TIMER or service.name not in services:
                services[service.name] = service
    if not services:
        raise DraftError("cannot draft an inventory: no service or timer is enabled on this machine")
    remarks = [f"{name} is a template: its instances are left out" for name in templates]
    if own:
        remarks.append(f"systemd's own units are left out: {', '.join(own)}")
    remarks.append("which units depend on which, and which are critical, is not asked")
    return Draft(tuple(services[name] for name in sorted(services)), tuple(remarks))


def _drafted(block: Mapping[str, str]) -> list[DraftService]:
    unit = block.get("Id", "")
    if block.get("LoadState") != "loaded" or not unit:
        return []
    if not unit.endswith(".timer"):
        oneshot = OneshotReason.UNIT if block.get("Type") == "oneshot" else None
        return [DraftService(unit.removesuffix(".service"), unit=unit, oneshot=oneshot)]
    started = block.get("Unit", "")
    drafted = [DraftService(unit, unit=unit)]
    if started.endswith(".service"):
        drafted.append(DraftService(started.removesuffix(".service"), unit=started, oneshot=OneshotReason.TIMER))
    return drafted


def _shown(units: Sequence[str], environ: Mapping[str, str]) -> list[dict[str, str]]:
    """The properties of each unit."""
    blocks: list[dict[str, str]] = []
    for begin in range(0, len(units), _AT_ONCE):
        names = units[begin : begin + _AT_ONCE]
        text = _systemctl(["show", f"--property={','.join(_PROPERTIES)}", "--", *names], environ)
        for block in text.split("\n\n"):
            pairs = (line.partition("=") for line in block.splitlines())
            blocks.append({name: value for name, _, value in pairs})
    return blocks


def _systemctl(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    path = environ.get("PATH", "/usr/bin:/bin")
    try:
        ended = child.run(["systemctl", "--no-pager", *arguments], _TIMEOUT, {"LC_ALL": "C", "PATH": path})
    except ChildError as error:
        raise DraftError(f"cannot draft an inventory: systemd cannot be asked: {error}") from error
    if ended.status != 0:
        lines = ended.complaint.decode("utf-8", "replace").strip().splitlines()
        why = lines[0][:200] if lines else f"systemctl ended with {ended.status}"
        raise DraftError(f"cannot draft an inventory: systemd cannot be asked: {why}")
    return ended.output.decode("utf-8", "replace")

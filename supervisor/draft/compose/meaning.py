"""What a project's services are for an inventory: names, dependencies, oneshots, what is not expected. Pure.

The services come merged, from docker compose or from the reader of this package; what they mean is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from supervisor.draft.compose.document import Fields
from supervisor.draft.compose.merge import as_list, needs
from supervisor.draft.services import DisabledReason, Draft, DraftService, OneshotReason
from supervisor.files.names import name_fault

_NEVER = ("no", False)


class ResolvedProject(NamedTuple):
    """A project as compose sees it: each service with all that is said of it, and which are active.

    ``name`` is empty where none is given. ``interpolated``: variables are filled in; ``blanks``: some of them with
    nothing, since nothing sets them.
    """

    name: str
    services: Mapping[str, Fields]
    active: frozenset[str]
    remarks: tuple[str, ...] = ()
    interpolated: bool = False
    blanks: bool = False


def draft_of(project: ResolvedProject) -> Draft:
    """The project's services as an inventory has them; their stack is the project."""
    remarks = list(project.remarks)
    stack = _stack(project.name, remarks)
    waited_for = {
        name
        for fields in project.services.values()
        for name, how in needs(fields.get("depends_on")).items()
        if isinstance(how, dict) and how.get("condition") == "service_completed_successfully"
    }
    drafted = {name: fields for name, fields in project.services.items() if not fields.get("provider")}
    remarks += [
        f"{name} is made by a provider, so no container is its; left out"
        for name in sorted(project.services.keys() - drafted.keys())
    ]
    services = []
    for name, fields in sorted(drafted.items()):
        oneshot = OneshotReason.WAITED_FOR if name in waited_for else _never_restarts(fields)
        disabled = DisabledReason.NO_REPLICAS if _no_replicas(fields) else None
        if name not in project.active and disabled is None and oneshot is None:
            oneshot, disabled = _of_a_profile(fields)
        image = _text(fields.get("image"))
        services.append(
            DraftService(
                f"{stack}/{name}" if stack else name,
                image=image.replace("$$", "$") if image and project.interpolated else image,
                container=container_of(fields),
                depends_on=tuple(_dependencies(name, fields, drafted, project.services, remarks)),
                oneshot=oneshot,
                disabled=disabled,
            )
        )
        remarks += _remarks_on(name, fields, project.interpolated)
    return Draft(tuple(services), tuple(dict.fromkeys(remarks)))


def project_name(text: str) -> str:
    """As compose makes it of a folder's name, or of ``name:``."""
    return re.sub(r"[^a-z0-9_-]", "", text.lower()).lstrip("_-")


def container_of(fields: Fields) -> str | None:
    """The name that its container bears; None where only compose knows, since a variable stands for it."""
    name = _text(fields.get("container_name"))
    return None if not name or "$" in name else name


def _stack(name: str, remarks: list[str]) -> str:
    fault = name_fault(name)
    if fault is not None or "/" in name:
        remarks.append(f"the project's name {name!r} cannot be a stack's, so the services have none")
        return ""
    if "$" in name:
        remarks.append(f"the project's name {name} is a variable, which is kept as text: write down what it stands for")
    return name


def _never_restarts(fields: Fields) -> OneshotReason | None:
    """``restart`` decides, or where it is not given the restart policy of ``deploy``."""
    if fields.get("restart") is not None:
        return OneshotReason.NO_RESTART if fields["restart"] in _NEVER else None
    return OneshotReason.NO_RESTART_POLICY if _deploy(fields, "restart_policy", "condition") == "none" else None


def _of_a_profile(fields: Fields) -> tuple[OneshotReason | None, DisabledReason | None]:
    """A job that somebody starts now and then, or a service that is switched off."""
    policy = _deploy(fields, "restart_policy")
    if fields.get("restart") is None and not policy:
        return OneshotReason.PROFILE, None
    return None, DisabledReason.PROFILE


def _no_replicas(fields: Fields) -> bool:
    return any(
        number in (0, "0") and number is not False for number in (fields.get("scale"), _deploy(fields, "replicas"))
    )


def _deploy(fields: Fields, *path: str) -> Any:
    value = fields.get("deploy")
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _dependencies(
    name: str, fields: Fields, drafted: Mapping[str, Fields], known: Mapping[str, Fields], remarks: list[str]
) -> Iterator[str]:
    """The services it cannot do without, sorted."""
    for other in sorted(set(_needed(fields))):
        if other in drafted:
            yield other
        elif other not in known:
            remarks.append(f"{name} depends on {other}, which none of the files has; left out")


def _needed(fields: Fields) -> Iterator[str]:
    """Everything that a service needs to be there before it."""
    for name, how in needs(fields.get("depends_on")).items():
        if not isinstance(how, dict) or how.get("required", True) is not False:
            yield name
    for key in ("network_mode", "ipc", "pid"):
        mode = fields.get(key)
        if isinstance(mode, str) and mode.startswith("service:"):
            yield mode.removeprefix("service:")
    for link in [*as_list(fields.get("links")), *as_list(fields.get("volumes_from"))]:
        if isinstance(link, str) and not link.startswith("container:"):
            yield link.partition(":")[0]


def _remarks_on(name: str, fields: Fields, interpolated: bool) -> Iterator[str]:
    if not interpolated and "$" in (_text(fields.get("image")) or ""):
        yield f"{name} has a variable, which is kept as text"
    called = _text(fields.get("container_name"))
    if called and called != container_of(fields):
        yield f"{name} has the container_name {called}, a variable; left out, its labels tell which it is"
    mode = fields.get("network_mode")
    if isinstance(mode, str) and mode.startswith("container:"):
        yield f"{name} uses the network of {mode}, which may be a service of another project"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None

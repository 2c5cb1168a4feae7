"""What a container engine's own words mean: one inspected container in, one sighting out.

Both dialects of the inspection are read: Docker's, and that of Podman's own API, which says ``stopped`` where Docker
says ``exited``. Command lines, environments, mounts and labels other than the names in them are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supervisor.core.instant import Instant, parse_instant
from supervisor.observe.sighting import Sighting

_PAUSED = frozenset(["paused", "pausing"])
_NOT_STARTED = frozenset(["created", "configured", "initialized"])
_ENDING = frozenset(["removing", "stopping"])
_ENDED = frozenset(["exited", "stopped"])
_INFRASTRUCTURE = "podsandbox"

_RESTARTS_AFTER_SUCCESS = frozenset(["always", "unless-stopped"])


def sighting(source: str, inspected: Mapping[str, Any]) -> Sighting | None:
    """What is seen of a container; None for what the engine runs for itself: pods' infrastructure, image builders."""
    labels = _mapping(_mapping(inspected, "Config"), "Labels")
    name = _text(inspected, "Name").lstrip("/")
    if _is_infrastructure(inspected, labels, name):
        return None
    state = _mapping(inspected, "State")
    policy = _text(_mapping(_mapping(inspected, "HostConfig"), "RestartPolicy"), "Name") or "no"
    word = _text(state, "Status").lower()
    created = _moment(inspected, "Created")
    status, detail, since = (
        ("created", f"{word}, not started yet", created) if word in _NOT_STARTED else _judge(word, state, policy)
    )
    stack, service, replica = _names(labels)
    unit = "" if service else _label(labels, "PODMAN_SYSTEMD_UNIT")
    return Sighting(
        source,
        name,
        status,
        since=since,
        detail=detail,
        raw=_raw(word, state, policy),
        restarts=_number(inspected, "RestartCount"),
        stack=stack,
        service=service,
        replica=replica,
        created=created or 0,
        exit_code=None if word == "running" or word in _NOT_STARTED else _number(state, "ExitCode"),
        last_success=since if status == "completed" else None,
        running=word == "running",
        started=_moment(state, "StartedAt"),
        part_of=(unit, unit.removesuffix(".service")) if unit else (),
        slot=bool(replica) and not _label(labels, "com.docker.compose.service"),
        image=_text(inspected, "Image"),
    )


def _is_infrastructure(inspected: Mapping[str, Any], labels: Mapping[str, Any], name: str) -> bool:
    """What keeps a pod, or what Podman runs beside the pods of a kube file (IsService), is not what people run."""
    return (
        inspected.get("IsInfra") is True
        or inspected.get("IsService") is True
        or labels.get("io.kubernetes.docker.type") == _INFRASTRUCTURE
        or name.startswith("buildx_buildkit_")
    )


def unreadable(source: str, listed: Mapping[str, Any], why: str) -> Sighting | None:
    """A container of which only the list speaks, since its inspection fails; None as in ``sighting``."""
    names = listed.get("Names")
    first = names[0] if isinstance(names, list) and names and isinstance(names[0], str) else _text(listed, "Id")[:12]
    name, labels = first.lstrip("/"), _mapping(listed, "Labels")
    if _is_infrastructure(listed, labels, name):
        return None
    stack, service, replica = _names(labels)
    return Sighting(source, name, "unknown", detail=why, stack=stack, service=service, replica=replica)


def _judge(word: str, state: Mapping[str, Any], policy: str) -> tuple[str, str, Instant | None]:
    """The status, a detail for people, and since when."""
    started, finished = _moment(state, "StartedAt"), _moment(state, "FinishedAt")
    if word == "running":
        return *_judge_running(state), started
    if word in _ENDED:
        return *_judge_ended(state, policy), finished
    if word == "restarting":
        return "unhealthy", f"restarting: it {_ending(state)}", finished
    if word in _PAUSED:
        # When it was paused, no engine says.
        return "stopped", "paused", None
    if word in _ENDING:
        return "stopped", word, None
    if word == "dead":
        return "failed", "dead: the engine could not remove it", finished
    return "unknown", "the engine says nothing that is known", None


def _judge_running(state: Mapping[str, Any]) -> tuple[str, str]:
    # Asked only of what runs: engines go on printing the last health of what has stopped.
    health = _health(state)
    word = _text(health, "Status").lower()
    if word == "starting":
        return "starting", "its health check has not passed yet"
    if word == "unhealthy":
        streak = _number(health, "FailingStreak") or 0
        times = f" {streak} times in a row" if streak > 1 else ""
        return "unhealthy", f"its health check failed{times}"
    if word in ("", "none"):
        return "ok", "running, without a health check"
    if word == "healthy":
        return "ok", "running, its health check passes"
    return "unknown", "running; what its health check says is not known"


def _judge_ended(state: Mapping[str, Any], policy: str) -> tuple[str, str]:
    if _number(state, "ExitCode") != 0 or state.get("OOMKilled") is True:
        return "failed", _ending(state)
    # After exit 0 neither "no" nor "on-failure" starts it again: it has done what it was to do.
    return ("stopped" if policy in _RESTARTS_AFTER_SUCCESS else "completed"), _ending(state)


def _ending(state: Mapping[str, Any]) -> str:
    code = _number(state, "ExitCode")
    # 137 is 128 + SIGKILL, whoever sent it; that memory ran out is a word of its own.
    memory = " when its memory ran out" if state.get("OOMKilled") is True else ""
    return f"ended with exit code {'unknown' if code is None else code}{memory}"


def _health(state: Mapping[str, Any]) -> Mapping[str, Any]:
    # Podman before 4.0 calls it Healthcheck.
    return _mapping(state, "Health") or _mapping(state, "Healthcheck")


def _raw(word: str, state: Mapping[str, Any], policy: str) -> dict[str, str | int | bool]:
    raw: dict[str, str | int | bool] = {"status": word, "restart_policy": policy}
    if health := _text(_health(state), "Status"):
        raw["health"] = health
    if word != "running" and (code := _number(state, "ExitCode")) is not None:
        raw["exit_code"] = code
    if state.get("OOMKilled") is True:
        raw["oom_killed"] = True
    return raw


def _names(labels: Mapping[str, Any]) -> tuple[str, str, str]:
    """Stack, service and replica, as compose or a swarm has labelled them; empty where nobody has."""
    service = _label(labels, "com.docker.compose.service")
    if service and _label(labels, "com.docker.compose.oneoff").lower() != "true":
        return (
            _label(labels, "com.docker.compose.project"),
            service,
            _label(labels, "com.docker.compose.container-number"),
        )
    swarm = _label(labels, "com.docker.swarm.service.name")
    if swarm:
        stack = _label(labels, "com.docker.stack.namespace")
        # A task is SERVICE.SLOT.ID, and those that ended stay for a while beside the one that took their slot.
        slot = _label(labels, "com.docker.swarm.task.name").removeprefix(f"{swarm}.").partition(".")[0]
        return stack, swarm.removeprefix(f"{stack}_") if stack else swarm, slot
    return "", "", ""


def _moment(mapping: Mapping[str, Any], key: str) -> Instant | None:
    """A time; None for the sentinels that stand for none, and for what is not a time."""
    try:
        moment = parse_instant(_text(mapping, key))
    except ValueError:
        return None
    return moment if moment > 0 else None


def _mapping(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = mapping.get(key)
    return value if isinstance(value, dict) else {}


def _text(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _number(mapping: Mapping[str, Any], key: str) -> int | None:
    """A count or an exit code; None for what is none that a machine could have counted to."""
    value = mapping.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32 else None


def _label(labels: Mapping[str, Any], key: str) -> str:
    value = labels.get(key)
    return value if isinstance(value, str) else ""

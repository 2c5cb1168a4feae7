"""``docker compose config`` asked what a project is: the truth, where it can be run.

It runs nothing and needs no engine. It is kept from the network (references to registries and git are refused), and
bounded in time and output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from supervisor.core.instant import SECOND, Duration
from supervisor.core.text import printable
from supervisor.draft.compose.meaning import ResolvedProject
from supervisor.draft.compose.project import Project
from supervisor.errors import ChildError, MalformedError
from supervisor.files import jsontext
from supervisor.process import child

_WAYS = (("docker", "compose"), ("docker-compose",), ("podman", "compose"))
_TIMEOUT: Duration = 20 * SECOND
_VERSION = re.compile(r"v?(\d+)\.\d+\.\d+\S*")
_OLDEST = 2
"""Compose 1, and podman-compose, give no JSON."""
_OFFLINE = {
    "COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false",
    "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false",
    # A context may lead to another machine; this asks no engine, and names one that is here.
    "DOCKER_HOST": "unix:///var/run/docker.sock",
}
_WARNING = re.compile(r'level=warning msg="((?:[^"\\]|\\.)*)"')
_MOST_REMARKS = 20


class Compose(NamedTuple):
    """A compose that can be asked: how it is started, and what the draft's first line calls it."""

    command: tuple[str, ...]
    label: str


class RefusedError(Exception):
    """Compose does not take the project; the message is its own."""


def compose_here(environ: Mapping[str, str]) -> Compose | None:
    """The first of docker compose, docker-compose and podman compose that is there and new enough; None for none."""
    for way in _WAYS:
        try:
            ended = child.run([*way, "version", "--short"], _TIMEOUT, _environ(environ), limit=1 << 16)
        except ChildError:
            continue
        version = _VERSION.fullmatch(ended.output.decode("utf-8", "replace").strip())
        if ended.status == 0 and version is not None and int(version[1]) >= _OLDEST:
            return Compose(way, f"{' '.join(way)} {version[0].removeprefix('v')}")
    return None


def ask(compose: Compose, project: Project, paths: Sequence[str], environ: Mapping[str, str]) -> ResolvedProject:
    """The project as compose reads it; ``paths`` are its files. RefusedError when it does not."""
    command = [*compose.command]
    for path in paths:
        command += ["-f", path]
    command += ["--project-directory", project.folder or "."] if tuple(paths) != project.files else []
    command += ["-p", project.name] if project.name else []
    output, complaint = _config([*command, "--profile", "*"], environ)
    try:
        answer = jsontext.parse(output)
    except MalformedError as error:
        raise RefusedError(f"its answer {error.message}") from error
    services = answer.get("services") if isinstance(answer, dict) else None
    if not isinstance(services, dict) or not all(isinstance(fields, dict) for fields in services.values()):
        raise RefusedError("its answer has no services")
    remarks = [*project.remarks, *_warnings(complaint)]
    active = frozenset(services)
    if any(fields.get("profiles") for fields in services.values()):
        active = _active(command, project, services, environ, remarks)
    name = answer.get("name")
    return ResolvedProject(
        name if isinstance(name, str) else "",
        services,
        active,
        tuple(remarks),
        interpolated=True,
        blanks="Defaulting to a blank string" in complaint,
    )


def _active(
    command: Sequence[str],
    project: Project,
    services: Mapping[str, Mapping[str, object]],
    environ: Mapping[str, str],
    remarks: list[str],
) -> frozenset[str]:
    """The services that compose starts without being told a profile."""
    try:
        return frozenset(_run([*command, "config", "--services"], environ)[0].split())
    except RefusedError as error:
        remarks.append(f"without its profiles compose does not take this project: {error}")
        return frozenset(
            name for name, fields in services.items() if is_active(fields.get("profiles"), project.profiles)
        )


def is_active(profiles: object, chosen: frozenset[str]) -> bool:
    """Whether a service with these profiles is started where ``chosen`` are active."""
    return not isinstance(profiles, list) or not profiles or "*" in chosen or not chosen.isdisjoint(map(str, profiles))


def _config(command: Sequence[str], environ: Mapping[str, str]) -> tuple[str, str]:
    config = [*command, "config", "--format", "json"]
    try:
        # Otherwise a service's env_file that is not there is an error, and its secrets are in the answer.
        return _run([*config, "--no-env-resolution"], environ)
    except RefusedError as error:
        if "unknown flag" not in str(error):
            raise
        return _run(config, environ)


def _run(command: Sequence[str], environ: Mapping[str, str]) -> tuple[str, str]:
    try:
        ended = child.run(command, _TIMEOUT, _environ(environ))
    except ChildError as error:
        raise RefusedError(str(error)) from error
    complaint = ended.complaint.decode("utf-8", "replace")
    if ended.status != 0:
        lines = [line for line in complaint.splitlines() if line.strip() and not _WARNING.search(line)]
        raise RefusedError(printable(lines[-1] if lines else f"it ended with {ended.status}")[:300])
    return ended.output.decode("utf-8", "replace"), complaint


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environ.items() if key != "DOCKER_CONTEXT"} | _OFFLINE


def _warnings(complaint: str) -> Iterator[str]:
    """What compose warns of: above all variables that nothing sets."""
    said = dict.fromkeys(match[1].replace('\\"', '"') for match in _WARNING.finditer(complaint))
    relevant = [text for text in said if "is obsolete" not in text]
    for text in relevant[:_MOST_REMARKS]:
        yield f"compose says: {printable(text)[:300]}"

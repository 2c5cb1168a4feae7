"""One draft from all sources that were named: compose projects, the world, enabled units."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from supervisor.core.model.problems import Problem
from supervisor.draft.compose.ask import compose_here
from supervisor.draft.compose.load import load_project
from supervisor.draft.compose.project import STANDARD_INPUT, Project, projects_of
from supervisor.draft.observed import draft_from_world
from supervisor.draft.services import Draft, join
from supervisor.draft.units import draft_from_units
from supervisor.errors import DraftError
from supervisor.files.names import name_fault
from supervisor.files.world.load import load_world


@dataclass(frozen=True, slots=True)
class Sources:
    """What to draft from. ``compose``: the files and folders after each flag. ``observed``: a node of the world.

    ``units``: the enabled systemd units of this machine.
    """

    compose: Sequence[Sequence[str]] = ()
    project: str | None = None
    observed: str | None = None
    units: bool = False

    def __bool__(self) -> bool:
        return bool(self.compose or self.observed is not None or self.units)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The draft, what was wrong with its files (then it is not to be used), and what it is drafted from."""

    draft: Draft
    problems: tuple[Problem, ...]
    origin: str


def gather(sources: Sources, world: str, max_bytes: int, environ: Mapping[str, str]) -> Gathered:
    """The draft of these sources. DraftError when a source has nothing; ``world`` is the world's folder."""
    drafts: list[Draft] = []
    origins: list[str] = []
    problems: list[Problem] = []
    if sources.compose:
        projects, problems = _projects(sources, max_bytes, environ)
        text = _standard_input(projects, max_bytes)
        compose = compose_here(environ)
        readers: set[str] = set()
        for project in projects:
            drafted = load_project(
                project, compose, environ, max_bytes, text if STANDARD_INPUT in project.files else None
            )
            drafts.append(drafted.draft)
            problems += drafted.problems
            readers |= {drafted.reader} if drafted.reader is not None else set()
        origins.append(" and ".join(_labels(projects)) + "".join(f", read by {reader}," for reader in sorted(readers)))
    if sources.observed is not None and not problems:
        drafts.append(draft_from_world(load_world(world, max_bytes).value, sources.observed))
        origins.append("what runs")
    if sources.units and not problems:
        drafts.append(draft_from_units(environ))
        origins.append("the enabled units")
    return Gathered(join(drafts), tuple(dict.fromkeys(problems)), " and ".join(origins).removesuffix(","))


def _projects(sources: Sources, max_bytes: int, environ: Mapping[str, str]) -> tuple[list[Project], list[Problem]]:
    name = sources.project
    if name is not None and ((fault := name_fault(name)) is not None or "/" in name):
        raise DraftError(f"cannot draft an inventory: --project: {fault or 'a project has no slash in its name'}")
    projects: list[Project] = []
    problems: list[Problem] = []
    for paths in sources.compose:
        loaded = projects_of(paths, environ, max_bytes, name)
        projects += loaded.value
        problems += loaded.problems
    if name is not None and len(projects) > 1:
        raise DraftError(f"cannot draft an inventory: --project names one project, and these are {len(projects)}")
    return projects, problems


def _labels(projects: Sequence[Project]) -> list[str]:
    """Each file by its name; where several are called the same, with its folder."""
    labels = [label for project in projects for label in project.labels]
    paths = [path for project in projects for path in project.files]
    return [
        label
        if labels.count(label) == 1
        else os.path.join(os.path.basename(os.path.dirname(os.path.abspath(path))), label)
        for label, path in zip(labels, paths, strict=True)
    ]


def _standard_input(projects: Sequence[Project], max_bytes: int) -> str | None:
    if not any(STANDARD_INPUT in project.files for project in projects):
        return None
    data = sys.stdin.buffer.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise DraftError(f"cannot draft an inventory: standard input has more than {max_bytes} bytes (max_input_bytes)")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise DraftError(f"cannot draft an inventory: standard input is not UTF-8 at byte {error.start}") from None

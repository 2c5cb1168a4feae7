"""A project's draft: asked of docker compose where it is there and takes the project, else read here."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from typing import NamedTuple

from supervisor.core.model.problems import Problem
from supervisor.draft.compose.ask import Compose, RefusedError, ask
from supervisor.draft.compose.meaning import ResolvedProject, draft_of
from supervisor.draft.compose.project import STANDARD_INPUT, Project
from supervisor.draft.compose.reader import read_project
from supervisor.draft.compose.variables import fill
from supervisor.draft.services import Draft


class ProjectDraft(NamedTuple):
    """The draft of a project, what was wrong with its files, and who read them (None: the reader here)."""

    draft: Draft
    problems: tuple[Problem, ...]
    reader: str | None


def load_project(
    project: Project, compose: Compose | None, environ: Mapping[str, str], max_bytes: int, text: str | None = None
) -> ProjectDraft:
    """The draft of one project; ``text`` is standard input, where that is one of its files."""
    refusal = None
    if compose is not None:
        try:
            asked = _asked(compose, project, environ, text)
            if asked.blanks:
                asked = _with_variables(asked, read_project(project, environ, max_bytes, text).value, project)
            return ProjectDraft(draft_of(asked), (), compose.label)
        except RefusedError as error:
            refusal = f"{compose.label} does not take this project ({error}), so the files were read without it"
    resolved, problems, _ = read_project(project, environ, max_bytes, text)
    remarks = [*([refusal] if refusal else []), *resolved.remarks]
    if compose is None and len(resolved.remarks) > len(project.remarks):
        remarks.append("docker compose is not here to be asked: install it to have read what was left out or guessed")
    return ProjectDraft(draft_of(resolved._replace(remarks=tuple(remarks))), problems, None)


def _asked(compose: Compose, project: Project, environ: Mapping[str, str], text: str | None) -> ResolvedProject:
    if text is None:
        return ask(compose, project, project.files, environ)
    # Compose reads its own standard input, which a child has none of: what came is put into a file.
    with tempfile.TemporaryDirectory(prefix="runtime-supervisor-") as folder:
        spooled = os.path.join(folder, "standard-input.yml")
        with open(spooled, "w", encoding="utf-8") as file:
            file.write(text)
        paths = [spooled if path == STANDARD_INPUT else path for path in project.files]
        return ask(compose, project, paths, environ)


def _with_variables(asked: ResolvedProject, read: ResolvedProject, project: Project) -> ResolvedProject:
    """The project as compose has it, but with the text of names and images in which it took a variable for empty.

    ``nginx:`` and ``-web`` are no image and no container; ``nginx:${TAG}`` tells what is to be written.
    """
    services = dict(asked.services)
    for name, fields in services.items():
        texts = {key: read.services.get(name, {}).get(key) for key in ("image", "container_name")}
        hidden = {
            key: text for key, text in texts.items() if isinstance(text, str) and fill(text, project.values) is None
        }
        services[name] = {**fields, **hidden}
    return asked._replace(services=services)

"""Compose projects in a folder, and the reader here without docker compose."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from supervisor.draft.compose.load import ProjectDraft, load_project
from supervisor.draft.compose.project import projects_of
from supervisor.draft.services import DraftService

LIMIT = 1 << 20


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Files by their path below the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def read(folder: Path, *paths: str, environ: Mapping[str, str] | None = None, name: str | None = None) -> ProjectDraft:
    """The draft of the one project that these files of the folder are, read here."""
    loaded = projects_of([str(folder / path) for path in paths], environ or {}, LIMIT, name)
    assert loaded.problems == ()
    (project,) = loaded.value
    return load_project(project, None, environ or {}, LIMIT)


def services(drafted: ProjectDraft) -> dict[str, DraftService]:
    """The services by name without their stack; fails on a problem."""
    assert drafted.problems == ()
    return {service.name.rpartition("/")[2]: service for service in drafted.draft.services}

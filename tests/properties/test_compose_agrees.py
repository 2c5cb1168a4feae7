"""The reader here against Docker Compose 2.40.3: the same draft from the same files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.draft.compose.ask import RefusedError, ask
from supervisor.draft.compose.meaning import draft_of
from supervisor.draft.compose.project import Project, projects_of
from supervisor.draft.compose.reader import read_project
from supervisor.draft.services import DraftService
from tests.draft.compose.generate import Generator
from tests.draft.compose.projects import LIMIT, write_files
from tests.draft.compose.real_compose import real_compose

STACKS = Path(__file__).parents[1] / "draft" / "stacks"
PROJECTS = int(os.environ.get("COMPOSE_PROJECTS", "40"))
"""How many projects are made up; a thousand and more were compared before a release."""


def project_of(*paths: Path) -> Project:
    loaded = projects_of([str(path) for path in paths], {}, LIMIT)
    assert loaded.problems == ()
    (project,) = loaded.value
    return project


def by_compose(project: Project) -> tuple[DraftService, ...] | str:
    """The services as compose has them, or why it does not take the project."""
    compose, environ = real_compose()
    try:
        return draft_of(ask(compose, project, project.files, environ)).services
    except RefusedError as error:
        return str(error)


def by_the_reader(project: Project) -> tuple[DraftService, ...]:
    resolved, problems, _ = read_project(project, {}, LIMIT, None)
    assert problems == ()
    return draft_of(resolved).services


def agree(folder: Path, seeds: range) -> tuple[int, int]:
    """How many projects compose took, and how many it refused; fails at the first that is drafted otherwise here."""
    taken = refused = 0
    for seed in seeds:
        generated = Generator(seed)
        root = folder / str(seed)
        write_files(root, generated.files)
        project = project_of(*(root / path for path in generated.given))
        truth = by_compose(project)
        if isinstance(truth, str):
            refused += 1
            continue
        taken += 1
        assert by_the_reader(project) == truth, f"seed {seed}: {generated.files}"
    return taken, refused


def test_projects_that_are_made_up_are_drafted_as_compose_has_them(tmp_path: Path) -> None:
    real_compose()
    taken, refused = agree(tmp_path, range(PROJECTS))
    print(f"{taken} projects drafted alike, {refused} that compose refuses")
    assert taken > PROJECTS * 0.7


@pytest.mark.parametrize("stack", sorted(path.name for path in STACKS.iterdir()))
def test_a_well_known_stack_is_drafted_as_compose_has_it(stack: str) -> None:
    project = project_of(STACKS / stack)
    truth = by_compose(project)
    assert not isinstance(truth, str), truth
    read = by_the_reader(project)
    # The reader keeps variables of images as text, which compose fills in.
    assert [_without_image(service) for service in read] == [_without_image(service) for service in truth]
    for mine, theirs in zip(read, truth, strict=True):
        assert mine.image == theirs.image or "$" in (mine.image or "")


def _without_image(service: DraftService) -> DraftService:
    return DraftService(
        service.name,
        container=service.container,
        depends_on=service.depends_on,
        oneshot=service.oneshot,
        disabled=service.disabled,
    )

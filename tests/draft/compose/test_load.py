"""Who reads a project: docker compose where it takes it, else the reader here, and that is said."""

from __future__ import annotations

from pathlib import Path

from supervisor.draft.compose.ask import Compose
from supervisor.draft.compose.load import load_project
from supervisor.draft.compose.project import Project
from supervisor.draft.services import DraftService, OneshotReason
from tests.draft.compose.projects import LIMIT, write_files
from tests.draft.compose.test_ask import program

DOCKER = Compose(("docker", "compose"), "docker compose 2.40.3")


def test_what_compose_says_holds_and_it_is_named(tmp_path: Path) -> None:
    environ = program(tmp_path, "docker", 'echo \'{"name": "films", "services": {"web": {"image": "filled:1"}}}\'')
    write_files(tmp_path, {"c.yml": "services: {web: {image: '${IMAGE}'}}"})
    drafted = load_project(Project((str(tmp_path / "c.yml"),), str(tmp_path)), DOCKER, environ, LIMIT)
    assert (drafted.draft.services, drafted.draft.notes) == ((DraftService("films/web", image="filled:1"),), ())
    assert drafted.reader == "docker compose 2.40.3"


def test_what_compose_refuses_is_read_here_and_its_reason_is_said(tmp_path: Path) -> None:
    environ = program(tmp_path, "docker", "echo 'web has neither an image nor a build' >&2; exit 1")
    write_files(tmp_path, {"c.yml": "name: films\nservices: {web: }"})
    drafted = load_project(Project((str(tmp_path / "c.yml"),), str(tmp_path)), DOCKER, environ, LIMIT)
    assert drafted.draft.services == (DraftService("films/web"),)
    (note,) = drafted.draft.notes
    assert note.startswith("docker compose 2.40.3 does not take this project (web has neither an image nor a build), ")
    assert drafted.reader is None


def test_standard_input_is_given_to_compose_as_a_file_and_read_here_as_it_came(tmp_path: Path) -> None:
    environ = program(tmp_path, "docker", 'cat "$3" > "$LOG"; echo \'{"name": "films", "services": {"web": {}}}\'')
    text = "name: films\nservices: {web: }"
    project = Project(("-",), "")
    assert load_project(project, DOCKER, environ, LIMIT, text).draft.services == (DraftService("films/web"),)
    assert (tmp_path / "log").read_text() == text
    assert load_project(project, None, {}, LIMIT, text).draft.services == (DraftService("films/web"),)
    (problem,) = load_project(project, None, {}, LIMIT, "services: [").problems
    assert problem.file == "standard input"


def test_where_compose_takes_a_variable_for_empty_the_text_of_the_file_says_what_is_to_be_written(
    tmp_path: Path,
) -> None:
    answer = '{"name": "films", "services": {"web": {"image": "nginx:", "container_name": "-web", "restart": "no"}}}'
    warning = 'level=warning msg="The TAG variable is not set. Defaulting to a blank string."'
    environ = program(tmp_path, "docker", f"echo '{warning}' >&2; echo '{answer}'")
    write_files(tmp_path, {"c.yml": "services: {web: {image: 'nginx:${TAG}', container_name: '${PRE}-web'}}"})
    drafted = load_project(Project((str(tmp_path / "c.yml"),), str(tmp_path)), DOCKER, environ, LIMIT)
    (web,) = drafted.draft.services
    assert (web.image, web.container, web.oneshot) == ("nginx:${TAG}", None, OneshotReason.NO_RESTART)
    assert drafted.draft.remarks == (
        "compose says: The TAG variable is not set. Defaulting to a blank string.",
        "web has the container_name ${PRE}-web, a variable; left out, its labels tell which it is",
    )

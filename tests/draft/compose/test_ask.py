"""Docker compose is asked where it is there; a program in its place tells what it was asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from supervisor.draft.compose.ask import Compose, RefusedError, ask, compose_here, is_active
from supervisor.draft.compose.project import Project

DOCKER = Compose(("docker", "compose"), "docker compose 2.40.3")


def program(folder: Path, name: str, script: str) -> dict[str, str]:
    """A program of this name in the folder, and an environment in which it is found."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin", "LOG": str(folder / "log"), "DOCKER_CONTEXT": "elsewhere"}


def answering(folder: Path, services: dict[str, Any], active: str = "") -> dict[str, str]:
    (folder / "answer").write_text(json.dumps({"name": "films", "services": services}))
    return program(
        folder,
        "docker",
        f'echo "$@ $COMPOSE_EXPERIMENTAL_OCI_REMOTE $DOCKER_CONTEXT" >> "$LOG"\n'
        f'case "$*" in *--services*) printf "{active}";; *) cat {folder}/answer;; esac',
    )


@pytest.mark.parametrize(
    ("name", "output", "label"),
    [
        ("docker", "2.40.3", "docker compose 2.40.3"),
        ("docker", "v2.26.1-desktop", "docker compose 2.26.1-desktop"),
        ("docker-compose", "2.40.3", "docker-compose 2.40.3"),
    ],
)
def test_a_compose_that_is_there_is_named_with_its_version(tmp_path: Path, name: str, output: str, label: str) -> None:
    compose = compose_here(program(tmp_path, name, f"echo {output}") | {"PATH": str(tmp_path)})
    assert compose is not None
    assert compose.label == label


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("docker", 'echo "docker: unknown command: docker compose" >&2; exit 1'),
        ("docker-compose", "echo 1.29.2"),
        ("podman", "echo 1.0.6"),
        ("docker", "echo 2.40.3; exit 1"),
    ],
)
def test_what_is_too_old_or_not_compose_is_not_asked(tmp_path: Path, name: str, script: str) -> None:
    assert compose_here(program(tmp_path, name, script) | {"PATH": str(tmp_path)}) is None


def test_it_is_asked_for_all_profiles_without_the_network(tmp_path: Path) -> None:
    environ = answering(tmp_path, {"web": {"image": "w"}})
    project = Project(("a.yml", "b.yml"), "", name="mine", remarks=("r",))
    resolved = ask(DOCKER, project, project.files, environ)
    assert (resolved.name, resolved.services) == ("films", {"web": {"image": "w"}})
    assert resolved.active == {"web"}
    assert (resolved.remarks, resolved.interpolated) == (("r",), True)
    assert (tmp_path / "log").read_text() == (
        "compose -f a.yml -f b.yml -p mine --profile * config --format json --no-env-resolution false \n"
    )


def test_which_services_are_active_is_asked_too(tmp_path: Path) -> None:
    environ = answering(tmp_path, {"web": {}, "tool": {"profiles": ["x"]}}, "web\\n")
    project = Project(("a.yml",), "")
    assert ask(DOCKER, project, project.files, environ).active == {"web"}


def test_where_that_is_refused_the_profiles_decide_and_it_is_said(tmp_path: Path) -> None:
    services = '{\\"services\\": {\\"a\\": {}, \\"b\\": {\\"profiles\\": [\\"x\\"]}}}'
    environ = program(
        tmp_path, "docker", f'case "$*" in *--services*) echo "a needs b" >&2; exit 1;; *) echo "{services}";; esac'
    )
    resolved = ask(DOCKER, Project(("a.yml",), ""), ["a.yml"], environ)
    assert resolved.active == {"a"}
    assert resolved.remarks == ("without its profiles compose does not take this project: a needs b",)


def test_an_older_one_that_does_not_know_a_flag_is_asked_without_it(tmp_path: Path) -> None:
    environ = program(
        tmp_path,
        "docker",
        'case "$*" in *no-env*) echo "unknown flag: --no-env" >&2; exit 16;; esac; echo \'{"services": {}}\'',
    )
    assert ask(DOCKER, Project(("a.yml",), ""), ["a.yml"], environ).services == {}


def test_its_warnings_are_remarks_but_for_those_of_no_use(tmp_path: Path) -> None:
    lines = (
        'time="t" level=warning msg="The \\\\"TAG\\\\" variable is not set. Defaulting to a blank string."',
        'time="t" level=warning msg="f.yml: the attribute `version` is obsolete"',
    )
    script = "\n".join(f"printf '%s\\n' '{line}' >&2" for line in (*lines, *lines))
    environ = program(tmp_path, "docker", f"{script}\necho '{{\"services\": {{}}}}'".replace("\\\\", "\\"))
    assert ask(DOCKER, Project(("a.yml",), ""), ["a.yml"], environ).remarks == (
        'compose says: The "TAG" variable is not set. Defaulting to a blank string.',
    )


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo first >&2; echo 'no such file' >&2; exit 1", "no such file"),
        ("exit 3", "it ended with 3"),
        ("echo '['", "its answer is not JSON"),
        ("echo '[]'", "its answer has no services"),
        ('echo \'{"services": {"a": 5}}\'', "its answer has no services"),
    ],
)
def test_a_project_that_it_does_not_take_is_refused_in_its_words(tmp_path: Path, script: str, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        ask(DOCKER, Project(("a.yml",), ""), ["a.yml"], program(tmp_path, "docker", script))


@pytest.mark.parametrize(
    ("profiles", "chosen", "active"),
    [(None, {""}, True), ([], {"x"}, True), (["x"], {""}, False), (["x"], {"*"}, True), (["x", "y"], {"y"}, True)],
)
def test_a_service_is_active_by_its_profiles(profiles: object, chosen: set[str], active: bool) -> None:
    assert is_active(profiles, frozenset(chosen)) is active

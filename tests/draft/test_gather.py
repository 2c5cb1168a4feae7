"""One draft from all that is named."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from supervisor.draft.gather import Gathered, Sources, gather
from supervisor.errors import DraftError
from tests.draft.compose.projects import LIMIT, write_files
from tests.draft.compose.test_ask import program
from tests.draft.test_units import systemctl


def gathered(folder: Path, sources: Sources, environ: dict[str, str] | None = None) -> Gathered:
    return gather(sources, str(folder / "world"), LIMIT, environ or {"PATH": "/nowhere"})


def test_projects_and_world_are_one_draft_with_all_origins(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "a/compose.yml": "services: {app: {image: a}}",
            "b/compose.yml": "services: {app: {image: b}}",
            "world/nas.json": '{"services": {"nas": {"a/app": "ok", "loose": "ok"}}}',
        },
    )
    files = [str(tmp_path / "a/compose.yml"), str(tmp_path / "b/compose.yml")]
    result = gathered(tmp_path, Sources([files], observed="nas"))
    assert [(service.name, service.image) for service in result.draft.services] == [
        ("a/app", "a"),
        ("b/app", "b"),
        ("loose", None),
    ]
    assert result.origin == "a/compose.yml and b/compose.yml and what runs"
    by_flags = gathered(tmp_path, Sources([[files[0]], [files[1]]])).draft.services
    assert [service.name for service in by_flags] == ["a/app", "b/app"]


def test_who_read_the_files_is_said_in_the_origin(tmp_path: Path) -> None:
    environ = program(
        tmp_path,
        "docker",
        'case "$*" in *version*) echo 2.40.3;; *) echo \'{"name": "a", "services": {"web": {}}}\';; esac',
    )
    write_files(tmp_path, {"a.yml": "services: {web: }", "world/nas.json": '{"services": {"nas": {"web": "ok"}}}'})
    sources = Sources([[str(tmp_path / "a.yml")]])
    assert gathered(tmp_path, sources, environ).origin == "a.yml, read by docker compose 2.40.3"
    both = Sources(sources.compose, observed="nas")
    assert gathered(tmp_path, both, environ).origin == "a.yml, read by docker compose 2.40.3, and what runs"


def test_a_broken_file_ends_it_before_the_world_is_asked(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.yml": "services: ["})
    result = gathered(tmp_path, Sources([[str(tmp_path / "a.yml")]], observed="nobody"))
    assert [problem.line for problem in result.problems] == [1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a/b", "a project has no slash"),
        ("a b", "has a blank"),
        ("", "is empty"),
        ("x", "--project names one project, and these are 2"),
    ],
)
def test_a_project_s_name_is_a_name_and_of_one_project(tmp_path: Path, name: str, message: str) -> None:
    write_files(tmp_path, {"a.yml": "services: {web: }"})
    files = [str(tmp_path / "a.yml")]
    with pytest.raises(DraftError, match=message):
        gathered(tmp_path, Sources([files, files], project=name))


def test_standard_input_is_a_file_like_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"name: films\nservices: {web: }")))
    result = gathered(tmp_path, Sources([["-"]]))
    assert ([service.name for service in result.draft.services], result.origin) == (["films/web"], "standard input")
    for data, message in ((b"\xff", "is not UTF-8 at byte 0"), (b"#" * (LIMIT + 1), "has more than 1048576 bytes")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        with pytest.raises(DraftError, match=message):
            gathered(tmp_path, Sources([["-"]]))


def test_enabled_units_are_a_source_too(tmp_path: Path) -> None:
    listed = "nginx.service enabled enabled\n"
    environ = systemctl(tmp_path, listed, "Id=nginx.service\nType=notify\nLoadState=loaded\n")
    result = gathered(tmp_path, Sources(units=True), environ)
    assert ([service.unit for service in result.draft.services], result.origin) == (
        ["nginx.service"],
        "the enabled units",
    )

"""Which files are which project."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.draft.compose.project import Project, projects_of, working_folder
from tests.draft.compose.projects import LIMIT, write_files


def projects(folder: Path, *paths: str, environ: dict[str, str] | None = None) -> list[Project]:
    loaded = projects_of([str(folder / path) for path in paths], environ or {}, LIMIT)
    assert loaded.problems == ()
    return list(loaded.value)


def files(folder: Path, *paths: str) -> list[list[str]]:
    """The files of each project, below the folder."""
    return [[str(Path(file).relative_to(folder)) for file in project.files] for project in projects(folder, *paths)]


def test_files_of_one_folder_and_their_overlays_are_one_project(tmp_path: Path) -> None:
    write_files(tmp_path, dict.fromkeys(["a/compose.yml", "a/prod.yml", "a/dev/over.yml"], ""))
    assert files(tmp_path, "a/compose.yml", "a/prod.yml", "a/dev/over.yml") == [
        ["a/compose.yml", "a/prod.yml", "a/dev/over.yml"]
    ]


@pytest.mark.parametrize("other", ["compose.yml", "compose.yaml", "docker-compose.yml", "docker-compose.yaml"])
def test_files_with_default_names_in_several_folders_are_a_project_each(tmp_path: Path, other: str) -> None:
    write_files(tmp_path, {"a/compose.yml": "", f"b/{other}": ""})
    assert files(tmp_path, "a/compose.yml", f"b/{other}") == [["a/compose.yml"], [f"b/{other}"]]
    assert projects(tmp_path, "a/compose.yml", f"b/{other}")[0].remarks == (
        "2 projects: these files lie in a folder each, and none of them is another's overlay",
    )


def test_an_overlay_goes_with_the_project_of_its_folder_and_over_it(tmp_path: Path) -> None:
    paths = ["a/compose.override.yml", "a/compose.yml", "b/compose.yml", "b/x.yml"]
    write_files(tmp_path, dict.fromkeys(paths, ""))
    assert files(tmp_path, *paths) == [["a/compose.yml", "a/compose.override.yml"], ["b/compose.yml", "b/x.yml"]]


def test_files_of_other_names_in_unrelated_folders_are_one_project_and_that_is_said(tmp_path: Path) -> None:
    write_files(tmp_path, {"a/a.yml": "", "b/b.yml": ""})
    (project,) = projects(tmp_path, "a/a.yml", "b/b.yml")
    assert [remark.partition(" lie in ")[2] for remark in project.remarks] == [
        "different folders and are taken for one project: give --from-compose again for another project"
    ]


@pytest.mark.parametrize(
    ("there", "used"),
    [
        (["compose.yml", "compose.yaml", "docker-compose.yml"], ["compose.yaml"]),
        (
            ["docker-compose.yml", "docker-compose.override.yml", "x.yml"],
            ["docker-compose.yml", "docker-compose.override.yml"],
        ),
        (["docker-compose.yml", "docker-compose.yaml"], ["docker-compose.yaml"]),
    ],
)
def test_of_a_folder_those_files_are_taken_that_compose_takes(
    tmp_path: Path, there: list[str], used: list[str]
) -> None:
    write_files(tmp_path, dict.fromkeys(there, ""))
    assert files(tmp_path, ".") == [used]


def test_a_folder_whose_env_file_names_files_has_those(tmp_path: Path) -> None:
    write_files(tmp_path, {".env": "COMPOSE_FILE=a.yml:sub/b.yml", "compose.yml": ""})
    assert files(tmp_path, ".") == [["a.yml", "sub/b.yml"]]


def test_a_folder_of_projects_is_each_of_them(tmp_path: Path) -> None:
    write_files(tmp_path, {"b/compose.yml": "", "a/docker-compose.yml": "", ".git/compose.yml": "", "c/x.yml": ""})
    assert files(tmp_path, ".") == [["a/docker-compose.yml"], ["b/compose.yml"]]


def test_a_folder_without_a_compose_file_is_a_problem(tmp_path: Path) -> None:
    (problem,) = projects_of([str(tmp_path)], {}, LIMIT).problems
    assert problem.file == str(tmp_path)
    assert problem.message.startswith("has no compose file (compose.yaml, compose.yml, ")


def test_the_env_file_beside_says_profiles_and_the_environment_says_otherwise(tmp_path: Path) -> None:
    write_files(tmp_path, {"stack.env": "COMPOSE_PROFILES=a, b\n", "compose.yml": ""})
    (tmp_path / ".env").symlink_to("stack.env")
    assert projects(tmp_path, "compose.yml")[0].profiles == {"a", "b"}
    assert projects(tmp_path, "compose.yml", environ={"COMPOSE_PROFILES": "c"})[0].profiles == {"c"}
    (tmp_path / ".env").unlink()
    assert projects(tmp_path, "compose.yml")[0].profiles == {""}


def test_what_compose_would_read_besides_is_said(tmp_path: Path) -> None:
    write_files(tmp_path, {"compose.yml": "", "compose.override.yml": "", "x.yml": ""})
    beside = "compose.override.yml lies beside it, which compose reads too when it is given no files; it was left out"
    assert projects(tmp_path, "compose.yml")[0].remarks == (beside,)
    assert projects(tmp_path, "x.yml")[0].remarks == ()
    assert projects(tmp_path, "compose.yml", "compose.override.yml")[0].remarks == ()
    (tmp_path / ".env").write_text("COMPOSE_FILE=compose.yml:x.yml")
    (remark,) = projects(tmp_path, "compose.yml")[0].remarks
    assert remark.startswith(".env names more files (COMPOSE_FILE=compose.yml:x.yml), which compose reads too when ")
    assert projects(tmp_path, "compose.yml", "x.yml")[0].remarks == ()


def test_an_env_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    write_files(tmp_path, {"compose.yml": "", ".env/x": ""})
    assert projects(tmp_path, "compose.yml")[0].remarks == (
        f"{tmp_path}/.env cannot be read: it is a folder; what it sets is left out",
    )


def test_the_working_folder_is_called_as_it_was_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "store-17").mkdir()
    (tmp_path / "media").symlink_to("store-17")
    monkeypatch.chdir(tmp_path / "media")
    assert working_folder({"PWD": str(tmp_path / "media")}) == str(tmp_path / "media")
    for environ in ({}, {"PWD": "media"}, {"PWD": str(tmp_path)}, {"PWD": str(tmp_path / "gone")}):
        assert working_folder(environ) == str(tmp_path / "store-17")

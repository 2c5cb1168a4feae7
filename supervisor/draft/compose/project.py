"""Which files are which project: files and folders of the command line, and what the ``.env`` beside them says.

Compose takes its own command line from there, too: the project's name, the active profiles, the files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from supervisor.core.model.problems import Level, Problem
from supervisor.draft.compose.variables import parse_env_file
from supervisor.errors import InputError
from supervisor.files.loaded import Loaded, problem_of
from supervisor.files.reading import printable_path, read_text

STANDARD_INPUT = "-"
_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_ENV_FILE = ".env"


@dataclass(frozen=True, slots=True)
class Project:
    """The files of one project, in the order in which they go over one another.

    ``folder`` is the one that its paths begin at, as it was given ("" for the working folder). ``values`` are its
    variables: the environment, and where that says nothing the ``.env``. ``name`` was given on the command line.
    """

    files: tuple[str, ...]
    folder: str
    values: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Its files, as the first line of a draft calls them."""
        return tuple("standard input" if path == STANDARD_INPUT else os.path.basename(path) for path in self.files)

    @property
    def profiles(self) -> frozenset[str]:
        """The active profiles. Where none is named the empty one is active, as compose has it."""
        return frozenset(name.strip() for name in self.values.get("COMPOSE_PROFILES", "").split(","))


def projects_of(
    paths: Sequence[str], environ: Mapping[str, str], max_bytes: int, name: str | None = None
) -> Loaded[tuple[Project, ...]]:
    """The projects that the files and folders after one flag are. Problems name what is no project."""
    projects: list[Project] = []
    problems: list[Problem] = []
    files: list[str] = []
    for path in paths:
        if path != STANDARD_INPUT and os.path.isdir(path):
            folders = [path] if _is_project(path, environ, max_bytes) else _projects_below(path, environ, max_bytes)
            if not folders:
                missing = InputError(f"has no compose file ({', '.join(_FILES)}), nor has a folder in it")
                problems.append(problem_of(printable_path(path), missing, Level.ERROR))
            projects += [_of_folder(folder, environ, max_bytes, name) for folder in folders]
        else:
            files.append(path)
    projects += [_of_files(group, environ, max_bytes, name, remarks) for group, remarks in _groups(files)]
    return Loaded(tuple(projects), tuple(problems))


def working_folder(environ: Mapping[str, str]) -> str:
    """The working folder by the name by which it was entered, which may be a link's."""
    entered = environ.get("PWD", "")
    with suppress(OSError):
        if os.path.isabs(entered) and os.path.samefile(entered, os.curdir):
            return entered
    return os.getcwd()


def env_file(folder: str, environ: Mapping[str, str], max_bytes: int) -> tuple[dict[str, str], list[str]]:
    """The variables of a folder's ``.env``, and why it cannot be used where it is there and cannot."""
    return read_env(os.path.join(folder, _ENV_FILE), environ, max_bytes)


def read_env(path: str, environ: Mapping[str, str], max_bytes: int) -> tuple[dict[str, str], list[str]]:
    """The variables of such a file, wherever it is; none where it is not there."""
    try:
        return parse_env_file(read_text(path, max_bytes), environ), []
    except (FileNotFoundError, NotADirectoryError):
        return {}, []
    except InputError as error:
        return {}, [f"{printable_path(path)} {error.message}; what it sets is left out"]


def _groups(files: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Files as the projects that they are, each with what is to be said of that.

    Files with one of compose's default names in several folders are no overlays of one another, but a project each;
    other files belong to the project of their folder, or else to the one before them.
    """
    bases = {os.path.realpath(os.path.dirname(path)): path for path in reversed(files) if _is_default(path)}
    if len(bases) < 2:
        if files:
            yield list(files), list(_strangers(files))
        return
    groups: dict[str, list[str]] = {folder: [] for folder in reversed(bases)}
    latest = next(iter(groups))
    for path in files:
        folder = os.path.realpath(os.path.dirname(path))
        latest = folder if folder in groups else latest
        groups[latest].append(path)
    many = f"{len(groups)} projects: these files lie in a folder each, and none of them is another's overlay"
    for group in groups.values():
        # A pattern of the shell gives compose.override.yml before compose.yml.
        yield sorted(group, key=lambda path: not _is_default(path)), [many]


def _strangers(files: Sequence[str]) -> Iterator[str]:
    first = os.path.realpath(os.path.dirname(files[0]))
    for path in files[1:]:
        folder = os.path.realpath(os.path.dirname(path))
        if path != STANDARD_INPUT and os.path.commonpath([first, folder]) not in (first, folder):
            yield (
                f"{printable_path(files[0])} and {printable_path(path)} lie in different folders and are taken for one "
                "project: give --from-compose again for another project"
            )


def _is_default(path: str) -> bool:
    return os.path.basename(path) in _FILES


def _is_project(folder: str, environ: Mapping[str, str], max_bytes: int) -> bool:
    return any(os.path.exists(os.path.join(folder, name)) for name in _FILES) or bool(
        env_file(folder, environ, max_bytes)[0].get("COMPOSE_FILE")
    )


def _projects_below(folder: str, environ: Mapping[str, str], max_bytes: int) -> list[str]:
    names = []
    with suppress(OSError):
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    inner = [os.path.join(folder, name) for name in names]
    return [path for path in inner if os.path.isdir(path) and _is_project(path, environ, max_bytes)]


def _of_folder(folder: str, environ: Mapping[str, str], max_bytes: int, name: str | None) -> Project:
    """The project that compose finds in a folder when it is given no files."""
    values, remarks = env_file(folder, environ, max_bytes)
    named = values.get("COMPOSE_FILE")
    if named:
        files = named.split(values.get("COMPOSE_PATH_SEPARATOR") or os.pathsep)
    else:
        there = [file for file in (*_FILES, *_OVERRIDES) if os.path.exists(os.path.join(folder, file))]
        files = [file for file in there if file in _FILES][:1] + [file for file in there if file in _OVERRIDES][:1]
    paths = tuple(os.path.join(folder, file) for file in files if file)
    return Project(paths, os.path.dirname(paths[0]) if named else folder, {**values, **environ}, name, tuple(remarks))


def _of_files(
    files: Sequence[str], environ: Mapping[str, str], max_bytes: int, name: str | None, remarks: list[str]
) -> Project:
    folder = "" if files[0] == STANDARD_INPUT else os.path.dirname(files[0])
    values, more = env_file(folder, environ, max_bytes)
    named = values.get("COMPOSE_FILE")
    if named:
        given = {os.path.realpath(path) for path in files}
        more += _of_compose_file(folder, named, values, given)
    elif len(files) == 1 and _is_default(files[0]):
        more += [
            f"{beside} lies beside it, which compose reads too when it is given no files; it was left out"
            for beside in _OVERRIDES
            if os.path.exists(os.path.join(folder, beside))
        ]
    return Project(tuple(files), folder, {**values, **environ}, name, (*remarks, *more))


def _of_compose_file(folder: str, named: str, values: Mapping[str, str], given: set[str]) -> Iterator[str]:
    files = named.split(values.get("COMPOSE_PATH_SEPARATOR") or os.pathsep)
    if {os.path.realpath(os.path.join(folder, file)) for file in files if file} - given:
        yield (
            f"{_ENV_FILE} names more files (COMPOSE_FILE={named}), which compose reads too when it is given no files; "
            "left out"
        )

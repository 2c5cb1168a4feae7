"""Settings as flags, and paths that need a working directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.cli.options import Parser, add_at, add_settings, duration, flags, require_place, settings_of
from supervisor.core.instant import SECOND
from supervisor.errors import SupervisorError
from supervisor.files.settings import SUPERVISOR


def parser() -> Parser:
    made = Parser(prog="x")
    add_at(made)
    add_settings(made)
    return made


def test_only_the_settings_that_were_given_are_flags() -> None:
    options = parser().parse_args(["--stale-after", "1m", "--world", "w"])
    assert flags(options, SUPERVISOR) == {"stale_after": "1m", "world": "w"}


def test_times_and_durations_are_read_at_the_door() -> None:
    assert parser().parse_args(["--at", "1970-01-01T00:00:01Z"]).at == SECOND
    assert duration("4h") == 4 * 3600 * SECOND
    with pytest.raises(SystemExit):
        parser().parse_args(["--at", "noon"])


def test_paths_are_absolute_from_the_working_directory_or_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = parser().parse_args(["--inventory", "hosts"])
    assert settings_of(options, "inventory").inventory == str(tmp_path / "hosts")
    assert settings_of(options, "inventory", folder="/elsewhere").inventory == "/elsewhere/hosts"


def test_only_relative_paths_need_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    require_place({"world": "world"})
    os.rmdir(gone)
    require_place({"world": "/world"})
    with pytest.raises(SupervisorError, match="deleted, and world 'w' is relative to it; give an absolute path"):
        require_place({"world": "w", "inventory": "/i"})
    with pytest.raises(SupervisorError, match="world 'w' and inventory 'i' are relative to it; give absolute paths"):
        require_place({"world": "w", "inventory": "i"})

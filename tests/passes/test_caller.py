"""Whose outputs may be written by whom."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from pathlib import Path

import pytest

from supervisor.errors import NotPermittedError
from supervisor.files.settings import Settings, load_settings
from supervisor.passes.caller import Caller, outputs

ME = os.geteuid()
SERVICE = 64998
STRANGER = 64999
"""Numbers without a name."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    names = {"event_log": str(tmp_path / "log"), "checkpoint": str(tmp_path / "checkpoint.json")}
    return load_settings(names, {}, config_of(tmp_path, "resync_interval: 60s\n"))


def config_of(folder: Path, text: str) -> str:
    (folder / "supervisor.yaml").write_text(text)
    return str(folder / "supervisor.yaml")


@pytest.mark.parametrize("name", ["log", "checkpoint.json", "checkpoint.json.lock"])
def test_what_belongs_to_somebody_else_is_refused_with_the_way_out(
    tmp_path: Path, settings: Settings, name: str
) -> None:
    (tmp_path / name).touch()
    with pytest.raises(NotPermittedError) as refused:
        Caller(STRANGER, None).refuse_outputs(settings)
    said = str(refused.value)
    assert said.startswith(f"cannot write {tmp_path}/{name}: it belongs to ")
    assert f"this runs as user {STRANGER};" in said
    assert "reconcile --dry-run" in said
    assert "systemctl reload runtime-supervisor" in said


def test_ones_own_files_and_those_to_come_are_anybodys(tmp_path: Path, settings: Settings) -> None:
    Caller(STRANGER, SERVICE, "/absent").refuse_outputs(settings)
    (tmp_path / "log").touch()
    Caller(ME, SERVICE, "/absent").refuse_outputs(settings)


def test_the_user_of_the_service_may_meet_anything(tmp_path: Path, settings: Settings) -> None:
    """It says itself what stands in its way, and tries again."""
    (tmp_path / "log").touch()
    Caller(SERVICE, SERVICE, config_of(tmp_path, f"event_log: {tmp_path}/log\n")).refuse_outputs(settings)


@pytest.mark.parametrize("key", ["event_log", "checkpoint"])
def test_what_the_installed_settings_name_is_the_services(tmp_path: Path, settings: Settings, key: str) -> None:
    config = config_of(tmp_path, f"{key}: {getattr(settings, key)}\n")
    Caller(ME, None, config).refuse_outputs(settings)
    with pytest.raises(NotPermittedError, match=f"cannot write {getattr(settings, key)}: the service writes it as "):
        Caller(ME, SERVICE, config).refuse_outputs(settings)


def test_another_way_to_the_same_file_is_the_same_file(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    config = config_of(tmp_path, f"event_log: {tmp_path}/log\n")
    with pytest.raises(NotPermittedError):
        Caller(ME, SERVICE, config).refuse_outputs(settings._replace(event_log=f"{tmp_path}/link/log"))


@pytest.mark.parametrize("text", [None, "stale_aftr: 5m\n"])
def test_without_usable_installed_settings_the_defaults_are_the_services(tmp_path: Path, text: str | None) -> None:
    config = "/absent" if text is None else config_of(tmp_path, text)
    defaults = load_settings({}, {}, config_of(tmp_path, "") if text is None else None)
    with pytest.raises(NotPermittedError):
        Caller(STRANGER, SERVICE, config).refuse_outputs(defaults)


def test_who_runs_this_is_told_without_asking_anybody() -> None:
    caller = Caller.current()
    assert caller.user == ME
    with suppress(KeyError):
        assert caller.service == pwd.getpwnam("runtime-supervisor").pw_uid
        return
    assert caller.service is None


def test_the_three_outputs_are_log_checkpoint_and_lock(settings: Settings) -> None:
    assert [Path(path).name for path in outputs(settings)] == ["log", "checkpoint.json", "checkpoint.json.lock"]

"""Drafts of enabled units; a program in systemctl's place answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.draft.services import DraftService, OneshotReason
from supervisor.draft.units import draft_from_units
from supervisor.errors import DraftError
from tests.draft.compose.test_ask import program

LISTED = """\
backup.timer              enabled enabled
getty@.service            enabled enabled
nginx.service             enabled enabled
prepare.service           enabled enabled
gone.service              enabled enabled
systemd-timesyncd.service enabled enabled
"""
SHOWN = """\
Id=backup.timer
LoadState=loaded
Unit=backup.service

Id=gone.service
Type=simple
LoadState=not-found

Id=nginx.service
Type=notify
LoadState=loaded

Id=prepare.service
Type=oneshot
LoadState=loaded
"""


def systemctl(folder: Path, listed: str, shown: str) -> dict[str, str]:
    (folder / "listed").write_text(listed)
    (folder / "shown").write_text(shown)
    script = f'case "$*" in *list-unit-files*) cat {folder}/listed;; *) cat {folder}/shown;; esac'
    return program(folder, "systemctl", script)


def test_enabled_units_are_drafted_and_what_a_timer_starts_is_a_oneshot(tmp_path: Path) -> None:
    draft = draft_from_units(systemctl(tmp_path, LISTED, SHOWN))
    assert draft.services == (
        DraftService("backup", unit="backup.service", oneshot=OneshotReason.TIMER),
        DraftService("backup.timer", unit="backup.timer"),
        DraftService("nginx", unit="nginx.service"),
        DraftService("prepare", unit="prepare.service", oneshot=OneshotReason.UNIT),
    )
    assert draft.remarks == (
        "getty@.service is a template: its instances are left out",
        "systemd's own units are left out: systemd-timesyncd.service",
        "which units depend on which, and which are critical, is not asked",
    )


def test_a_machine_without_enabled_units_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DraftError, match="no service or timer is enabled on this machine"):
        draft_from_units(systemctl(tmp_path, "", ""))


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'Host is down' >&2; exit 1", "systemd cannot be asked: Host is down"),
        ("exit 3", "systemctl ended with 3"),
    ],
)
def test_a_systemd_that_cannot_be_asked_is_an_error_in_its_words(tmp_path: Path, script: str, message: str) -> None:
    with pytest.raises(DraftError, match=message):
        draft_from_units(program(tmp_path, "systemctl", script))


def test_a_machine_without_systemd_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DraftError, match="there is no program systemctl"):
        draft_from_units({"PATH": str(tmp_path)})

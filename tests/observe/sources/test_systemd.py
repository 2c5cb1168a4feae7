"""systemctl, and programs in its place that answer oddly or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from supervisor.core.instant import SECOND
from supervisor.core.model.desired import DesiredService
from supervisor.errors import SourceError
from supervisor.observe.deadline import Deadline
from supervisor.observe.sighting import Sighting
from supervisor.observe.sources.systemd import Units
from supervisor.process.clock import Clock


@pytest.fixture
def systemctl(tmp_path: Path) -> Path:
    """A program in systemctl's place; the tests say what it does."""
    program = tmp_path / "systemctl"
    program.touch()
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


SERVICES = {name: DesiredService(name, "", 1) for name in ("a", "b", "media/c")}


def look(systemctl: Path, *extra: str, timeout: int = 20 * SECOND) -> tuple[Sighting, ...]:
    return Units(extra, str(systemctl)).look(SERVICES, Deadline(timeout, Clock().monotonic))


def test_answers_are_matched_to_questions(systemctl: Path) -> None:
    blocks = "Id=alias.service\nLoadState=loaded\nActiveState=active\n\nLoadState=not-found\nActiveState=inactive\n"
    systemctl.write_text(f"#!/bin/sh\ncat <<'E'\n{blocks}E\n")
    seen = look(systemctl)
    assert [(unit.name, unit.status) for unit in seen] == [("a.service", "ok")]


def test_units_beyond_the_inventory_are_told_apart_by_their_own_names(systemctl: Path) -> None:
    systemctl.write_text(
        """#!/bin/sh
case "$*" in
*"-- ng*") printf 'Id=nginx.service\\nActiveState=active\\n\\nId=a.service\\nActiveState=failed\\n' ;;
*"-- a.service b.service") printf 'Id=a.service\\nActiveState=active\\n\\nLoadState=not-found\\n' ;;
esac
"""
    )
    seen = look(systemctl, "ng*")
    # One that the inventory names, too, is asked for once.
    assert [(unit.name, unit.status) for unit in seen] == [("a.service", "ok"), ("nginx.service", "ok")]


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo No bus. >&2; exit 1", "cannot be asked: No bus."),
        ("exit 1", "cannot be asked: systemctl ended with 1"),
        ("exec sleep 60", "did not answer within 0.2 s"),
        ("echo Id=a.service", "gave 1 answers to 2 questions"),
    ],
)
def test_what_is_no_answer_is_a_failure(systemctl: Path, script: str, why: str) -> None:
    systemctl.write_text(f"#!/bin/sh\n{script}\n")
    with pytest.raises(SourceError) as failure:
        look(systemctl, timeout=SECOND // 5)
    assert str(failure.value) == why


def test_without_systemctl_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^cannot be started: there is no program /"):
        look(tmp_path / "absent")


def test_units_that_start_another_one_are_asked_whether_they_are_active(systemctl: Path) -> None:
    systemctl.write_text(
        """#!/bin/sh
case "$*" in
*"-- a.service b.service") for name in a b; do
  printf 'Id=%s.service\\nLoadState=loaded\\nActiveState=inactive\\nTriggeredBy=%s.socket\\n\\n' $name $name; done ;;
*"-- a.socket b.socket") printf 'Id=a.socket\\nActiveState=active\\n\\nId=b.socket\\nActiveState=inactive\\n' ;;
esac
"""
    )
    assert [(unit.name, unit.status, unit.detail) for unit in look(systemctl)] == [
        ("a.service", "ok", "waits for a.socket"),
        ("b.service", "stopped", "inactive"),
    ]

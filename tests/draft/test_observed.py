"""Drafts of what is seen: what is reported is drafted, what cannot be told is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.core.model.actual import Actual
from supervisor.draft.observed import draft_from_world, drafts_of_world
from supervisor.draft.services import DraftService, OneshotReason
from supervisor.errors import DraftError
from supervisor.files.world.load import load_world


def world(folder: Path, text: str) -> Actual:
    (folder / "nas.json").write_text(text)
    return load_world(str(folder), 1 << 20).value


def test_what_runs_is_drafted_and_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    services = '{"nas": {"web": "ok", "job": "completed", "bad": "exited", "gone": "absent"}}'
    text = f'{{"observed_at": "2026-11-23T12:00:00Z", "services": {services}}}'
    draft = draft_from_world(world(tmp_path, text), "nas")
    assert draft.services == (
        DraftService("bad"),
        DraftService("job", oneshot=OneshotReason.COMPLETED),
        DraftService("web", running=True),
    )
    assert draft.notes == (
        "this is what was seen at 2026-11-23T12:00:00Z",
        "bad is 'exited' just now: is it to be there at all?",
        "which services depend on which, and which are critical, cannot be seen from outside",
        "job is completed, so it is taken for a oneshot",
    )


def test_a_node_without_services_is_an_error_that_names_the_others(tmp_path: Path) -> None:
    actual = world(tmp_path, '{"services": {"nas": {"web": "ok"}}}')
    with pytest.raises(DraftError, match="the world reports no service of 'nuc'; it reports services of: nas"):
        draft_from_world(actual, "nuc")


def test_what_cannot_be_read_is_said_as_far_as_it_may_be_of_the_node(tmp_path: Path) -> None:
    for path in ("nodes/nas.json", "nodes/nuc.json", "more.yaml"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("{")
    with pytest.raises(
        DraftError, match=r"no service of 'nas', and world/more\.yaml, world/nodes/nas\.json cannot be used"
    ):
        draft_from_world(load_world(str(tmp_path), 1 << 20).value, "nas")
    draft = draft_from_world(world(tmp_path, '{"services": {"nas": {"web": "ok"}}}'), "nas")
    assert draft.notes[0] == "world/more.yaml, world/nodes/nas.json cannot be used: what they say is not in here"
    with pytest.raises(DraftError, match="no service of 'nas', and world cannot be used"):
        draft_from_world(load_world(str(tmp_path / "absent"), 1 << 20).value, "nas")


def test_every_node_with_services_has_a_draft(tmp_path: Path) -> None:
    text = (
        '{"services": {"nas": {"web": "ok"}, "nuc": {"db": "ok"}, "gone": {"x": "absent"}}, "nodes": {"pi": "online"}}'
    )
    actual = world(tmp_path, text)
    drafts = drafts_of_world(actual)
    assert {name: [service.name for service in draft.services] for name, draft in drafts.items()} == {
        "nas": ["web"],
        "nuc": ["db"],
    }
    assert list(drafts_of_world(actual, "nuc")) == ["nuc"]


def test_a_world_that_cannot_be_used_is_not_one_without_services(tmp_path: Path) -> None:
    with pytest.raises(DraftError, match=r"cannot tell what runs: .*absent"):
        drafts_of_world(load_world(str(tmp_path / "absent"), 1 << 20).value)

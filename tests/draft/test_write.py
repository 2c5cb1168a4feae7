"""First inventories: what is seen is written, what cannot be told is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.model.actual import Actual
from supervisor.draft.write import Draft, DraftService, draft_from_world, draft_text, join
from supervisor.errors import DraftError
from supervisor.files.inventory.load import load_inventory
from supervisor.files.names import name_fault
from supervisor.files.world.load import load_world

names = st.one_of(
    st.sampled_from(["web", "media/db", "8080", "on", "null", "~", "1.5", "0x1F", "22:22", "-", "a#b", "&a", "é", '"']),
    st.text(min_size=1, max_size=20).filter(lambda text: name_fault(text) is None),
)
texts = st.none() | st.text(max_size=20)
services = st.builds(
    DraftService, names, texts, texts, st.lists(names, max_size=3).map(tuple), st.booleans(), st.booleans()
)


def world(folder: Path, text: str) -> Actual:
    (folder / "nas.json").write_text(text)
    return load_world(str(folder), 1 << 20).value


@given(
    drafted=st.lists(services, unique_by=lambda one: one.name),
    note=st.text(max_size=20) | st.just("a depends on x\nservices: {y: }"),
)
def test_a_draft_reads_as_what_it_says(
    tmp_path_factory: pytest.TempPathFactory, drafted: list[DraftService], note: str
) -> None:
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "nas").mkdir()
    text = draft_text(Draft(tuple(drafted), (note,)), f"some{note}where")
    (folder / "nas" / "services.yaml").write_text(text)
    found = load_inventory(str(folder), 1 << 20)
    assert [one for one in found.problems if "depends" not in one.message] == []
    node = found.value.nodes["nas"]
    read = {name: (one.oneshot, one.enabled, {m.text for m in one.depends_on}) for name, one in node.services.items()}
    assert read == {one.name: (one.oneshot, one.enabled, set(one.depends_on)) for one in drafted}


def test_what_runs_is_drafted_and_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    services = '{"nas": {"web": "ok", "job": "completed", "bad": "exited", "gone": "absent"}}'
    text = f'{{"observed_at": "2026-11-23T12:00:00Z", "services": {services}}}'
    draft = draft_from_world(world(tmp_path, text), "nas")
    assert [(one.name, one.oneshot) for one in draft.services] == [("bad", False), ("job", True), ("web", False)]
    assert draft.notes == (
        "this is what was seen at 2026-11-23T12:00:00Z",
        "bad is 'exited' just now: is it to be there at all?",
        "job is completed, so it is taken for a oneshot",
        "which services depend on which, and which are critical, cannot be seen from outside",
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


def test_of_several_drafts_the_earlier_holds() -> None:
    one = Draft((DraftService("web", image="a"),), ("n",))
    other = Draft((DraftService("web"), DraftService("db")), ("n", "m"))
    assert join([one, other]) == Draft((DraftService("db"), DraftService("web", image="a")), ("n", "m"))

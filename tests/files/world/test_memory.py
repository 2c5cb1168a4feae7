"""A remembered world says what a fresh one says, and reads no document that did not change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.core.instant import SECOND
from supervisor.core.model.actual import Actual, UnreadableDocument
from supervisor.errors import UnreadableError
from supervisor.files import reading
from supervisor.files.loaded import Loaded
from supervisor.files.world.load import load_world
from supervisor.files.world.memory import WorldMemory

LIMIT = 1 << 20


class World:
    """A world folder, its memory with a clock that is an hour ahead, and the documents that were read."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.memory = WorldMemory(str(path), LIMIT, None, lambda: os.stat(path).st_ctime_ns + 3600 * SECOND)
        self.opened: list[str] = []
        open_file = os.open

        def opening(file: str, *arguments: int) -> int:
            self.opened.append(os.path.relpath(file, path))
            return open_file(file, *arguments)

        monkeypatch.setattr(os, "open", opening)

    def write(self, name: str, text: str) -> None:
        (self.path / name).parent.mkdir(exist_ok=True)
        (self.path / name).write_text(text)

    def look(self, *changed: str) -> tuple[Loaded[Actual], list[str]]:
        """What the memory says (the same as a fresh reading), and what it read."""
        self.opened.clear()
        loaded = self.memory.read(dict.fromkeys(changed, False) if changed else None)
        opened = sorted(self.opened)
        fresh = load_world(str(self.path), LIMIT)
        assert loaded.problems == fresh.problems
        assert (loaded.value.nodes, loaded.value.unreadable) == (fresh.value.nodes, fresh.value.unreadable)
        return loaded, opened


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(tmp_path / "world", monkeypatch)
    world.path.mkdir()
    world.write("nodes/nas.json", '{"status": "online"}')
    world.write("nodes/nuc.json", '{"status": "online"}')
    return world


def test_what_did_not_change_is_not_read_again_and_the_same_object(world: World) -> None:
    first, opened = world.look()
    assert opened == ["nodes/nas.json", "nodes/nuc.json"]
    second, opened = world.look()
    assert (opened, second is first) == ([], True)


def test_a_changed_document_is_read_alone_and_other_nodes_stay_the_same_objects(world: World) -> None:
    first, _ = world.look()
    world.write("nodes/nas.json", '{"status": "offline"}')
    second, opened = world.look()
    assert opened == ["nodes/nas.json"]
    assert second.value.nodes["nuc"] is first.value.nodes["nuc"]


def test_of_named_changes_only_those_documents_are_looked_at(world: World) -> None:
    world.look()
    world.write("nodes/nas.json", '{"status": "offline"}')
    _, opened = world.look("nodes/nas.json", "nodes/nas.json.tmp", "lost+found/a.json")
    assert opened == ["nodes/nas.json"]


def test_documents_come_and_go(world: World) -> None:
    world.look()
    world.write("fleet.json", '{"nodes": {"pi4": "up"}}')
    assert sorted(world.look("fleet.json")[0].value.nodes) == ["nas", "nuc", "pi4"]
    (world.path / "nodes" / "nas.json").unlink()
    assert sorted(world.look()[0].value.nodes) == ["nuc", "pi4"]


def test_the_last_document_leaves_an_unusable_world_behind_until_another_comes(world: World) -> None:
    world.look()
    for name in ("nas", "nuc"):
        (world.path / "nodes" / f"{name}.json").unlink()
    assert world.look()[0].value.folder is not None
    world.write("fleet.json", '{"nodes": {"pi4": "up"}}')
    assert list(world.look("fleet.json")[0].value.nodes) == ["pi4"]


def test_a_folder_that_cannot_be_looked_into_comes_and_goes(world: World) -> None:
    first, _ = world.look()
    (world.path / "round").symlink_to("round")
    second, _ = world.look()
    assert [document.ref.path for document in second.value.unreadable] == ["world/round"]
    third, opened = world.look()
    assert (third is second, opened) == (True, [])
    (world.path / "round").unlink()
    assert world.look()[0].value.nodes == first.value.nodes


def test_what_could_not_be_read_once_is_read_again_though_it_looks_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.look()
    os.utime(world.path / "nodes" / "nas.json", ns=(1, 1))

    def full(*_: object) -> None:
        raise UnreadableError("cannot be read: Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(reading, "_read_stable", full)
        (unreadable,) = world.memory.read().value.unreadable
        assert isinstance(unreadable, UnreadableDocument)
        assert unreadable.errors[0].message == "cannot be read: Too many open files"
    assert world.look()[0].value.unreadable == ()


def test_a_second_own_document_costs_both_until_one_of_them_is_gone(world: World) -> None:
    world.look()
    world.write("nodes/nas.yaml", "status: online\n")
    loaded, _ = world.look("nodes/nas.yaml")
    assert [document.ref.path for document in loaded.value.unreadable] == [
        "world/nodes/nas.json",
        "world/nodes/nas.yaml",
    ]
    world.write("nodes/nas.json", '{"status": "offline"}')
    assert len(world.look("nodes/nas.json")[0].problems) == 2
    (world.path / "nodes" / "nas.yaml").unlink()
    assert world.look("nodes/nas.yaml")[0].problems == ()

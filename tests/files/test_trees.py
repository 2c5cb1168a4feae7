"""Which names matter: one rule for the readers and the watch."""

from __future__ import annotations

import pytest

from supervisor.files.settings import KEYS
from supervisor.files.trees import HOSTS_TREE, TREES, WORLD_TREE, own_node

CONFLICT = "nas.sync-conflict-20261031-101010-ABCDEFG"
FOREIGN = ["lost+found", "@eaDir", "#recycle", "$RECYCLE.BIN", ".stfolder"]
COPY = "nas (conflicted copy 2026-10-31 101010)"


def test_every_tree_has_a_setting_of_its_own() -> None:
    assert [tree.name for tree in TREES] == ["hosts", "world"]
    assert {tree.setting for tree in TREES} <= {key.name for key in KEYS}


@pytest.mark.parametrize("node", ["nas", "box.tmp", "x~", "x.swp", "lost+found2", "a b"])
def test_a_folder_of_the_inventory_is_a_node_s_whatever_its_name_ends_in(node: str) -> None:
    assert HOSTS_TREE.holds(node)
    assert HOSTS_TREE.reads(f"{node}/services.yaml")


@pytest.mark.parametrize(
    "name", ["lost+found", "@eaDir", "#recycle", "$RECYCLE.BIN", ".stfolder", CONFLICT, COPY, ".git"]
)
def test_what_disks_shares_and_copies_leave_behind_is_passed_over_in_both_folders(name: str) -> None:
    assert not HOSTS_TREE.holds(name)
    assert not HOSTS_TREE.reads(f"{name}/services.yaml")
    assert not WORLD_TREE.holds(name)
    assert not WORLD_TREE.holds(f"nodes/{name}")
    assert not WORLD_TREE.reads(f"{name}.json" if name in (CONFLICT, COPY) else f"{name}/nas.json")


@pytest.mark.parametrize("path", ["services.yaml", "nas/services.yml", "nas/notes.txt", "nas/old/services.yaml"])
def test_other_files_of_the_inventory_are_not_read(path: str) -> None:
    assert not HOSTS_TREE.reads(path)


def test_folders_below_a_node_s_are_not_looked_into() -> None:
    assert not HOSTS_TREE.holds("nas/config")


@pytest.mark.parametrize("path", ["a.json", "nodes/nas.yaml", "a/b/c.yml", "lost+found.json", "#recycle.yaml"])
def test_a_document_may_be_at_any_depth(path: str) -> None:
    assert WORLD_TREE.reads(path)


@pytest.mark.parametrize(
    "name", ["a.json~", "a.json.tmp", "a.json.swp", ".a.json", "a.txt", "b.tmp/a.json", "x~/a.yml"]
)
def test_unfinished_files_and_what_is_in_unfinished_folders_is_not_read(name: str) -> None:
    assert not WORLD_TREE.reads(name)


def test_what_is_deeper_than_a_walk_goes_is_not_read() -> None:
    assert WORLD_TREE.reads("d/" * 32 + "a.json")
    assert WORLD_TREE.holds("/".join("d" * 32))
    assert not WORLD_TREE.reads("d/" * 33 + "a.json")
    assert not WORLD_TREE.holds("/".join("d" * 33))


@pytest.mark.parametrize(
    ("path", "node"),
    [
        ("nodes/nas.json", "nas"),
        ("nodes/a.b.yml", "a.b"),
        ("nodes/x/nas.json", None),
        ("nas.json", None),
        ("nodes", None),
    ],
)
def test_a_document_two_levels_deep_is_a_node_s_own(path: str, node: str | None) -> None:
    assert own_node(path) == node

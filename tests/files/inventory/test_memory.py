"""A remembered inventory says what a fresh one says, and reads no file that did not change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.core.instant import SECOND
from supervisor.core.model.desired import Desired
from supervisor.errors import UnreadableError
from supervisor.files import reading
from supervisor.files.inventory.load import load_inventory
from supervisor.files.inventory.memory import InventoryMemory
from supervisor.files.loaded import Loaded

LIMIT = 1 << 20


class Hosts:
    """An inventory folder, its memory with a clock that is an hour ahead, and the files that were read."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.memory = InventoryMemory(str(path), LIMIT, None, lambda: os.stat(path).st_ctime_ns + 3600 * SECOND)
        self.opened: list[str] = []
        open_file = os.open

        def opening(file: str, *arguments: int) -> int:
            self.opened.append(os.path.relpath(file, path))
            return open_file(file, *arguments)

        monkeypatch.setattr(os, "open", opening)

    def write(self, name: str, text: str) -> None:
        (self.path / name).parent.mkdir(exist_ok=True)
        (self.path / name).write_text(text)

    def look(self, *changed: str) -> tuple[Loaded[Desired], list[str]]:
        """What the memory says (the same as a fresh reading), and what it read."""
        self.opened.clear()
        loaded = self.memory.read(dict.fromkeys(changed, False) if changed else None)
        opened = sorted(self.opened)
        assert loaded == load_inventory(str(self.path), LIMIT)
        return loaded, opened


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    hosts = Hosts(tmp_path / "hosts", monkeypatch)
    hosts.path.mkdir()
    hosts.write("nas/services.yaml", "services: [web]")
    hosts.write("nuc/services.yaml", "services: [dns]")
    return hosts


def test_what_did_not_change_is_not_read_again_and_the_same_object(hosts: Hosts) -> None:
    first, opened = hosts.look()
    assert opened == ["nas/services.yaml", "nuc/services.yaml"]
    second, opened = hosts.look()
    assert (opened, second is first) == ([], True)


def test_a_changed_file_is_read_alone_and_other_nodes_stay_the_same_objects(hosts: Hosts) -> None:
    first, _ = hosts.look()
    hosts.write("nas/services.yaml", "services: [web, db]")
    second, opened = hosts.look()
    assert opened == ["nas/services.yaml"]
    assert list(second.value.nodes["nas"].services) == ["web", "db"]
    assert second.value.nodes["nuc"] is first.value.nodes["nuc"]


def test_of_named_changes_only_those_files_are_looked_at(hosts: Hosts) -> None:
    hosts.look()
    hosts.write("nas/services.yaml", "services: [web, db]")
    loaded, opened = hosts.look("nas/services.yaml", "nas/notes.txt", ".git/services.yaml")
    assert (opened, len(loaded.value.nodes["nas"].services)) == (["nas/services.yaml"], 2)


@pytest.mark.parametrize("text", ["services: [", "services: {web: {critical: 1}}"])
def test_a_named_change_may_break_a_file_and_mend_it(hosts: Hosts, text: str) -> None:
    hosts.look()
    hosts.write("nas/services.yaml", text)
    assert len(hosts.look("nas/services.yaml")[0].problems) == 1
    hosts.write("nas/services.yaml", "services: [web]")
    assert hosts.look("nas/services.yaml")[0].problems == ()


def test_nodes_come_and_go_in_the_order_of_their_names(hosts: Hosts) -> None:
    hosts.look()
    hosts.write("box/services.yaml", "")
    assert list(hosts.look("box/services.yaml")[0].value.nodes) == ["box", "nas", "nuc"]
    (hosts.path / "nas" / "services.yaml").unlink()
    assert list(hosts.look("nas/services.yaml")[0].value.nodes) == ["box", "nuc"]


def test_a_folder_that_is_gone_comes_back(hosts: Hosts) -> None:
    hosts.look()
    hosts.path.rename(hosts.path.with_name("away"))
    assert hosts.look()[0].value.folder is not None
    hosts.path.with_name("away").rename(hosts.path)
    assert list(hosts.look()[0].value.nodes) == ["nas", "nuc"]


def test_what_could_not_be_read_once_is_read_again_though_it_looks_the_same(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts.look()
    os.utime(hosts.path / "nas" / "services.yaml", ns=(1, 1))

    def full(*_: object) -> None:
        raise UnreadableError("cannot be read: Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(reading, "_read_stable", full)
        assert not hosts.memory.read().value.nodes["nas"].services_known
    assert hosts.look()[0].value.nodes["nas"].services_known

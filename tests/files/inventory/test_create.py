"""A node's first services.yaml is written whole, and never over another without being told to."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.errors import DraftError
from supervisor.files.inventory.create import create, rewrite


def test_a_first_file_is_written_with_its_folders(tmp_path: Path) -> None:
    hosts = tmp_path / "lab" / "hosts"
    path = create(str(hosts), "nas", "services: [web]\n", replace=False, max_bytes=1000)
    assert path == str(hosts / "nas" / "services.yaml")
    assert Path(path).read_text() == "services: [web]\n"
    assert [file.name for file in (hosts / "nas").iterdir()] == ["services.yaml"]


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    create(str(tmp_path), "nas", "services: [web]\n", replace=False, max_bytes=1000)
    with pytest.raises(DraftError, match="it is there already; --add appends what is missing, --force replaces it"):
        create(str(tmp_path), "nas", "services: [db]\n", replace=False, max_bytes=1000)
    assert (tmp_path / "nas" / "services.yaml").read_text() == "services: [web]\n"
    create(str(tmp_path), "nas", "services: [db]\n", replace=True, max_bytes=1000)
    assert (tmp_path / "nas" / "services.yaml").read_text() == "services: [db]\n"
    assert (tmp_path / "nas" / "services.yaml~").read_text() == "services: [web]\n"


def test_a_file_that_is_rewritten_keeps_its_mode(tmp_path: Path) -> None:
    path = Path(create(str(tmp_path), "nas", "services: [web]\n", replace=False, max_bytes=1000))
    path.chmod(0o640)
    rewrite(str(path), "services: [web, db]\n")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("services: [web, db]\n", 0o640)


@pytest.mark.parametrize("node", ["../etc", "a b", "", "lost+found"])
def test_what_cannot_be_a_node_is_refused(tmp_path: Path, node: str) -> None:
    with pytest.raises(DraftError, match="cannot write an inventory of"):
        create(str(tmp_path / "hosts"), node, "", replace=True, max_bytes=1000)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "nas").write_text("a file")
    with pytest.raises(DraftError, match="cannot write "):
        create(str(tmp_path), "nas", "", replace=False, max_bytes=1000)

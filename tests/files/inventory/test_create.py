"""A node's services.yaml is written whole, and what it replaces is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.errors import DraftError
from supervisor.files.inventory.create import create, rewrite, services_path

LIMIT = 1 << 20


def test_a_first_file_is_written_with_its_folder(tmp_path: Path) -> None:
    path = create(str(tmp_path), "nas", "services: {}\n", replace=False, max_bytes=LIMIT)
    assert path == str(tmp_path / "nas" / "services.yaml")
    assert Path(path).read_text() == "services: {}\n"


def test_a_file_that_is_there_stays_or_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    path = Path(create(str(tmp_path), "nas", "first\n", replace=True, max_bytes=LIMIT))
    path.chmod(0o640)
    with pytest.raises(DraftError, match="it is there already; --add appends what is missing, --force replaces it"):
        create(str(tmp_path), "nas", "second\n", replace=False, max_bytes=LIMIT)
    create(str(tmp_path), "nas", "second\n", replace=True, max_bytes=LIMIT)
    assert (path.read_text(), path.with_name("services.yaml~").read_text()) == ("second\n", "first\n")
    rewrite(str(path), "third\n")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("third\n", 0o640)
    assert sorted(file.name for file in path.parent.iterdir()) == ["services.yaml", "services.yaml~"]


def test_what_is_too_large_to_be_kept_is_not_replaced(tmp_path: Path) -> None:
    path = Path(create(str(tmp_path), "nas", "first\n", replace=False, max_bytes=LIMIT))
    with pytest.raises(DraftError, match="cannot be kept: is too large"):
        create(str(tmp_path), "nas", "second\n", replace=True, max_bytes=3)
    assert path.read_text() == "first\n"


@pytest.mark.parametrize(
    ("node", "why"),
    [
        ("", "is empty"),
        ("a/b", "has a slash"),
        ("a b", "has a blank"),
        (".x", "passed over"),
        ("lost+found", "passed over"),
    ],
)
def test_a_name_that_no_node_can_have_is_refused(tmp_path: Path, node: str, why: str) -> None:
    with pytest.raises(DraftError, match=why):
        services_path(str(tmp_path), node)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "nas").write_text("")
    with pytest.raises(DraftError, match=r"cannot write .*/nas/services\.yaml: it cannot be used: "):
        create(str(tmp_path), "nas", "x", replace=False, max_bytes=LIMIT)

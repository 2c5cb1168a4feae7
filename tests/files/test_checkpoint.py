"""The checkpoint: it reads back as it was saved, and what makes no sense is set aside."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.announce.events import START, Position
from supervisor.core.announce.ledger import Ledger, OpenEntry
from supervisor.core.announce.overview import Overview
from supervisor.core.instant import SECOND
from supervisor.core.model.findings import Summary
from supervisor.errors import CheckpointError
from supervisor.files import checkpoint
from supervisor.files.checkpoint import Checkpoint, DamagedError
from tests.files.limits import no_file_longer_than

DAMAGE = {
    "empty": b"",
    "zeros": b"\0" * 100,
    "half": b'{"version": 1, "sequ',
    "list": b"[]",
    "another version": b'{"version": 99}',
    "NaN": b'{"version": 1, "sequence": NaN, "summary": null, "open": {}, "log": {}, "updated": "x"}',
    "nested": b"[" * 100_000,
    "contradiction": json.dumps(
        {
            "version": 1,
            "sequence": 1,
            "summary": None,
            "open": {"a": {"recommendation": {"fingerprint": "b"}}},
            "log": {},
        }
    ).encode(),
}


@pytest.mark.parametrize("data", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_checkpoint_is_said_and_set_aside(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "checkpoint.json"
    path.write_bytes(data)
    with pytest.raises(DamagedError, match="it is not a checkpoint of version 1"):
        checkpoint.load(str(path))
    aside = checkpoint.set_aside(str(path), 0)
    assert aside == f"{path}.corrupt-1970-01-01T000000Z"
    assert hashlib.sha256(Path(aside).read_bytes()).digest() == hashlib.sha256(data).digest()
    assert checkpoint.load(str(path)) is None


def test_a_huge_sparse_checkpoint_is_damaged_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    with path.open("wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(DamagedError):
        checkpoint.load(str(path))


def test_a_checkpoint_reads_back(tmp_path: Path) -> None:
    path = str(tmp_path / "checkpoint.json")
    saved = Checkpoint(Ledger(7, Summary.UNSTABLE, {}), START, "inotify", 10**18)
    checkpoint.save(path, saved)
    assert checkpoint.load(path) == checkpoint.view(path) == saved


FULL = Checkpoint(
    Ledger(
        8,
        Summary.DEGRADED,
        {
            "f" * 16: OpenEntry.of(
                {"fingerprint": "f" * 16, "subject": "node:café"},
                1_500_000_001,
                10**18 + 1,
                needed_by=("service:nuc/web",),
            ),
            "e" * 16: OpenEntry.of({"fingerprint": "e" * 16, "subject": "node:nuc"}, 1, 2, announced=False),
        },
    ),
    Position(7, 8, "ab"),
    "polling",
    1_795_435_200_123_456_789,
    Overview({"nodes": 2, "services": 3}, ("service:nas/old",)),
    60 * SECOND,
)


def test_a_checkpoint_of_an_earlier_release_is_read(tmp_path: Path) -> None:
    """It has neither overview nor resync interval, and does not say who needs what is open."""
    path = tmp_path / "checkpoint.json"
    checkpoint.save(str(path), FULL)
    document = json.loads(path.read_text())
    for key in ("counts", "unmanaged", "resync_interval"):
        del document[key]
    for entry in document["open"].values():
        del entry["needed_by"]
    path.write_text(json.dumps(document))
    saved = checkpoint.load(str(path))
    assert saved is not None
    assert (saved.overview, saved.resync_interval) == (None, None)
    assert [entry.needed_by for entry in saved.ledger.open.values()] == [(), ()]


def test_a_full_checkpoint_reads_back_to_the_nanosecond(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    checkpoint.save(str(path), FULL)
    assert checkpoint.load(str(path)) == FULL
    document = json.loads(path.read_text())
    assert sorted(document) == [
        "counts",
        "log",
        "open",
        "resync_interval",
        "sequence",
        "summary",
        "unmanaged",
        "updated",
        "version",
        "watch",
    ]
    assert (document["resync_interval"], document["counts"], document["unmanaged"]) == (
        "1m",
        {"nodes": 2, "services": 3},
        ["service:nas/old"],
    )
    assert [entry["needed_by"] for entry in document["open"].values()] == [[], ["service:nuc/web"]]
    assert [entry.get("announced") for entry in document["open"].values()] == [False, None]


BROKEN: dict[str, Any] = {
    "version": 2,
    "sequence": -1,
    "summary": "splendid",
    "open": {"f" * 16: {"recommendation": {"fingerprint": "f" * 16}, "first_seen": "noon", "last_event": "noon"}},
    "log": {"inode": True, "offset": 0, "tail": ""},
    "updated": "noon",
    "resync_interval": "60",
    "counts": {"nodes": "two"},
    "unmanaged": [5],
}


@pytest.mark.parametrize("key", [*BROKEN, "not there"])
def test_a_checkpoint_with_one_part_that_makes_no_sense_is_damaged(tmp_path: Path, key: str) -> None:
    path = tmp_path / "checkpoint.json"
    checkpoint.save(str(path), FULL)
    document = json.loads(path.read_text())
    if key in BROKEN:
        document[key] = BROKEN[key]
    else:
        del document["log"]
    path.write_text(json.dumps(document))
    with pytest.raises(DamagedError, match="it is not a checkpoint of version 1"):
        checkpoint.load(str(path))


NEVER_OURS = {
    "a subject that fits on no line": {"subject": "service:a/" + "x" * 40_000},
    "a subject of control characters": {"subject": "service:a/\n"},
    "a fingerprint that is not hex": {"fingerprint": "f" * 4000},
    "an action that is not a word": {"action": ["redeploy"]},
    "an action that fits on no line": {"action": "x" * 100_000},
    "a severity that is not a word": {"severity": ["critical"]},
    "a severity that fits on no line": {"severity": "x" * 100_000},
}


@pytest.mark.parametrize("odd", NEVER_OURS.values(), ids=NEVER_OURS)
def test_what_could_never_be_announced_is_damage(tmp_path: Path, odd: dict[str, Any]) -> None:
    """Its resolution would be an event that no log takes: every pass would fail of it."""
    path = tmp_path / "checkpoint.json"
    checkpoint.save(str(path), FULL)
    document = json.loads(path.read_text())
    entry = next(iter(document["open"].values()))
    entry["recommendation"] |= odd
    document["open"] = {entry["recommendation"]["fingerprint"]: entry}
    path.write_text(json.dumps(document))
    with pytest.raises(DamagedError, match="it is not a checkpoint of version 1"):
        checkpoint.load(str(path))


def test_what_another_version_would_hold_is_told_by_its_version(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    odd = {"recommendation": ["other"], "first_seen": 7, "last_event": 8}
    path.write_text(json.dumps({"version": 2, "open": {"f" * 16: odd}}))
    with pytest.raises(DamagedError, match="its version is 2"):
        checkpoint.load(str(path))


def test_what_a_later_version_may_add_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    checkpoint.save(str(path), FULL)
    document = json.loads(path.read_text())
    odd = {"recommendation": ["other"], "first_seen": 7, "last_event": 8}
    path.write_text(json.dumps(document | {"closed": {"f" * 16: odd}}))
    assert checkpoint.load(str(path)) == FULL


def test_a_sequence_that_readers_of_the_log_pass_over_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    checkpoint.save(str(path), FULL)
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"sequence": 10**18 - 1}))
    with pytest.raises(DamagedError, match="it is not a checkpoint of version 1"):
        checkpoint.load(str(path))


def test_every_part_of_a_checkpoint_is_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    checkpoint.save(str(path), FULL)
    whole = path.read_bytes()
    for end in range(len(whole) - 2):
        path.write_bytes(whole[:end])
        with pytest.raises(DamagedError):
            checkpoint.load(str(path))


def test_a_checkpoint_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert checkpoint.load(str(tmp_path / "absent")) is None
    assert checkpoint.view(str(tmp_path / "absent")) is None
    assert checkpoint.stamp(str(tmp_path / "absent")) is None


def test_where_it_cannot_be_replaced_the_old_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    checkpoint.save(str(path), FULL)
    with no_file_longer_than(20), pytest.raises(CheckpointError, match=r"cannot replace .* File too large"):
        checkpoint.save(str(path), Checkpoint(Ledger()))
    assert checkpoint.load(str(path)) == FULL
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.json"]


def test_without_its_folder_it_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot replace .* No such file or directory"):
        checkpoint.save(str(tmp_path / "absent" / "checkpoint.json"), FULL)

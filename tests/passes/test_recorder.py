"""The last paragraph of a pass: events first, then the checkpoint; what failed is tried again as a whole."""

from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.instant import SECOND, Instant, format_instant
from supervisor.errors import CheckpointError, EventLogError, LockedError
from supervisor.files import atomic, checkpoint
from supervisor.files.checkpoint import Checkpoint
from supervisor.files.settings import Settings, load_settings
from supervisor.passes.read_and_judge import judge
from supervisor.passes.recorder import Recorder
from tests.files.limits import no_file_longer_than

NOW: Instant = 1_800_000_000 * SECOND
HOUR = 3600 * SECOND


class Lab:
    """One node with some services, and passes a second apart over what is written."""

    def __init__(self, root: Path) -> None:
        self.root, self.now = root, NOW
        (root / "hosts" / "nas").mkdir(parents=True)
        (root / "world" / "nodes").mkdir(parents=True)
        paths = {"inventory": "hosts", "world": "world", "event_log": "log", "checkpoint": "checkpoint.json"}
        self.settings = load_settings({key: str(root / name) for key, name in paths.items()}, {})
        self.log, self.checkpoint = root / "log", root / "checkpoint.json"

    def write(self, **words: str) -> None:
        services = "".join(f"  {name}:\n" for name in words)
        (self.root / "hosts" / "nas" / "services.yaml").write_text(f"services:\n{services}")
        document = {"observed_at": format_instant(self.now), "status": "online", "services": words}
        (self.root / "world" / "nodes" / "nas.json").write_text(json.dumps(document))

    def record(self, recorder: Recorder, watch: str | None = None) -> list[tuple[str, str]]:
        self.now += SECOND
        emissions = recorder.record(judge(self.settings, self.now), self.now, 4 * HOUR, watch)
        return [(emission.subject, emission.reason.value) for emission in emissions]

    def once(self, settings: Settings | None = None) -> tuple[list[tuple[str, str]], list[str]]:
        """A pass of a recorder of its own, as after a restart: what it announced, and what it has to say."""
        with Recorder(settings or self.settings) as recorder:
            said = self.record(recorder)
            return said, recorder.take_notices()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path)
    lab.write(web="failed")
    return lab


WEB_OPENS = [("service:nas/web", "first_seen"), ("summary", "changed")]


def test_what_is_announced_is_in_the_log_and_counted_by_the_checkpoint(lab: Lab) -> None:
    assert lab.once() == (WEB_OPENS, [])
    assert [(event["sequence"], event["subject"]) for event in lab.events()] == [
        ("1", "service:nas/web"),
        ("2", "summary"),
    ]
    saved = checkpoint.load(str(lab.checkpoint))
    assert saved is not None
    assert (saved.ledger.sequence, saved.position.offset) == (2, lab.log.stat().st_size)


def test_a_pass_with_nothing_to_say_writes_nothing(lab: Lab) -> None:
    with Recorder(lab.settings) as recorder:
        lab.record(recorder)
        before = [(path.stat().st_mtime_ns, path.stat().st_ino) for path in (lab.log, lab.checkpoint)]
        assert lab.record(recorder) == []
        assert [(path.stat().st_mtime_ns, path.stat().st_ino) for path in (lab.log, lab.checkpoint)] == before


def test_another_way_of_watching_is_saved_without_an_event(lab: Lab) -> None:
    with Recorder(lab.settings) as recorder:
        lab.record(recorder, "inotify")
        assert lab.record(recorder, "degraded: why") == []
    saved = checkpoint.load(str(lab.checkpoint))
    assert saved is not None
    assert saved.watch == "degraded: why"


def test_a_checkpoint_is_saved_before_the_first_event(lab: Lab) -> None:
    """Otherwise a rotation after a crash could hide that event from the next start."""
    os.mkfifo(lab.log)
    with Recorder(lab.settings) as recorder, pytest.raises(EventLogError):
        lab.record(recorder)
    assert not lab.checkpoint.exists()
    lab.log.unlink()
    with Recorder(lab.settings) as recorder, no_file_longer_than(400), pytest.raises(EventLogError):
        lab.record(recorder)
    assert checkpoint.load(str(lab.checkpoint)) is not None


def saved_by(lab: Lab) -> Checkpoint:
    saved = checkpoint.load(str(lab.checkpoint))
    assert saved is not None
    return saved


def test_other_words_for_what_is_open_are_saved_without_an_event(lab: Lab) -> None:
    with Recorder(lab.settings) as recorder:
        lab.record(recorder)
        size = lab.log.stat().st_size
        lab.write(web="exited")
        assert lab.record(recorder) == []
    (entry,) = saved_by(lab).ledger.open.values()
    assert entry.recommendation()["reason"] == judge(lab.settings, lab.now).report.recommendations[0].reason
    assert lab.log.stat().st_size == size


def test_other_counts_and_what_the_inventory_does_not_have_are_saved_without_an_event(lab: Lab) -> None:
    with Recorder(lab.settings) as recorder:
        lab.record(recorder)
        overview = saved_by(lab).overview
        assert overview is not None
        assert (overview.counts["services"], overview.unmanaged) == (1, ())
        document = json.loads((lab.root / "world" / "nodes" / "nas.json").read_text())
        document["services"]["old"] = "ok"
        (lab.root / "world" / "nodes" / "nas.json").write_text(json.dumps(document))
        assert lab.record(recorder) == []
    overview = saved_by(lab).overview
    assert overview is not None
    assert (overview.counts["unmanaged"], overview.unmanaged) == (1, ("service:nas/old",))


def test_the_resync_interval_is_that_of_the_settings_in_force(lab: Lab) -> None:
    with Recorder(lab.settings) as recorder:
        lab.record(recorder)
        assert saved_by(lab).resync_interval == 60 * SECOND
        recorder.for_settings(lab.settings._replace(resync_interval=10 * SECOND))
        assert lab.record(recorder) == []
        assert saved_by(lab).resync_interval == 10 * SECOND


def test_a_restart_with_nothing_changed_writes_nothing(lab: Lab) -> None:
    lab.once()
    before = lab.checkpoint.read_bytes(), lab.checkpoint.stat().st_ino
    assert lab.once() == ([], [])
    assert (lab.checkpoint.read_bytes(), lab.checkpoint.stat().st_ino) == before


# --- what failed is tried again


def test_a_save_that_failed_is_tried_again_with_the_whole(lab: Lab) -> None:
    """What was remembered of the state is forgotten: nobody knows what of the events is on the disk."""
    with Recorder(lab.settings) as recorder:
        lab.record(recorder)
        old = lab.checkpoint.read_bytes()
        lab.write(web="failed", **{f"s{number}": "failed" for number in range(3)})
        lab.log.rename(lab.root / "log.1")
        with no_file_longer_than(len(old) + 100), pytest.raises(EventLogError):
            lab.record(recorder)
        assert lab.checkpoint.read_bytes() == old
        lab.record(recorder)
    saved = checkpoint.load(str(lab.checkpoint))
    assert saved is not None
    assert sorted(entry.subject for entry in saved.ledger.open.values()) == [
        "service:nas/s0",
        "service:nas/s1",
        "service:nas/s2",
        "service:nas/web",
    ]


def test_a_save_that_failed_is_tried_again_though_nothing_changed_since(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder could not be synced after the rename: a power cut could take the new checkpoint away again."""

    def fail(path: str) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    with Recorder(lab.settings) as recorder:
        lab.record(recorder, "inotify")
        with monkeypatch.context() as patch:
            patch.setattr(atomic, "sync_folder", fail)
            with pytest.raises(CheckpointError, match=r"cannot replace .* Input/output error"):
                lab.record(recorder, "degraded: why")
        uncertain = lab.checkpoint.stat().st_ino
        assert json.loads(lab.checkpoint.read_text())["watch"] == "degraded: why"
        assert lab.record(recorder, "degraded: why") == []
        certain = lab.checkpoint.stat().st_ino
        assert certain != uncertain
        assert lab.record(recorder, "degraded: why") == []
        assert lab.checkpoint.stat().st_ino == certain


def test_events_whose_checkpoint_failed_are_not_announced_again(lab: Lab) -> None:
    with Recorder(lab.settings) as recorder:
        lab.record(recorder)
        lab.write(web="ok")
        lab.checkpoint.rename(lab.root / "aside")
        lab.checkpoint.mkdir()
        with pytest.raises(CheckpointError):
            lab.record(recorder)
        lab.checkpoint.rmdir()
        (lab.root / "aside").rename(lab.checkpoint)
        lab.record(recorder)
        assert lab.record(recorder) == []
    resolved = [event for event in lab.events() if event["type"] == "reconcile_resolved"]
    assert [(event["sequence"], event["subject"]) for event in resolved] == [("3", "service:nas/web")]


def test_events_behind_the_checkpoint_are_taken_in_at_the_next_start(lab: Lab) -> None:
    lab.once()
    old = lab.checkpoint.read_bytes()
    lab.write(web="ok")
    lab.once()
    lab.checkpoint.write_bytes(old)
    assert lab.once() == ([], [])
    assert [event["sequence"] for event in lab.events()] == ["1", "2", "3", "4"]


def test_a_checkpoint_that_vanished_while_it_runs_is_rebuilt(lab: Lab) -> None:
    with Recorder(lab.settings) as recorder:
        lab.record(recorder)
        lab.checkpoint.unlink()
        assert lab.record(recorder) == [("service:nas/web", "first_seen")]
        assert lab.record(recorder) == []


def test_a_resolution_knows_what_it_ends_from_the_log_alone(lab: Lab) -> None:
    lab.once()
    announced = lab.events()[0]
    lab.checkpoint.unlink()
    lab.write(web="ok")
    lab.once()
    (resolved,) = (event["data"] for event in lab.events() if event["type"] == "reconcile_resolved")
    assert {key: resolved[key] for key in ("severity", "action", "reason")} == {
        key: announced["data"][key] for key in ("severity", "action", "reason")
    }
    assert resolved["first_seen"] == announced["time"]


def test_a_damaged_checkpoint_is_set_aside_and_said(lab: Lab) -> None:
    lab.once()
    lab.checkpoint.write_text("{")
    said, (notice,) = lab.once()
    assert said == [("service:nas/web", "first_seen")]
    assert "it is not a checkpoint of version 1" in notice
    assert notice.endswith("Z and rebuilt")
    (aside,) = lab.root.glob("checkpoint.json.corrupt-*")
    assert aside.read_text() == "{"


def test_a_second_recorder_on_the_same_checkpoint_is_refused(lab: Lab) -> None:
    with Recorder(lab.settings), pytest.raises(LockedError):
        Recorder(lab.settings).open()


# --- other settings


def test_the_same_outputs_and_name_keep_the_recorder(lab: Lab) -> None:
    with Recorder(lab.settings) as recorder:
        assert recorder.for_settings(lab.settings._replace(stale_after=HOUR)) is recorder


def test_another_log_is_written_from_then_on_and_the_lock_stays(lab: Lab) -> None:
    with Recorder(lab.settings) as recorder:
        lab.record(recorder)
        lab.write(web="ok")
        other = recorder.for_settings(lab.settings._replace(event_log=str(lab.root / "other")))
        assert lab.record(other) == [("service:nas/web", "resolved"), ("summary", "changed")]
        assert len((lab.root / "other").read_text().splitlines()) == 2
        with pytest.raises(LockedError):
            Recorder(lab.settings).open()


def test_another_checkpoint_is_locked_before_the_old_one_is_let_go(lab: Lab) -> None:
    moved = lab.settings._replace(checkpoint=str(lab.root / "moved.json"))
    with Recorder(lab.settings) as recorder, Recorder(moved):
        with pytest.raises(LockedError):
            recorder.for_settings(moved)
        with pytest.raises(LockedError):
            Recorder(lab.settings).open()


# --- under whose name


def test_events_are_those_of_this_machine_or_of_the_name_that_is_set(lab: Lab) -> None:
    lab.once()
    assert {event["source"] for event in lab.events()} == {f"/runtime-supervisor/{socket.gethostname()}"}
    lab.log.unlink()
    lab.checkpoint.unlink()
    lab.once(lab.settings._replace(source="old"))
    assert {event["source"] for event in lab.events()} == {"/runtime-supervisor/old"}


def test_open_events_of_another_name_are_said_when_the_checkpoint_is_gone(lab: Lab) -> None:
    """The machine was renamed and /tmp/supervisor-checkpoint.json deleted: nobody would resolve what was open."""
    lab.once(lab.settings._replace(source="old"))
    lab.checkpoint.unlink()
    said, notices = lab.once(lab.settings._replace(source="new"))
    assert said == WEB_OPENS
    assert notices == ["open events of /runtime-supervisor/old; set source: old to go on"]
    assert lab.once(lab.settings._replace(source="new")) == ([], [])


def test_what_is_open_under_another_name_is_never_resolved(lab: Lab) -> None:
    lab.once(lab.settings._replace(source="old"))
    lab.checkpoint.unlink()
    lab.write(web="ok")
    assert lab.once(lab.settings._replace(source="new"))[0] == []
    assert {event["source"] for event in lab.events()} == {"/runtime-supervisor/old"}


def test_with_the_old_name_set_what_was_open_is_resolved(lab: Lab) -> None:
    old = lab.settings._replace(source="old")
    lab.once(old)
    lab.checkpoint.unlink()
    lab.write(web="ok")
    assert lab.once(old) == ([("service:nas/web", "resolved"), ("summary", "changed")], [])
    assert [event["sequence"] for event in lab.events()] == ["1", "2", "3", "4"]


def test_open_events_of_another_name_are_found_in_a_rotated_log(lab: Lab) -> None:
    lab.once(lab.settings._replace(source="old"))
    lab.checkpoint.unlink()
    lab.log.rename(lab.root / "log.1")
    assert lab.once(lab.settings._replace(source="new"))[1] == [
        "open events of /runtime-supervisor/old; set source: old to go on"
    ]


def test_a_neighbour_on_the_same_log_is_not_taken_for_an_old_name(lab: Lab) -> None:
    """We have events of our own in the log, so the other name is somebody else's."""
    lab.once(lab.settings._replace(checkpoint=str(lab.root / "theirs.json"), source="neighbour"))
    lab.once()
    lab.checkpoint.unlink()
    assert lab.once()[1] == []


def test_another_name_that_has_nothing_open_is_not_mentioned(lab: Lab) -> None:
    old = lab.settings._replace(source="old")
    lab.once(old)
    lab.write(web="ok")
    lab.once(old)
    lab.checkpoint.unlink()
    assert lab.once(lab.settings._replace(source="new"))[1] == []


def test_another_name_at_a_reload_is_another_recorder_on_the_same_lock(lab: Lab) -> None:
    with Recorder(lab.settings) as recorder:
        lab.record(recorder)
        lab.write(web="ok")
        renamed = recorder.for_settings(lab.settings._replace(source="new"))
        assert renamed is not recorder
        lab.record(renamed)
    assert [event["source"] for event in lab.events()][-1] == "/runtime-supervisor/new"
    assert [event["sequence"] for event in lab.events()] == ["1", "2", "3", "4"]


def test_every_pass_sets_the_time_of_the_lock_also_when_nothing_is_announced(lab: Lab) -> None:
    lab.write(traefik="ok")
    lock = lab.root / "checkpoint.json.lock"
    with Recorder(lab.settings) as recorder:
        for _ in range(3):
            saved = lab.checkpoint.stat().st_ino if lab.checkpoint.exists() else None
            assert lab.record(recorder) == []
            assert lock.stat().st_mtime_ns == lab.now
    assert lab.checkpoint.stat().st_ino == saved
    assert lock.stat().st_mode & 0o777 == 0o600


def test_a_pass_that_is_not_durable_leaves_the_time_of_the_lock(lab: Lab) -> None:
    lab.write(traefik="ok")
    lab.once()
    passed = lab.now
    lab.write(traefik="failed")
    lab.log.mkdir()
    with pytest.raises(EventLogError):
        lab.once()
    assert (lab.root / "checkpoint.json.lock").stat().st_mtime_ns == passed

"""The shared log: other writers, rotation by every means, what is taken away, and two supervisors at once."""

from __future__ import annotations

import grp
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from supervisor.core.announce.events import Event, make_event, parse_line
from supervisor.core.announce.ledger import Ledger, fold
from supervisor.core.model.findings import EventType
from supervisor.files import checkpoint, eventlog
from supervisor.passes.read_and_judge import judge
from supervisor.passes.recorder import Recorder
from tests.acceptance.harness import PATIENCE, Daemon, Lab, environment
from tests.torture import ground
from tests.torture.audit import audit
from tests.torture.conftest import Figure
from tests.torture.ground import rounds
from tests.torture.others import NAMES, busy, line_of, settle, where

SOURCE = "/runtime-supervisor/test"


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def event(sequence: int) -> Event:
    return make_event(SOURCE, sequence, 10**18 + sequence, EventType.REQUIRED, "node:nas", {"fingerprint": "f" * 16})


def test_what_is_renamed_while_it_is_looked_for_is_found(place: Path, figure: Figure) -> None:
    log, looks, missed = str(place / "log"), rounds(200, 3000), 0
    with busy("rename", log, "0.005"):
        for number in range(1, 2 * looks, 2):
            position = eventlog.append(log, [event(number)])
            eventlog.append(log, [event(number + 1)])
            recovered, _ = eventlog.recover(log, position, SOURCE)
            missed += str(number + 1) not in [item["sequence"] for item in recovered]
    figure(
        f"a rotation in the middle of a recovery ({where(place)})",
        "renamed every 5 ms, as logrotate does, while events behind the checkpoint are looked for",
        f"{missed} of {looks} missed",
    )
    assert missed == 0


def test_four_writers_do_not_get_into_each_others_lines(place: Path, figure: Figure) -> None:
    log, count = place / "agent-events.log", rounds(400, 20_000)
    names = ["one", "two", "three"]
    with ExitStack() as running:
        running.enter_context(busy("record", str(place), str(count)))
        for name in names:
            running.enter_context(busy("write", str(log), name, str(count)))
    lines = log.read_bytes().split(b"\n")
    bad = 0
    for name in names:
        start = b'{"writer": "%s"' % name.encode()
        said = [line + b"\n" for line in lines if line.startswith(start)]
        wanted = [line_of(name, number) for number in range(count)]
        bad += abs(len(said) - len(wanted)) + sum(value != other for value, other in zip(said, wanted, strict=False))
    audited = audit(log)
    figure(
        f"four writers of one log ({where(place)})",
        f"three others append {count} lines each, up to 9 kB long, while a recorder appends {len(audited.events)} "
        "events",
        f"{bad + audited.fragments} of {3 * count + len(audited.events)} lines bad, {lines.count(b'') - 1} empty ones, "
        f"{len(audited.faults)} events lost, repeated or glued",
    )
    assert (bad, audited.fragments, audited.faults) == (0, 0, [])
    assert len(audited.events) >= count


# --- rotation ---------------------------------------------------------------------------------------------------------

STANZA = Path(__file__).parents[2] / "systemd" / "runtime-supervisor.logrotate"


APPEND = """
import os, sys, time
log, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
number = 0
while number < count:
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    except (FileNotFoundError, PermissionError):
        time.sleep(0.001)
        continue
    os.write(descriptor, b'{"writer": "%s", "number": %d}\\n' % (name.encode(), number))
    os.close(descriptor)
    number += 1
"""
"""Another program that appends to a shared log, as docs/systemd.md asks it to."""

ANNOUNCE = """
import sys
from supervisor.core.announce.events import make_event
from supervisor.core.model.findings import EventType
from supervisor.errors import EventLogError
from supervisor.files import eventlog

number = waits = 0
for line in sys.stdin:
    data = {"fingerprint": "f"}
    event = make_event("/runtime-supervisor/test", number + 1, 10**18, EventType.REQUIRED, "node:nas", data)
    try:
        eventlog.append(sys.argv[1], [event])
        number += 1
    except EventLogError:
        waits += 1
print(number, waits)
"""
"""The supervisor's part: an event for each line of its input, and the next one only when that was appended."""


@pytest.mark.needs("root")
def test_a_log_that_root_shares_with_a_group_loses_and_glues_nothing(figure: Figure) -> None:
    count, turns = rounds(500, 10_000), rounds(20, 100)
    us, alice, bob, group = ground.UNPRIVILEGED, 64301, 64302, grp.getgrnam("users")
    python, env = ground.python_for(us), ground.plain_environment()
    paper = (STANZA.parents[1] / "docs" / "systemd.md").read_text()
    stanza = paper.partition("```logrotate\n")[2].partition("```")[0]
    with ground.like_tmp() as folder:
        log = folder / "tmp" / "agent-events.log"
        log.touch()
        log.chmod(0o664)
        os.chown(log, 0, group.gr_gid)
        # Every file is kept: a slow writer would still write into one that is compressed a moment later.
        changes = [("/tmp/agent-events.log", str(log)), ("agents", group.gr_name), ("weekly", "size 1")]
        for old, new in [*changes, ("rotate 8", "rotate 1000"), ("    compress\n    delaycompress\n", "")]:
            assert old in stanza
            stanza = stanza.replace(old, new)
        (folder / "logrotate.conf").write_text(stanza)
        rotate = ["logrotate", "--state", str(folder / "state"), str(folder / "logrotate.conf")]
        member = {"group": group.gr_gid, "extra_groups": [group.gr_gid], "env": env, "text": True}
        writers = [
            subprocess.Popen([python, "-c", APPEND, str(log), name, str(count)], user=user, **member)  # type: ignore[call-overload]
            for name, user in (("alice", alice), ("bob", bob))
        ]
        announcer = subprocess.Popen(
            [python, "-c", ANNOUNCE, str(log)],
            user=us,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **member,  # type: ignore[call-overload]
        )
        rotations = 0
        while rotations < turns or any(writer.poll() is None for writer in writers):
            announcer.stdin.write("again\n" * 20)
            announcer.stdin.flush()
            subprocess.run(rotate, check=True)
            rotations += 1
        assert [writer.wait(PATIENCE) for writer in writers] == [0, 0]
        announced, waits = map(int, announcer.communicate(timeout=PATIENCE)[0].split())
        files = sorted(log.parent.iterdir())
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        assert {(file.stat().st_uid, file.stat().st_gid) for file in files} == {(0, group.gr_gid)}
    for name in ("alice", "bob"):
        assert sorted(line["number"] for line in lines if line.get("writer") == name) == list(range(count))
    assert sorted(int(line["sequence"]) for line in lines if "writer" not in line) == list(range(1, announced + 1))
    figure(
        "an event log that root shares with a group",
        f"two other users append {count} lines each, rotated {rotations} times by the stanza of docs/systemd.md",
        f"{len(lines)} lines, 0 lost, 0 glued, {announced} events of ours among them; {waits} appends came while the "
        "new log was not there yet, and were tried again",
    )


def rotated(folder: Path, count: int, *changes: tuple[str, str]) -> list[Path]:
    """Rotate by the shipped stanza while a recorder is busy; everything that was in the log, oldest first."""
    log, kept = folder / "agent-events.log", folder / "kept"
    kept.mkdir()
    stanza = STANZA.read_text()
    changes = (
        ("/tmp/agent-events.log {", f"{log} {{"),
        ("su runtime-supervisor runtime-supervisor", "su root root"),
        *changes,
    )
    for old, new in changes:
        assert stanza.count(old) == 1
        stanza = stanza.replace(old, new)
    (folder / "logrotate.conf").write_text(stanza)
    command = ["logrotate", "--force", "--state", str(folder / "state"), str(folder / "logrotate.conf")]
    seen: set[bytes] = set()

    def keep(log: Path) -> None:
        # The stanza keeps eight of them; each begins with an event that is in no other.
        text = log.read_bytes() if log.exists() else b""
        text = gzip.decompress(text) if log.suffix == ".gz" and text else text
        first = text.split(b"\n", 1)[0]
        if first and first not in seen:
            seen.add(first)
            (kept / f"{len(seen):05}").write_bytes(text)

    # The youngest is not final: who opened the log just before it was renamed still appends to it.
    final = log.with_name("agent-events.log.2.gz")
    with busy("record", str(folder), str(rounds(500, 20_000))):
        for _ in range(count):
            until(lambda: log.exists() and log.stat().st_size > 0)
            subprocess.run(command, check=True)
            keep(final)
    keep(log.with_name("agent-events.log.1"))
    keep(log)
    return sorted(kept.iterdir())


@pytest.mark.torture
@pytest.mark.needs("root", "logrotate")
def test_rotation_by_the_shipped_stanza_loses_and_repeats_nothing(place: Path, figure: Figure) -> None:
    count = rounds(20, 500)
    logs = rotated(place, count)
    audited = audit(*logs)
    figure(
        f"rotation by the shipped stanza ({where(place)})",
        f"{count} times `logrotate --force` while a recorder appends {len(audited.events)} events",
        f"{len(logs)} files, {len(audited.faults)} events lost, repeated or glued, {audited.fragments} fragments",
    )
    assert (audited.faults, audited.fragments) == ([], 0)
    assert len(logs) >= count


@pytest.mark.torture
@pytest.mark.needs("root", "logrotate")
def test_copytruncate_loses_lines_and_nothing_else(place: Path, figure: Figure) -> None:
    """Not what is shipped; whoever sets it loses what is appended between the copy and the truncation."""
    logs = rotated(place, rounds(20, 200), ("    nocopytruncate\n", "    copytruncate\n"))
    events = [
        event for log in logs for line in log.read_bytes().split(b"\n") if (event := parse_line(line)) is not None
    ]
    said = [int(event["sequence"]) for event in events]
    saved = checkpoint.load(str(place / "checkpoint.json"))
    assert saved is not None
    lost = saved.ledger.sequence - len(set(said))
    rebuilt = fold(Ledger(), events).open
    figure(
        f"copytruncate ({where(place)})",
        f"{rounds(20, 200)} times `logrotate --force` with it while a recorder appends {saved.ledger.sequence} events",
        f"survived; {lost} events lost, {len(said) - len(set(said))} repeated; "
        f"{len(saved.ledger.open)} open by the checkpoint, {len(rebuilt)} by what is left of the log",
    )
    assert said == sorted(set(said))
    assert {entry.subject for entry in saved.ledger.open.values()} == SUBJECTS
    # It goes on where it was, and what was lost is not said again.
    assert [item["sequence"] for item in a_pass(place, "ok")] == [str(saved.ledger.sequence + n) for n in range(1, 14)]


# --- what is taken away -----------------------------------------------------------------------------------------------

SUBJECTS = {f"service:nas/{name}" for name in NAMES}


def a_pass(folder: Path, word: str) -> list[Event]:
    """One pass of a supervisor that starts anew, over a node whose services all say ``word``; the events it appends."""
    settings, log = settle(folder, word), folder / "agent-events.log"
    before = log.stat() if log.exists() else None
    with Recorder(settings) as recorder:
        recorder.record(judge(settings, time.time_ns()), time.time_ns(), 0, None)
    if not log.exists():
        return []
    same = before is not None and before.st_ino == log.stat().st_ino and before.st_size <= log.stat().st_size
    return eventlog.read(str(log), before.st_size, before.st_ino)[0] if same and before else eventlog.read(str(log))[0]


def _delete(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).unlink()


def _rename_log(folder: Path, *names: str) -> None:
    (folder / "agent-events.log").rename(folder / "agent-events.log.1")
    _delete(folder, *names)


def _edit(folder: Path, **log: object) -> None:
    path = folder / "checkpoint.json"
    document = json.loads(path.read_text())
    document["log"] |= log
    path.write_text(json.dumps(document))


def _copy_log(folder: Path) -> None:
    shutil.copy(folder / "agent-events.log", folder / "copy")
    (folder / "copy").rename(folder / "agent-events.log")


def _shorten_log(folder: Path) -> None:
    os.truncate(folder / "agent-events.log", (folder / "agent-events.log").stat().st_size // 2)


def _older_checkpoint(folder: Path) -> None:
    (folder / "checkpoint.before").rename(folder / "checkpoint.json")


def _older_checkpoint_and_renamed_log(folder: Path) -> None:
    _older_checkpoint(folder)
    _rename_log(folder)


def _wiped_but_for_the_log(folder: Path) -> None:
    _delete(folder, "checkpoint.json", "checkpoint.json.lock")


TAKEN: dict[str, tuple[Callable[[Path], None], int]] = {
    # What is open is announced anew (13 events with the summary) only where the checkpoint is gone; what the log still
    # knows of the summary is not.
    "the log is deleted": (lambda folder: _delete(folder, "agent-events.log"), 0),
    "the log is renamed": (_rename_log, 0),
    "the log is another file with the same bytes": (_copy_log, 0),
    "the log is shortened to half, in a line": (_shorten_log, 0),
    "the log is emptied": (lambda folder: os.truncate(folder / "agent-events.log", 0), 0),
    "the position is beyond the log": (lambda folder: _edit(folder, offset=10**12), 0),
    "the position is of another file": (lambda folder: _edit(folder, inode=1), 0),
    "the position has other bytes before it": (lambda folder: _edit(folder, tail="0" * 32), 0),
    "the checkpoint is an older one": (_older_checkpoint, 0),
    "the checkpoint is an older one, and the log is renamed": (_older_checkpoint_and_renamed_log, 0),
    "the lock is deleted": (lambda folder: _delete(folder, "checkpoint.json.lock"), 0),
    "the checkpoint is deleted": (lambda folder: _delete(folder, "checkpoint.json"), 12),
    "the checkpoint is half": (lambda folder: os.truncate(folder / "checkpoint.json", 500), 12),
    "the checkpoint and its lock are deleted": (_wiped_but_for_the_log, 12),
    "the checkpoint is deleted, the log renamed": (lambda folder: _rename_log(folder, "checkpoint.json"), 12),
    "all is wiped": (lambda folder: _delete(folder, *(path.name for path in folder.iterdir() if path.is_file())), 13),
}


def test_what_is_taken_away_while_it_is_stopped_loses_and_repeats_nothing(place: Path, figure: Figure) -> None:
    for number, (what, (taken, anew)) in enumerate(TAKEN.items()):
        folder = place / str(number)
        for word, count in (("ok", 0), ("failed", 13), ("ok", 13)):
            assert len(a_pass(folder, word)) == count
            shutil.copy(folder / "checkpoint.json", folder / "checkpoint.before")
        assert len(a_pass(folder, "failed")) == 13
        taken(folder)
        again = a_pass(folder, "failed")
        assert len(again) == anew, what
        assert a_pass(folder, "failed") == [], what
        resolved = a_pass(folder, "ok")
        # All that was open ends, and the sequence goes on where any of the files still knew it.
        assert {event["subject"] for event in resolved if event["type"] == "reconcile_resolved"} == SUBJECTS, what
        first = 1 if what == "all is wiped" else 40
        assert [int(item["sequence"]) for item in again + resolved] == list(range(first, first + anew + 13)), what
    figure(
        f"outputs taken away or edited while it is stopped ({where(place)})",
        "; ".join(TAKEN),
        f"{len(TAKEN)} of {len(TAKEN)}: 0 lost, 0 repeated; what is open announced once more only without a checkpoint",
    )


@pytest.fixture
def lab(place: Path) -> Lab:
    return Lab(place)


def test_what_is_taken_away_while_it_runs_loses_and_repeats_nothing(lab: Lab, figure: Figure) -> None:
    log = lab.log

    with Daemon(lab, "--resync-interval", "1h") as daemon:

        def change(word: str, count: int) -> list[int]:
            lab.observe("nas", traefik=word, jellyfin="ok")
            return [int(event["sequence"]) for event in daemon.wait_for_events(count)]

        def look() -> list[tuple[str, str]]:
            answered = daemon.notices.count("READY=1")
            daemon.send(signal.SIGHUP)
            daemon.wait_for(lambda: daemon.notices.count("READY=1") > answered)
            return lab.kinds()

        assert change("failed", 2) == [1, 2]
        log.unlink()
        assert look() == []
        assert change("ok", 2) == [3, 4]
        log.rename(log.with_name("agent-events.log.1"))
        assert change("failed", 2) == [5, 6]
        # The checkpoint is kept after the events are there to be seen.
        assert len(look()) == 2
        lab.checkpoint.unlink()
        assert len(look()) == 3
        assert [int(event["sequence"]) for event in lab.events()] == [5, 6, 7]
        assert len(look()) == 3
        lab.checkpoint.with_name("checkpoint.json.lock").unlink()
        assert len(look()) == 3
        assert lab.command("reconcile").returncode == 75
        before = {event["id"] for event in lab.events()}
        for path in lab.folder.glob("agent-events.log*"):
            path.unlink()
        _delete(lab.folder, "checkpoint.json", "checkpoint.json.lock")
        kinds = look()
        assert kinds == look()
        assert kinds == [("reconcile_required", "service:nas/traefik"), ("summary_changed", "summary")]
        assert not before & {event["id"] for event in lab.events()}
        assert change("ok", 4) == [1, 2, 3, 4]
        assert {path.name for path in lab.folder.glob("checkpoint*")} == {"checkpoint.json", "checkpoint.json.lock"}
    figure(
        f"outputs taken away while it runs ({where(lab.folder)})",
        "the log deleted, the log renamed, the checkpoint deleted, the lock deleted, all wiped, one after another",
        "5 of 5: 0 lost, 0 repeated; what is open announced once more only without a checkpoint",
    )


# --- two at once ------------------------------------------------------------------------------------------------------


def starts(lab: Lab, count: int) -> list[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "supervisor", "run", *lab.options]
    processes = []
    for number in range(count):
        with (lab.folder / f"stderr-{number}").open("wb") as stderr:
            processes.append(subprocess.Popen(command, cwd=lab.folder, env=environment(), stderr=stderr))
    return processes


def test_of_many_starts_at_once_exactly_one_runs(tmp_path: Path, figure: Figure) -> None:
    lab, count = Lab(tmp_path), rounds(6, 50)
    lab.observe("nas", traefik="failed", jellyfin="ok")
    processes = starts(lab, count)
    try:
        until(
            lambda: sum(process.poll() is None for process in processes) == 1 and bool(lab.events()), PATIENCE + count
        )
        (running,) = [process for process in processes if process.poll() is None]
        codes = [process.returncode for process in processes if process is not running]
        assert codes == [75] * (count - 1)
        # The lock ends with its process, however that ends.
        running.kill()
        running.wait()
        assert lab.command("reconcile").returncode == 0
    finally:
        for results in processes:
            results.kill()
            results.wait()
    began = sum(path.read_text().count('"started"') for path in lab.folder.glob("stderr-*"))
    figure(
        "two supervisors on one checkpoint",
        f"{count} starts at once; then SIGKILL of the one that runs, and another start",
        f"{codes.count(75)} exit 75, {began} runs; the next start gets the lock; {len(lab.events())} events",
    )
    assert began == 1
    assert len(lab.events()) == 2


def test_when_the_lock_is_wiped_a_second_one_takes_over_and_the_first_says_so(tmp_path: Path, figure: Figure) -> None:
    lab = Lab(tmp_path)
    with Daemon(lab, "--resync-interval", "1h") as daemon:
        lab.checkpoint.with_name("checkpoint.json.lock").unlink()
        (second,) = starts(lab, 1)
        try:
            lock = lab.checkpoint.with_name("checkpoint.json.lock")
            daemon.wait_for(lambda: lock.exists() and "started" in (lab.folder / "stderr-0").read_text())
            lab.observe("nas", traefik="failed", jellyfin="ok")
            daemon.wait_for(lambda: any("another supervisor holds it" in notice for notice in daemon.notices))
            daemon.wait_for_events(2)
        finally:
            second.terminate()
            assert second.wait() == 0
        # It has the lock again, and knows from the checkpoint what the other one said.
        daemon.wait_for(lambda: "another supervisor" not in [n for n in daemon.notices if n.startswith("STATUS=")][-1])
        assert [event["sequence"] for event in lab.events()] == ["1", "2"]
    figure(
        "the lock wiped while it runs, and a second one started",
        "unlink, start, drift; then SIGTERM of the second",
        "one of them announces, the other says degraded(output) and goes on after it; 0 repeated",
    )

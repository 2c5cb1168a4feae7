"""``runtime-supervisor run``: the real process, real inotify, a real notify socket."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.files.lock import Lock
from tests.acceptance.harness import Daemon, Lab, until

# Long enough that nothing in a test is due to a resync.
PATIENT = ("--resync-interval", "1h")


STALE = [("reconcile_blocked", "input:world"), ("summary_changed", "summary")]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture
def daemon(lab: Lab) -> Iterator[Daemon]:
    with Daemon(lab, *PATIENT) as daemon:
        yield daemon


def test_the_first_pass_comes_before_ready(daemon: Daemon) -> None:
    before_ready = daemon.notices[: daemon.notices.index("READY=1")]
    assert [notice for notice in before_ready if notice.startswith("STATUS=nominal: 1 node, 2 services")]
    assert daemon.passes()[0]["trigger"] == "start"


def test_before_the_first_pass_is_over_it_asks_for_more_time(daemon: Daemon) -> None:
    assert daemon.notices.index("EXTEND_TIMEOUT_USEC=20000000") < daemon.notices.index("READY=1")


def test_passes_that_change_nothing_are_not_logged_unless_asked_for(lab: Lab) -> None:
    with Daemon(lab, "--resync-interval", "100ms", "--log-level", "info") as daemon:
        daemon.wait_for(lambda: sum(notice.startswith("STATUS=") for notice in daemon.notices) >= 5)
        assert [line["event"] for line in daemon.lines()] == ["started"]
        lab.observe("nas", traefik="failed", jellyfin="ok")
        daemon.wait_for(lambda: len(daemon.lines()) == 4)
        of_event, of_summary, of_pass = [line["message"] for line in daemon.lines()[1:]]
        assert of_event == "service:nas/traefik: traefik on nas is unhealthy ('failed') (redeploy)"
        assert of_summary == "the summary was nominal and is now degraded"
        assert of_pass.endswith("degraded: 1 node, 2 services, 1 recommendation; 2 events")


def test_a_log_level_holds_from_the_reload_on(lab: Lab) -> None:
    config = lab.folder / "supervisor.yaml"
    config.write_text("log_level: info\n")
    environ = {"RUNTIME_SUPERVISOR_CONFIG": str(config), "RUNTIME_SUPERVISOR_LOG_LEVEL": ""}
    with Daemon(lab, *PATIENT, environ=environ) as daemon:
        config.write_text("log_level: debug\n")
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.notices.count("READY=1") == 2)
        assert [line["trigger"] for line in daemon.passes()] == ["signal"]


def test_a_nominal_start_announces_nothing(lab: Lab, daemon: Daemon) -> None:
    assert lab.events() == []
    assert json.loads(lab.checkpoint.read_text())["summary"] == "nominal"


def test_a_document_renamed_into_place_is_seen(lab: Lab, daemon: Daemon) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    first, second = daemon.wait_for_events(2)
    assert (first["type"], first["subject"]) == ("reconcile_required", "service:nas/traefik")
    assert (first["data"]["action"], first["data"]["emit_reason"]) == ("redeploy", "first_seen")
    assert (second["type"], second["data"]["from"], second["data"]["to"]) == ("summary_changed", "nominal", "degraded")
    # The line of a pass comes after its events.
    daemon.wait_for(lambda: daemon.passes()[-1]["trigger"] == "change")


def test_an_inventory_renamed_into_place_is_seen(lab: Lab, daemon: Daemon) -> None:
    lab.declare("nas", "services: {traefik: , jellyfin: , grafana: {critical: true}}\n")
    assert [event["subject"] for event in daemon.wait_for_events(2)] == ["service:nas/grafana", "summary"]
    assert lab.events()[0]["data"]["action"] == "deploy"


def test_a_new_node_is_seen(lab: Lab, daemon: Daemon) -> None:
    lab.declare("nuc", "services: {}\n")
    assert daemon.wait_for_events(2)[0]["subject"] == "node:nuc"


def test_what_is_mended_is_resolved(lab: Lab, daemon: Daemon) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    daemon.wait_for_events(2)
    lab.observe("nas", traefik="ok", jellyfin="ok")
    resolved, summary = daemon.wait_for_events(4)[2:]
    assert (resolved["type"], resolved["data"]["resolution"]) == ("reconcile_resolved", "cleared")
    assert resolved["data"]["fingerprint"] == lab.events()[0]["data"]["fingerprint"]
    assert summary["data"]["to"] == "nominal"


def test_a_file_written_in_place_is_seen(lab: Lab, daemon: Daemon) -> None:
    path = lab.folder / "world" / "nodes" / "nas.json"
    path.write_text(json.dumps({"status": "offline"}))
    daemon.wait_for(lambda: ("reconcile_required", "node:nas") in lab.kinds())


def test_many_services_that_are_gone_are_believed_when_the_file_is_whole(lab: Lab) -> None:
    """Half of a document is a document too: it is believed when its writer closed it, and not before."""
    names = [f"s{number:02}" for number in range(40)]
    lines = [f"  {name}: ok\n" for name in names]
    lab.declare("nas", "services:\n" + "".join(f"  {name}:\n" for name in names))
    (lab.folder / "world" / "nodes" / "nas.json").unlink()
    path = lab.folder / "world" / "nodes" / "nas.yaml"
    path.write_text("status: online\nservices:\n" + "".join(lines))
    # A quiet period that no test outlasts: what wakes the daemon is the end of a write.
    with Daemon(lab, *PATIENT, "--quiet-period", "1h", "--max-delay", "1h") as daemon:
        with path.open("w") as file:
            file.write("status: online\nservices:\n" + "".join(lines[:20]))
            file.flush()
            file.write("".join(lines[20:]))
        daemon.wait_for(lambda: len(daemon.passes()) == 2)
        assert lab.events() == []
        path.write_text("status: online\nservices:\n" + "".join(lines[:20]))
        daemon.send(signal.SIGHUP)
        *missing, summary = daemon.wait_for_events(21)
    assert [(event["subject"], event["data"]["action"]) for event in missing] == [
        (f"service:nas/{name}", "deploy") for name in names[20:]
    ]
    assert len({event["time"] for event in (*missing, summary)}) == 1


def test_a_folder_of_documents_moved_in_is_seen(lab: Lab, daemon: Daemon) -> None:
    staged = lab.folder / "staged"
    staged.mkdir()
    incident = {"id": "INC-1", "title": "slow", "status": "active"}
    (staged / "incidents.json").write_text(json.dumps({"incidents": [incident]}))
    staged.rename(lab.folder / "world" / "more")
    daemon.wait_for(lambda: ("reconcile_recommended", "incident:INC-1") in lab.kinds())


def test_reading_the_folders_makes_no_pass(lab: Lab, daemon: Daemon) -> None:
    for path in [*lab.folder.glob("hosts/*/*"), *lab.folder.glob("world/nodes/*")]:
        path.read_text()
    daemon.send(signal.SIGHUP)
    daemon.wait_for(lambda: daemon.notices.count("READY=1") == 2)
    assert [line["trigger"] for line in daemon.passes()] == ["start", "signal"]


def test_a_writer_that_never_pauses_is_reconciled_within_max_delay(lab: Lab) -> None:
    with Daemon(lab, *PATIENT, "--quiet-period", "1s", "--max-delay", "1s") as daemon:
        # The write that ends the quiet is taken at once; this one makes it so that the others are not the first.
        lab.observe("nas", traefik="ok", jellyfin="ok")
        daemon.wait_for(lambda: len(daemon.passes()) == 2)
        done = threading.Event()

        def write() -> None:
            while not done.wait(0.05):
                lab.observe("nas", traefik="failed", jellyfin="ok")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            daemon.wait_for_events(2)
            assert not done.is_set()
        finally:
            done.set()
            writer.join()


def test_without_a_change_it_passes_at_the_resync_interval(lab: Lab) -> None:
    with Daemon(lab, "--resync-interval", "200ms") as daemon:
        daemon.wait_for(lambda: len(daemon.passes()) >= 4)
        assert {line["trigger"] for line in daemon.passes()[1:]} == {"resync"}
        assert lab.events() == []


def test_a_world_that_turns_stale_is_announced_without_a_change_or_a_resync(lab: Lab) -> None:
    with Daemon(lab, *PATIENT, "--stale-after", "2s") as daemon:
        # On a slow machine what was there before the start may be stale already.
        lab.observe("nas", traefik="ok", jellyfin="ok")
        daemon.wait_for(lambda: {"change", "time"} <= {line["trigger"] for line in daemon.passes()})
        # The first one may be for nothing: a judgement that was patched knows only the earliest moment it may turn.
        daemon.wait_for(lambda: lab.kinds()[-2:] == STALE)
        assert {line["trigger"] for line in daemon.passes() if line["emissions"]} <= {"start", "change", "time"}


def test_what_no_watch_sees_is_announced_although_other_files_keep_changing(lab: Lab) -> None:
    hidden = lab.folder / "another-name.json"
    os.link(lab.folder / "world" / "nodes" / "nas.json", hidden)
    with Daemon(lab, "--resync-interval", "1s", "--quiet-period", "10ms") as daemon:
        # Through a link outside of the watched folders: inotify tells nothing of it.
        hidden.write_text(json.dumps({"status": "offline"}))

        def is_announced_while_others_write() -> bool:
            lab.observe("nuc", traefik="ok")
            return ("reconcile_required", "node:nas") in lab.kinds()

        daemon.wait_for(is_announced_while_others_write)
        daemon.wait_for(lambda: {"change", "resync"} <= {line["trigger"] for line in daemon.passes()})


def test_sighup_makes_a_pass_now_and_reads_the_settings_again(lab: Lab) -> None:
    config = lab.folder / "supervisor.yaml"
    config.write_text("stale_after: 5m\n")
    with Daemon(lab, *PATIENT, "--config", str(config)) as daemon:
        config.write_text("stale_after: 1ms\n")
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.notices.count("READY=1") == 2)
        assert "RELOADING=1" in daemon.notices
        assert lab.kinds()[0] == ("reconcile_blocked", "input:world")


def test_bad_settings_on_sighup_leave_the_old_ones(lab: Lab) -> None:
    config = lab.folder / "supervisor.yaml"
    config.write_text("stale_after: 5m\n")
    with Daemon(lab, *PATIENT, "--config", str(config)) as daemon:
        config.write_text("stale_afte: 1ms\n")
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.notices.count("READY=1") == 2)
        refused = [line for line in daemon.lines() if line["level"] == "error"]
        assert "did you mean stale_after?" in refused[0]["error"]
        assert f"{config}:1" in refused[0]["error"]
        assert daemon.passes()[-1]["summary"] == "nominal"


def test_settings_refused_at_one_sighup_are_not_in_force_after_the_next(lab: Lab) -> None:
    config, held = lab.folder / "supervisor.yaml", lab.folder / "held.json"
    config.write_text(f"checkpoint: {lab.checkpoint}\n")
    lab.options = lab.options[:6]
    with Daemon(lab, *PATIENT, "--config", str(config)) as daemon:
        other = Lock(str(held))
        assert other.acquire()
        try:
            config.write_text(f"checkpoint: {held}\n")
            daemon.send(signal.SIGHUP)
            daemon.wait_for(lambda: daemon.notices.count("READY=1") == 2)
        finally:
            other.release()
        config.write_text("checkpont: nowhere\n")
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.notices.count("READY=1") == 3)
        refused = [line["error"] for line in daemon.lines() if line["level"] == "error"]
        assert len(refused) == 2
        assert "another supervisor holds it" in refused[0]
        assert "did you mean checkpoint?" in refused[1]
        # The previous checkpoint is in force: nobody holds the other one, and nothing was written there.
        try:
            assert other.acquire()
            assert not held.exists()
        finally:
            other.release()


def test_sighup_can_point_it_at_other_folders(lab: Lab) -> None:
    config = lab.folder / "supervisor.yaml"
    config.write_text(f"world: {lab.folder}/world\n")
    lab.options = lab.options[:2] + lab.options[4:]
    with Daemon(lab, *PATIENT, "--config", str(config)) as daemon:
        (lab.folder / "world").rename(lab.folder / "elsewhere")
        config.write_text(f"world: {lab.folder}/elsewhere\n")
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.notices.count("READY=1") == 2)
        document = lab.folder / "elsewhere" / "nodes" / "nas.json"
        document.write_text(json.dumps({"status": "offline"}))
        daemon.wait_for(lambda: ("reconcile_required", "node:nas") in lab.kinds())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_0_when_told_to(daemon: Daemon, number: signal.Signals) -> None:
    assert daemon.stop(number) == 0
    assert daemon.lines()[-1]["event"] == "stopped"


def test_told_to_end_at_any_moment_it_ends_with_0_and_whole_lines(lab: Lab) -> None:
    chance = random.Random(1)
    for round_ in range(int(os.environ.get("ROUNDS", "4"))):
        lab.observe("nas", traefik="failed" if round_ % 2 else "ok", jellyfin="exited" if round_ % 3 else "ok")
        # Signals are blocked before anything else, so the first datagram is as early as it can be told to.
        with Daemon(lab, *PATIENT, ready=False) as daemon:
            daemon.wait_for(lambda daemon=daemon: bool(daemon.notices))  # type: ignore[misc]
            threading.Event().wait(chance.uniform(0, 0.03))
            assert daemon.stop() == 0
        assert [event["sequence"] for event in lab.events()] == [str(n + 1) for n in range(len(lab.events()))]


def test_a_second_supervisor_of_the_same_checkpoint_exits_75(lab: Lab, daemon: Daemon) -> None:
    second = lab.command("run")
    assert second.returncode == 75
    assert "another supervisor holds it" in second.stderr
    assert lab.command("reconcile").returncode == 75
    assert lab.command("reconcile", "--dry-run").returncode == 0


def test_a_restart_announces_nothing_again(lab: Lab) -> None:
    lab.observe("nas", traefik="failed")
    with Daemon(lab, *PATIENT):
        before = lab.events()
    assert len(before) == 3
    with Daemon(lab, *PATIENT):
        assert lab.events() == before


def test_a_kill_after_the_append_announces_nothing_again(lab: Lab) -> None:
    lab.observe("nas", traefik="failed")
    assert lab.command("reconcile").returncode == 0
    behind = lab.checkpoint.read_text()
    lab.observe("nas", traefik="ok", jellyfin="ok")
    assert lab.command("reconcile").returncode == 0
    events = lab.events()
    # As if killed between the append and the checkpoint.
    lab.checkpoint.write_text(behind)
    with Daemon(lab, *PATIENT):
        assert lab.events() == events


def test_outputs_wiped_while_it_runs_are_made_anew(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    with Daemon(lab, *PATIENT) as daemon:
        before = lab.kinds()
        lab.log.unlink()
        lab.checkpoint.unlink()
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: lab.kinds() == before)
        assert lab.checkpoint.exists()


def test_a_full_output_is_said_and_caught_up(lab: Lab) -> None:
    lab.log.mkdir()
    lab.observe("nas", traefik="failed", jellyfin="ok")
    with Daemon(lab, *PATIENT) as daemon:
        daemon.wait_for(lambda: any("degraded(output)" in notice for notice in daemon.notices))
        assert any("is a folder, not a regular file" in line.get("error", "") for line in daemon.lines())
        lab.log.rmdir()
        daemon.wait_for_events(2)
        assert lab.kinds()[0] == ("reconcile_required", "service:nas/traefik")


def test_it_is_ready_when_it_has_the_lock_and_not_before(lab: Lab) -> None:
    lock = lab.checkpoint.with_name(f"{lab.checkpoint.name}.lock")
    lock.mkdir()
    lab.observe("nas", traefik="failed", jellyfin="ok")
    with Daemon(lab, *PATIENT, ready=False) as daemon:
        daemon.wait_for(lambda: [line["outcome"] for line in daemon.passes()][:2] == ["retry", "retry"])
        assert any("cannot lock" in notice for notice in daemon.notices if notice.startswith("STATUS="))
        assert "READY=1" not in daemon.notices
        lock.rmdir()
        daemon.wait_for(lambda: "READY=1" in daemon.notices)
        assert lab.kinds()[0] == ("reconcile_required", "service:nas/traefik")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("command", [("run",), ("reconcile",)])
@pytest.mark.parametrize("output", ["agent-events.log", "checkpoint.json", "checkpoint.json.lock"])
def test_outputs_of_somebody_else_are_exit_77_before_anything_is_written(
    lab: Lab, command: tuple[str, ...], output: str
) -> None:
    (lab.folder / output).touch()
    os.chown(lab.folder / output, 65534, 65534)
    before = sorted(path.name for path in lab.folder.iterdir())
    done = lab.command(*command)
    assert done.returncode == 77
    assert f"cannot write {lab.folder}/{output}: it belongs to the user nobody" in done.stderr
    assert "--dry-run" in done.stderr
    assert sorted(path.name for path in lab.folder.iterdir()) == before
    assert lab.command("reconcile", "--dry-run").returncode == 0


def test_the_heartbeat_beats(lab: Lab) -> None:
    with Daemon(lab, *PATIENT, environ={"WATCHDOG_USEC": "300000"}) as daemon:
        daemon.wait_for(lambda: daemon.notices.count("WATCHDOG=1") >= 3)


def test_a_watchdog_meant_for_another_process_is_left_alone(lab: Lab) -> None:
    with Daemon(lab, *PATIENT, environ={"WATCHDOG_USEC": "300000", "WATCHDOG_PID": "1"}) as daemon:
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.notices.count("READY=1") == 2)
        assert "WATCHDOG=1" not in daemon.notices


def test_folders_that_come_later_are_watched_then(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    (tmp_path / "world").rename(tmp_path / "later")
    with Daemon(lab, "--resync-interval", "300ms") as daemon:
        assert lab.kinds()[0] == ("reconcile_blocked", "input:world")
        (tmp_path / "later").rename(tmp_path / "world")
        daemon.wait_for(lambda: ("reconcile_resolved", "input:world") in lab.kinds())
        # From now on a change is seen by inotify again.
        daemon.wait_for(lambda: json.loads(lab.checkpoint.read_text())["watch"] == "inotify")


def test_a_folder_that_vanishes_or_appears_is_noticed_at_once(lab: Lab) -> None:
    with Daemon(lab, *PATIENT) as daemon:
        (lab.folder / "world").rename(lab.folder / "away")
        daemon.wait_for(lambda: ("reconcile_blocked", "input:world") in lab.kinds())
        (lab.folder / "away").rename(lab.folder / "world")
        daemon.wait_for(lambda: ("reconcile_resolved", "input:world") in lab.kinds())
        daemon.wait_for(lambda: json.loads(lab.checkpoint.read_text())["watch"] == "inotify")


def test_a_hostile_name_stays_on_its_line(lab: Lab) -> None:
    world = {"incidents": [{"id": "INC-1", "title": 'a\n<2>{"event": "forged"}\x1b[2J', "status": "active"}]}
    (lab.folder / "world" / "incidents.json").write_text(json.dumps(world))
    with Daemon(lab, *PATIENT) as daemon:
        assert lab.kinds()[0] == ("reconcile_recommended", "incident:INC-1")
        assert not [line for line in daemon.lines() if line["event"] == "forged"]
        assert "\x1b" not in daemon.said()


def test_logs_for_the_journal_carry_priorities(lab: Lab) -> None:
    lab.declare("nas", "services: {traefik: {critical: true}}\n")
    lab.observe("nas", traefik="failed")
    with Daemon(lab, *PATIENT, ready=False) as daemon:
        daemon.wait_for(lambda: "READY=1" in daemon.notices)
    status = (lab.folder / "stderr").stat()
    with Daemon(lab, *PATIENT, environ={"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}) as daemon:
        lab.observe("nas", traefik="ok")
        daemon.wait_for_events(4)
        lab.observe("nas", traefik="failed")
        daemon.wait_for_events(6)
        prefixes = {line[:3] for line in daemon.said().splitlines()}
        assert prefixes == {"<3>", "<4>", "<6>", "<7>"}


def test_standard_error_that_is_closed_stops_nothing(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    with Daemon(lab, *PATIENT) as daemon:
        expected = lab.kinds()
        assert daemon.process.returncode is None
    lab.log.unlink()
    lab.checkpoint.unlink()
    command = f"exec {subprocess.list2cmdline(daemon.process.args)} 2>&-"  # type: ignore[arg-type]
    process = subprocess.Popen(["/bin/sh", "-c", command], cwd=lab.folder, stdout=subprocess.DEVNULL)
    try:
        until(lambda: lab.kinds() == expected)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0

"""The commands as people and programs meet them: output, exit codes, errors in one line."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.harness import PATIENCE, Daemon, Lab, environment


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_messages_show_absolute_paths_wherever_the_command_is_typed(lab: Lab) -> None:
    done = lab.command("check", "--inventory", "nowhere", "--world", "../world")
    assert f"there is no inventory folder {lab.folder}/nowhere; mount it, or draft a first one: " in done.stdout
    assert f"the world folder {lab.folder}/../world cannot be read" in done.stdout


def status(lab: Lab, *arguments: str) -> tuple[int, dict[str, object]]:
    done = lab.command("status", "-o", "json", *arguments)
    shown = json.loads(done.stdout)
    return done.returncode, {key: shown[key] for key in ("summary", "last_summary", "running")}


def test_status_of_a_daemon_that_was_killed_is_unknown(lab: Lab) -> None:
    with Daemon(lab) as daemon:
        nominal = {"summary": "nominal", "last_summary": "nominal", "running": True}
        assert status(lab) == (0, nominal)
        daemon.process.kill()
        daemon.process.wait(PATIENCE)
    assert status(lab) == (1, {**nominal, "summary": "unknown", "running": False})
    done = lab.command("status")
    first, second = done.stdout.splitlines()
    assert first.startswith("unknown: no supervisor runs; the last pass was at ")
    assert second.startswith("what was known then: nominal: 0 open, last change ")
    # A pass by hand is of now, and no daemon's.
    lab.command("reconcile")
    assert status(lab) == (0, {**nominal, "running": False})


def test_events_follow_what_comes(lab: Lab) -> None:
    arguments = [sys.executable, "-m", "supervisor", "events", *lab.options, "--follow", "-o", "json"]
    following = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment())
    try:
        lab.observe("nas", traefik="failed", jellyfin="ok")
        lab.command("reconcile")
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["subject"] == "service:nas/traefik"
        lab.log.rename(lab.folder / "agent-events.log.1")
        assert json.loads(following.stdout.readline())["subject"] == "summary"
        lab.observe("nas", traefik="ok", jellyfin="ok")
        lab.command("reconcile")
        assert json.loads(following.stdout.readline())["type"] == "reconcile_resolved"
    finally:
        following.send_signal(signal.SIGINT)
        assert following.wait(PATIENCE) == 130
        assert following.stdout is not None
        following.stdout.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ("reconcil",),
        ("reconcile", "--dry"),
        ("reconcile", "--at", "noon"),
        ("schema", "nothing"),
        ("events", "--since", "5"),
    ],
)
def test_wrong_usage_is_64_in_one_line(lab: Lab, arguments: tuple[str, ...]) -> None:
    done = lab.command(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (64, "", 1)


def test_no_command_at_all_is_wrong_usage_and_help() -> None:
    bare = [sys.executable, "-m", "supervisor"]
    done = subprocess.run(bare, capture_output=True, env=environment(), check=False)
    helped = subprocess.run([*bare, "--help"], capture_output=True, env=environment(), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (64, b"", helped.stdout)


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (("--resync-interval", "5"), {}, "resync_interval (flag --resync-interval): '5' has no unit: write 5s"),
        ((), {"RUNTIME_SUPERVISOR_STALE_AFTER": "x"}, "stale_after (environment RUNTIME_SUPERVISOR_STALE_AFTER): 'x'"),
        ((), {"RUNTIME_SUPERVISOR_WORLDS": "x"}, "did you mean RUNTIME_SUPERVISOR_WORLD?"),
        (("--config", "/does/not/exist"), {}, "/does/not/exist: there is no such file"),
    ],
)
def test_wrong_settings_are_78_and_say_where(
    lab: Lab, arguments: tuple[str, ...], environ: dict[str, str], said: str
) -> None:
    for name in ("run", "reconcile", "check", "status"):
        done = lab.command(name, *arguments, environ=environ)
        assert done.returncode == 78
        assert said in done.stderr


def test_a_reader_that_has_enough_is_no_error(lab: Lab) -> None:
    script = f"exec {sys.executable} -m supervisor schema report | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment(), check=False)
    assert "Traceback" not in done.stderr


def test_colour_is_for_terminals_without_no_color(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    arguments = [sys.executable, "-m", "supervisor", "reconcile", "--dry-run", *lab.options]

    def on_a_terminal(**environ: str) -> str:
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "rb", buffering=0) as reader:
            env = environment(TERM="xterm", **environ)
            env = {key: value for key, value in env.items() if key != "NO_COLOR" or key in environ}
            subprocess.run(arguments, stdout=theirs, env=env, check=True)
            os.close(theirs)
            return reader.read(65536).decode()

    assert "\x1b[33mdegraded" in on_a_terminal()
    assert "\x1b" not in on_a_terminal(NO_COLOR="1")


def test_the_daemon_on_a_terminal_is_readable(lab: Lab) -> None:
    ours, theirs = pty.openpty()
    arguments = [sys.executable, "-m", "supervisor", "run", *lab.options]
    env = environment(TERM="xterm", NO_COLOR="1")
    process = subprocess.Popen(arguments, stderr=theirs, env=env)
    os.close(theirs)
    said = ""
    with os.fdopen(ours, "rb", buffering=0) as reader:
        while "nominal: 1 node" not in said:
            said += reader.read(4096).decode()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert "started" in said
    assert "pass 1 (start, " in said
    assert "{" not in said


def test_events_of_the_daemon_and_of_reconcile_are_one_sequence(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    lab.command("reconcile")
    lab.observe("nas", traefik="ok", jellyfin="ok")
    with Daemon(lab):
        assert [event["sequence"] for event in lab.events()] == ["1", "2", "3", "4"]
    assert len({event["id"] for event in lab.events()}) == 4

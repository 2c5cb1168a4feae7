"""Every command without a standard stream or its working directory: one sentence, and nothing half done."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from supervisor.cli.commands import COMMANDS
from tests.acceptance.harness import PATIENCE, Lab, environment

ARGUMENTS: dict[str, list[str]] = {
    "observe": ["--once", "--engines", "none", "--systemd", "false", "--reachability", "false", "--node", "pi4"],
    "explain": ["node:nas"],
    "inventory": ["init", "--from-observed", "nas", "--dry-run"],
    "schema": ["world"],
}
PRINTING = [name for name in COMMANDS if name not in ("run", "observe")]
ENDING = [name for name in COMMANDS if name != "run"]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path)
    # So that `check` has something to print.
    lab.declare("nuc", "node: {always_on: false}\nservices: {web: {depends_on: [nobody]}}\n")
    lab.observe("nas", traefik="failed", jellyfin="ok")
    lab.command("reconcile")
    lab.observe("nas", traefik="ok", jellyfin="ok")
    return lab


def started(lab: Lab, name: str, redirection: str, options: list[str] | None = None) -> subprocess.Popen[str]:
    """A command under a shell's redirection; what is left of both streams can be read."""
    if options is None:
        options = lab.options[:4] if name == "observe" else lab.options
    words = [sys.executable, "-m", "supervisor", name, *options, *ARGUMENTS.get(name, [])]
    return subprocess.Popen(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=lab.folder,
        env=environment(),
    )


def ended(lab: Lab, name: str, redirection: str) -> tuple[int, str, str]:
    process = started(lab, name, redirection)
    output, complaints = process.communicate(timeout=PATIENCE)
    return process.returncode, output, complaints


def files(lab: Lab) -> dict[str, bytes]:
    """What is below the lab's folder, the lock that is only held aside."""
    return {
        str(path.relative_to(lab.folder)): path.read_bytes()
        for path in sorted(lab.folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


@pytest.mark.parametrize("name", PRINTING)
def test_a_closed_standard_output_is_said_before_anything_is_done(lab: Lab, name: str) -> None:
    before = files(lab)
    sentence = "runtime-supervisor: cannot write the output: standard output is closed\n"
    assert ended(lab, name, ">&-") == (1, "", sentence)
    assert files(lab) == before


@pytest.mark.parametrize("name", PRINTING)
def test_a_full_device_as_standard_output_is_one_sentence(lab: Lab, name: str) -> None:
    sentence = "runtime-supervisor: cannot write the output: No space left on device\n"
    assert ended(lab, name, ">/dev/full") == (1, "", sentence)


@pytest.mark.parametrize("name", PRINTING)
def test_a_reader_that_went_away_is_exit_1_without_a_word(lab: Lab, name: str) -> None:
    process = started(lab, name, "")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(PATIENCE) == 1
    process.stderr.close()


def test_what_reconcile_announced_is_recorded_though_nobody_read_the_report(lab: Lab) -> None:
    for redirection in (">/dev/full", ""):
        assert ended(lab, "reconcile", redirection)[0] == (1 if redirection else 0)
        assert lab.kinds()[-2:] == [("reconcile_resolved", "service:nas/traefik"), ("summary_changed", "summary")]


@pytest.mark.parametrize("name", ENDING)
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_without_standard_error_the_output_and_the_exit_code_are_the_same(
    lab: Lab, name: str, redirection: str
) -> None:
    def without_ages(output: str) -> str:
        """The width of a column follows the ages in it."""
        return re.sub(r" +", " ", re.sub(r"\(\w+ \w+\)", "", output))

    code, output, _ = ended(lab, name, "")
    without = ended(lab, name, redirection)
    assert (without[0], without_ages(without[1]), without[2]) == (code, without_ages(output), "")


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_what_went_wrong_never_goes_to_standard_output(lab: Lab, redirection: str) -> None:
    lab.checkpoint.unlink()
    assert ended(lab, "status", redirection) == (1, "", "")
    assert ended(lab, "status", f"--stale-after x {redirection}") == (78, "", "")
    assert ended(lab, "status", f"--nonsense {redirection}") == (64, "", "")


@pytest.mark.parametrize("words", ["--help", "--version", "status --help"])
@pytest.mark.parametrize(
    ("redirection", "why"), [(">&-", "standard output is closed"), (">/dev/full", "No space left on device")]
)
def test_help_that_cannot_be_printed_is_said(words: str, redirection: str, why: str) -> None:
    script = f"exec {sys.executable} -m supervisor {words} {redirection}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, env=environment(), check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"runtime-supervisor: cannot write the output: {why}\n"


def test_a_first_inventory_is_not_written_when_nothing_can_be_said_of_it(lab: Lab) -> None:
    process = started(lab, "inventory", ">&-", [*lab.options, "--node", "first"])
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert not (lab.folder / "hosts" / "first").exists()


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full", "2>&-", "2>/dev/full", "<&- >&- 2>&-"])
def test_the_daemon_runs_without_any_of_its_streams(lab: Lab, redirection: str) -> None:
    count = len(lab.events())
    process = started(lab, "run", redirection)
    deadline = time.monotonic() + PATIENCE
    while len(lab.events()) == count:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert all(line.startswith("{") for line in lab.log.read_text().splitlines())


def in_a_deleted_folder(lab: Lab, name: str, options: list[str]) -> tuple[int, str, str]:
    gone = lab.folder / "gone"
    gone.mkdir()
    words = [sys.executable, "-m", "supervisor", name, *options, *ARGUMENTS.get(name, [])]
    done = subprocess.run(
        ["sh", "-c", f'cd {gone} && rmdir {gone} && exec "$@"', "sh", *words],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", ENDING)
def test_with_absolute_paths_a_deleted_working_directory_does_not_matter(lab: Lab, name: str) -> None:
    assert in_a_deleted_folder(lab, name, lab.options[:4] if name == "observe" else lab.options)[0] == 0


USES = {
    "run": ["inventory", "world", "event_log", "checkpoint"],
    "observe": ["inventory", "world"],
    "reconcile": ["inventory", "world", "event_log", "checkpoint"],
    "check": ["inventory", "world"],
    "status": ["checkpoint"],
    "events": ["event_log"],
    "explain": ["inventory", "world"],
    "inventory": ["inventory", "world"],
}


@pytest.mark.parametrize("name", USES)
def test_a_path_relative_to_a_deleted_working_directory_is_named(lab: Lab, name: str) -> None:
    options = [word for key in USES[name] for word in (f"--{key.replace('_', '-')}", key)]
    code, output, complaints = in_a_deleted_folder(lab, name, options)
    assert (code, output) == (1, "")
    named = " and ".join(f"{key} {key!r}" for key in USES[name])
    assert complaints == (
        f"runtime-supervisor: cannot go on: the working directory has been deleted, and {named} "
        f"{'is' if len(USES[name]) == 1 else 'are'} relative to it; give "
        f"{'an absolute path' if len(USES[name]) == 1 else 'absolute paths'}\n"
    )

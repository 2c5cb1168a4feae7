"""Programs that end, hang, write without end, leave children behind, or are none."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from supervisor.core.instant import SECOND
from supervisor.errors import ChildError
from supervisor.process import signals
from supervisor.process.child import Ended, run
from tests.systemd.machine import until

PATIENT = 60 * SECOND


def sh(script: str, timeout: int = PATIENT, limit: int = 1 << 20) -> Ended:
    return run(["sh", "-c", script], timeout, limit=limit)


def test_what_a_program_writes_and_how_it_ends_is_known() -> None:
    assert sh("echo out; echo oh >&2; exit 3") == Ended(3, b"out\n", b"oh\n")
    assert sh("kill -9 $$") == Ended(-signal.SIGKILL, b"", b"")


def test_a_program_gets_its_arguments_as_they_are() -> None:
    assert run(["printf", "%s|", "$HOME; ls", "a b"], PATIENT).output == b"$HOME; ls|a b|"


def test_a_program_has_no_input_no_open_file_of_ours_and_the_environment_that_it_is_given(tmp_path: Path) -> None:
    with (tmp_path / "ours").open("w"):
        assert b"ours" not in sh("cat; ls -l /proc/self/fd").output
    assert run(["env"], PATIENT, {"PATH": "/usr/bin:/bin", "A": "b"}).output == b"PATH=/usr/bin:/bin\nA=b\n"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGPIPE"])
def test_a_signal_that_is_blocked_here_ends_a_child_all_the_same(name: str) -> None:
    ended: list[Ended] = []

    def blocked() -> None:
        # In a thread of its own, for a mask is a thread's, and the tests' own stays as it is.
        signals.block()
        ended.append(sh(f"kill -{name.removeprefix('SIG')} $$; echo survived"))

    thread = threading.Thread(target=blocked)
    thread.start()
    thread.join(60)
    assert ended == [Ended(-signal.Signals[name], b"", b"")]


def test_a_program_that_hangs_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    # The second one takes no notice of being asked to end.
    script = f"trap '' TERM; sleep 1000 & echo $! > {tmp_path}/child; wait"
    with pytest.raises(ChildError, match=r"^did not answer within 0\.5 s$"):
        sh(script, SECOND // 2)
    child = int((tmp_path / "child").read_text())
    until(lambda: not alive(child), "nothing is left of it")


def test_a_child_of_the_child_that_holds_the_pipes_is_not_waited_for_and_does_not_stay() -> None:
    ended = sh("sleep 1000 & echo $!")
    until(lambda: not alive(int(ended.output)), "nothing is left of it")


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_program_that_writes_without_end_is_ended() -> None:
    for script in ("exec cat /dev/zero", "exec cat /dev/zero >&2"):
        with pytest.raises(ChildError, match=r"^wrote more than 1000 bytes$"):
            sh(script, limit=1000)


def test_more_than_a_pipe_holds_arrives_whole() -> None:
    assert len(sh("head -c 900000 /dev/zero").output) == 900_000


def test_what_is_no_program_is_said(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match=r"^cannot be started: there is no program /absent$"):
        run(["/absent"], PATIENT)
    (tmp_path / "broken").write_text("#!/absent/interpreter\n")
    (tmp_path / "broken").chmod(0o755)
    with pytest.raises(ChildError, match=r"^cannot be started: .*/broken: No such file or directory$"):
        run([str(tmp_path / "broken")], PATIENT)


def test_nothing_stays_open() -> None:
    before = os.listdir("/proc/self/fd")
    for script, timeout in (("true", PATIENT), ("exec sleep 60", SECOND // 20)):
        for _ in range(3):
            with suppress(ChildError):
                sh(script, timeout)
    assert len(os.listdir("/proc/self/fd")) == len(before)

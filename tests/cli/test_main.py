"""Each way that a command ends has its exit code, and one sentence."""

from __future__ import annotations

import pytest

from supervisor.cli import main as cli
from supervisor.cli.commands import schema
from supervisor.errors import CheckpointError, ConfigError, LockedError, NotPermittedError, SupervisorError


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (SupervisorError("cannot go"), 1, "runtime-supervisor: cannot go\n"),
        (CheckpointError("cannot save"), 1, "runtime-supervisor: cannot save\n"),
        (LockedError("cannot lock"), 75, "runtime-supervisor: cannot lock\n"),
        (NotPermittedError("cannot write"), 77, "runtime-supervisor: cannot write\n"),
        (ConfigError("a\nb\x1b"), 78, "runtime-supervisor: a\nruntime-supervisor: b\\x1b\n"),
        (OSError(5, "disk gone", "/x"), 1, "runtime-supervisor: cannot go on: [Errno 5] disk gone: '/x'\n"),
        (MemoryError(), 1, "runtime-supervisor: cannot go on: there is not enough memory\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_a_command_raises_is_an_exit_code_and_a_sentence(
    error: BaseException,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(_: object) -> int:
        raise error

    monkeypatch.setattr(schema, "run", run)
    assert cli.main(["schema", "world"]) == code
    assert capsys.readouterr() == ("", said)


def test_what_a_command_returns_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "run", lambda _: 3)
    assert cli.main(["schema", "world"]) == 3


def test_without_a_command_the_help_is_a_complaint(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 64
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("usage: runtime-supervisor [--version] COMMAND [options]\n")


@pytest.mark.parametrize("arguments", [["schem"], ["schema"], ["schema", "world", "--nonsense"]])
def test_wrong_usage_is_one_line_that_names_the_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 64
    said = capsys.readouterr().err
    assert (said.count("\n"), said.endswith("--help)\n")) == (1, True)

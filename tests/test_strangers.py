"""Sockets of strangers, around a command: they are there meanwhile, and take nobody's place."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from tests import strangers


def ask(path: Path, seconds: float) -> bytes:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(seconds)
        caller.connect(str(path))
        return caller.recv(100)


def test_a_stranger_answers_nonsense_or_never_and_leaves_nothing_behind(tmp_path: Path) -> None:
    rude, mute = tmp_path / "run" / "rude.sock", tmp_path / "run" / "mute.sock"
    with strangers.listening(rude, b"what?\r\n"), strangers.listening(mute, b""):
        assert ask(rude, 20) == b"what?\r\n"
        with pytest.raises(TimeoutError):
            ask(mute, 0.05)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, new = tmp_path / "there.sock", tmp_path / "new.sock"
    there.write_text("mine")
    monkeypatch.setattr(strangers, "SOCKETS", {there: b"", new: b""})
    script = f"import os, sys; sys.exit(3 if os.path.exists({str(new)!r}) else 4)"
    assert strangers.main([sys.executable, "-c", script]) == 3
    assert there.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [there]

"""Any bytes at all: typed problems, and nothing above a second."""

from __future__ import annotations

import os
import signal
import time
from functools import lru_cache
from pathlib import Path

import pytest

from tests.torture import fuzz
from tests.torture.conftest import Figure
from tests.torture.ground import rounds


def test_no_input_is_more_than_a_problem(figure: Figure) -> None:
    inputs, seed = rounds(1500, 100_000), 1
    found = fuzz.run(inputs, seed)
    assert found.faults == {}
    assert found.inputs == inputs
    # That they are broken in many ways, and not all in one.
    assert len(found.messages) > 60
    figure(
        "any bytes as an inventory and as documents", f"mutations of files that mean something, seed {seed}", str(found)
    )


SEGFAULT, ERROR, HANG, SLOW, MEMORY = 3, 6, 9, 12, 15


@lru_cache
def sample(count: int) -> dict[str, bytes]:
    return fuzz.make(1, count, fuzz.corpus())


def faulty(_: Path, files: dict[str, bytes]) -> set[str]:
    """What some inputs do to a program that is not as it should be."""
    if files == sample(SEGFAULT):
        os.kill(os.getpid(), signal.SIGSEGV)
    if files == sample(HANG):
        signal.pause()
    if files == sample(SLOW):
        time.sleep(1.01)
    if files == sample(MEMORY):
        bytearray(fuzz.MEMORY)
    assert files != sample(ERROR), "wrong"
    return {"fine"}


def test_the_fuzzer_notices_what_it_looks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "SAVED", tmp_path)
    found = fuzz.run(20, 1, faulty, 1.5)
    assert found.inputs == 20
    assert found.messages == {"fine"}
    assert found.faults == {
        SEGFAULT: "the process died (-11)",
        ERROR: "AssertionError: wrong",
        HANG: "nothing after 1.5 s (-9)",
        SLOW: "takes more than a second, also alone",
        MEMORY: "MemoryError: ",
    }
    for count in found.faults:
        kept = {name: (tmp_path / f"1-{count}" / name).read_bytes() for name in fuzz.FILES}
        assert kept == sample(count)

"""Whole commands: what one takes from its start to its end, and what it says."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

PATIENCE = 300.0
"""Seconds after which a command is ended."""


@dataclass(frozen=True)
class Took:
    """Seconds on the clock and of processors, with its children's, and what it said on either channel."""

    wall: float
    processor: float
    output: str
    complaints: str


def run(command: Sequence[str], environ: Mapping[str, str] | None = None, status: int = 0) -> Took:
    """Run a command to its end. Raises RuntimeError with what it complained of, unless it ends with ``status``."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaints,
            start_new_session=True,
        )
        timer = threading.Timer(PATIENCE, _end, [process.pid])
        timer.start()
        try:
            _, ended, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(ended)
        finally:
            timer.cancel()
            _end(process.pid)
        output.seek(0)
        complaints.seek(0)
        took = Took(wall, usage.ru_utime + usage.ru_stime, output.read(), complaints.read())
    if process.returncode != status:
        raise RuntimeError(f"{command} ended with {process.returncode}: {(took.complaints or took.output)[-2000:]}")
    return took


def _end(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)

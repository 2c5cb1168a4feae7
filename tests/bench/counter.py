"""How many instructions a command takes: the same number on a busy machine as on one that does nothing else.

Instructions of the program alone are counted; what the kernel does for it (``fsync``, ``stat``) is not.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NEITHER = "Not counted: neither does `perf stat -e instructions` work here nor is valgrind installed."


@dataclass(frozen=True)
class Counter:
    """A program that runs a command and writes the count into a file."""

    name: str
    command: tuple[str, ...]
    pattern: str

    def count(self, command: Sequence[str]) -> int:
        """Instructions of one run. RuntimeError with what the command said unless it ends with 0."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "count"
            counted = [part.format(file=file) for part in self.command]
            done = subprocess.run([*counted, *command], env=environ(), capture_output=True, text=True, check=False)
            count = re.search(self.pattern, file.read_text()) if file.exists() else None
        if done.returncode or count is None:
            raise RuntimeError(f"{command} ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}")
        return int(count[1].replace(",", ""))


PERF = Counter("perf stat", ("perf", "stat", "-x,", "-e", "instructions:u", "-o", "{file}", "--"), r"(?m)^(\d+),")
VALGRIND = Counter(
    "valgrind",
    ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", "--log-file={file}"),
    r"I +refs: +([\d,]+)",
)


def find_counter() -> Counter | None:
    """The processor's own count where the machine gives it, else valgrind's; None where there is neither."""
    for candidate in (PERF, VALGRIND):
        if shutil.which(candidate.command[0]):
            try:
                candidate.count(["true"])
            except RuntimeError:
                continue
            return candidate
    return None


def environ() -> dict[str, str]:
    """Ours, without what changes how Python works: it keeps what it compiled, and sets are in one order."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "RUNTIME_SUPERVISOR_"))}
    return {**kept, "PYTHONHASHSEED": "0"}

"""``make test-systemd``: the tests of this folder on a booted system, or one line that says why not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.systemd import machine


def main() -> None:
    reason = machine.why_not()
    if reason is None:
        try:
            machine.prepare()
        except machine.CannotPrepareError as error:
            reason = str(error)
    if reason is not None:
        print(f"test-systemd: NOT RUN, nothing was tested: {reason}")
        return
    os.environ["TEST_SYSTEMD"] = "1"
    # One machine, and tests that stop and start the same service: one after another.
    arguments = ["-n", "0", "--durations", "5", str(Path(__file__).parent), *sys.argv[1:]]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606 - takes this one's place


if __name__ == "__main__":
    main()

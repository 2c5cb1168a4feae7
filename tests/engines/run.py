"""``make test-engines``: the tests of this folder against real engines and a booted systemd, or why not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.engines.containers import ENGINES
from tests.systemd import machine


def main() -> None:
    wanted = []
    for name, engine in ENGINES.items():
        reason = engine.why_not()
        if reason is None:
            wanted.append(name)
        else:
            print(f"test-engines: {name} NOT RUN, nothing of it was tested: {reason}")
    without_systemd = machine.why_not()
    if without_systemd is None:
        try:
            machine.prepare()
            wanted.append("systemd")
        except machine.CannotPrepareError as error:
            without_systemd = str(error)
    if without_systemd is not None:
        print(f"test-engines: systemd NOT RUN, nothing of it was tested: {without_systemd}")
    if not wanted:
        return
    os.environ["TEST_ENGINES"] = " ".join(wanted)
    arguments = ["-n", "0", "--durations", "5", str(Path(__file__).parent), *sys.argv[1:]]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606 - takes this one's place


if __name__ == "__main__":
    main()

"""``make torture``: every fault in its long form, and the table of figures; what a machine cannot do is said."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    os.environ["TORTURE"] = "1"
    # Kernel settings, mounts and watch limits are the machine's: one test after another.
    arguments = ["-n", "0", "-rs", str(Path(__file__).parent), *sys.argv[1:]]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606 - takes this one's place


if __name__ == "__main__":
    main()

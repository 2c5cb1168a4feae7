"""The daemon itself, which besides tells the moment of each fsync that returned: what was written is durable then."""

from __future__ import annotations

import os
import time

from supervisor.cli.main import entry
from tests.bench.daemons import STAMP

_PIPE = int(os.environ["BENCH_STAMPS"])
_sync = os.fsync


def _stamped(descriptor: int) -> None:
    _sync(descriptor)
    os.write(_PIPE, STAMP.pack(time.monotonic_ns(), os.fstat(descriptor).st_ino))


if __name__ == "__main__":
    os.fsync = _stamped  # type: ignore[assignment]
    entry()

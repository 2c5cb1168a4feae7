"""Ours, as shipped, to be held against the peers."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from tests.bench import commands
from tests.bench.commands import Took
from tests.bench.daemons import Daemon
from tests.bench.figures import median
from tests.bench.inside import STALE_AFTER
from tests.bench.peers.peer import Command


def command(root: Path) -> Command:
    argv = [sys.executable, "-m", "supervisor", "reconcile", "--dry-run", "-o", "json", "--stale-after", STALE_AFTER]
    return Command("ours", [*argv, "--inventory", f"{root}/hosts", "--world", f"{root}/world"], drifted)


def drifted(took: Took) -> set[str]:
    """What a report holds to be missing or unhealthy, whether something else explains it or not."""
    return {
        drift["subject"].removeprefix("service:")
        for drift in json.loads(took.output)["drift"]
        if drift["condition"] in {"missing_service", "unhealthy_service"}
    }


class Ours(Daemon):
    """The daemon, which besides tells when an event was on disk."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, stamped=True, watchdog=30)

    def drifted(self) -> set[str]:
        return drifted(commands.run(command(self.root).argv))


def anew(root: Path) -> float:
    """Seconds of processor time of a pass that forgets everything first, as SIGHUP asks for it."""
    took = []
    with Daemon(root) as daemon:
        for turn in range(1, 10):
            daemon.listen_for(0.3)
            used = daemon.used()
            daemon.process.send_signal(signal.SIGHUP)
            while len(daemon.passes("signal")) < turn:
                daemon.listen(0.05)
            took.append(daemon.used() - used)
    return median(took)


def resync(root: Path) -> float:
    """Seconds of processor time of one resync that finds nothing new."""
    with Daemon(root, "--resync-interval", "500ms") as daemon:
        # Files are looked into until they are two seconds old.
        daemon.listen_for(5)
        passes, used = len(daemon.passes("resync")), daemon.used()
        daemon.listen_for(10)
        return (daemon.used() - used) / (len(daemon.passes("resync")) - passes)


def interpreter() -> float:
    """Megabytes of a Python that does nothing but tell them."""
    took = commands.run([sys.executable, "-I", "-S", "-c", "print(open('/proc/self/statm').read())"])
    return int(took.output.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

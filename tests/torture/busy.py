"""A homelab in which something always changes, finished long ago enough that no reader waits for it to settle."""

from __future__ import annotations

import json
import os
import time
from copy import copy
from pathlib import Path
from random import Random

from tests.acceptance.harness import Lab

NODES = ("nas", "nuc", "pi4")
SERVICES = ("traefik", "authelia", "db", "jellyfin", "media/dns")
WORDS = ("ok", "ok", "exited", "unhealthy", "absent")
INVENTORY = """\
services:
  traefik: {critical: true}
  authelia: {depends_on: [traefik]}
  db:
  jellyfin: {depends_on: [db]}
  media/dns:
"""


class BusyLab(Lab):
    """Three nodes with five services each; ``shake`` changes some of them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder)
        self._version = 0
        for node in NODES:
            self.declare(node, INVENTORY)
            self.say(node, "online", dict.fromkeys(SERVICES, "ok"))
        os.utime(folder / "hosts" / "nas" / "services.yaml", (0, 0))

    def put_outputs(self, folder: Path) -> None:
        """Log and checkpoint into another folder."""
        self.log, self.checkpoint = folder / self.log.name, folder / self.checkpoint.name
        self.options[5:8:2] = [str(self.log), str(self.checkpoint)]

    def elsewhere(self, folder: Path) -> BusyLab:
        """The same homelab, with its outputs in another folder."""
        other = copy(self)
        other.options = [*self.options]
        other.put_outputs(folder)
        return other

    def shake(self, random: Random) -> None:
        """Other words for one node, or for all."""
        for node in NODES if random.random() < 0.3 else [random.choice(NODES)]:
            status = random.choice(("online",) * 5 + ("offline",))
            self.say(node, status, {name: random.choice(WORDS) for name in SERVICES})

    def say(self, node: str, status: str, services: dict[str, str]) -> None:
        self.write(self.folder / "world" / "nodes" / f"{node}.json", status, services)

    def write(self, path: Path, status: str, services: dict[str, str]) -> None:
        """Rename a document into place that was written a while ago."""
        temporary = path.with_name(f".{path.name}")
        temporary.write_text(json.dumps({"status": status, "services": services}))
        os.utime(temporary, (time.time() - 1,) * 2)
        temporary.rename(path)

    def state(self) -> dict[str, bytes]:
        """Everything that was written, by name."""
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir()) if path.is_file()}

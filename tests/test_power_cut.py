"""The power of a whole homelab fails for a minute: what a supervisor tells of it, counted.

The homelab is a real inventory of eight nodes. Its machines are back one after another within a minute, this one among
them; each has its services starting, one after another over two minutes, as their engine brings them up.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.instant import SECOND, format_instant, parse_instant
from supervisor.files import eventlog
from supervisor.files.settings import load_settings
from supervisor.passes.read_and_judge import Judge
from supervisor.passes.recorder import Recorder

REAL = Path(__file__).parent / "real" / "adrienkohlbecker-homelab"
CUT = parse_instant("2026-11-01T12:01:00Z")
LOOK = 15
HOUR = 3600 * SECOND


class Homelab:
    """Its observers look every fifteen seconds; ``engine`` seconds after a machine is back its engine answers."""

    def __init__(self, root: Path, engine: int) -> None:
        self.root, self.engine, self.now = root, engine, CUT
        shutil.copytree(REAL / "hosts", root / "hosts")
        shutil.copytree(REAL / "world", root / "world")
        names = {"inventory": "hosts", "world": "world", "event_log": "log", "checkpoint": "checkpoint.json"}
        self.settings = load_settings({key: str(root / name) for key, name in names.items()}, {})
        paths = sorted((root / "world" / "nodes").glob("*.json"))
        self.documents = {path: json.loads(path.read_text()) for path in paths}
        self.back = {path: 20 + 5 * number for number, path in enumerate(paths)}

    def look(self, seconds: int) -> None:
        """The documents as they are so many seconds after the cut; a machine without power writes none."""
        self.now = CUT + seconds * SECOND
        for path, document in self.documents.items():
            up = seconds - self.back[path]
            if seconds < 0 or up >= 0:
                services = {
                    name: report if seconds < 0 else self.report(report, up, 120 * number // len(document["services"]))
                    for number, (name, report) in enumerate(document["services"].items(), 1)
                }
                source = "ok" if seconds < 0 or up >= self.engine else "/run/docker.sock cannot be reached"
                said = {"observed_at": format_instant(self.now), "services": services, "sources": {"docker": source}}
                path.write_text(json.dumps({**document, **said}))

    def report(self, healthy: Any, up: int, takes: int) -> Any:
        """Not observed until the engine answers, starting since then, and healthy ``takes`` seconds later."""
        if up < self.engine:
            return {"status": "unknown", "source": "docker"}
        if up < self.engine + takes:
            since = self.now - (up - self.engine) * SECOND
            return {"status": "starting", "since": format_instant(since), "source": "docker"}
        return healthy


@pytest.mark.parametrize("engine", [0, 20], ids=["engines answer at once", "engines answer after 20 s"])
def test_a_power_cut_of_a_minute_is_told_as_little_as_it_is(tmp_path: Path, engine: int) -> None:
    homelab = Homelab(tmp_path, engine)

    def passes(first: int, last: int) -> None:
        """One life of a supervisor: a pass at each look."""
        judge = Judge(homelab.settings, lambda: homelab.now)
        with Recorder(homelab.settings) as recorder:
            for seconds in range(first, last, LOOK):
                homelab.look(seconds)
                recorder.record(judge.judge(homelab.settings), homelab.now, 4 * HOUR, None)

    passes(-60, 0)
    assert not (tmp_path / "log").exists()
    passes(35, 300)
    events = eventlog.read(str(tmp_path / "log"))[0] if (tmp_path / "log").exists() else []
    kinds = Counter(event["data"].get("action", "summary") for event in events if "resolution" not in event["data"])
    resolved = sum("resolution" in event["data"] for event in events)
    services = sum(len(document["services"]) for document in homelab.documents.values())
    print(f"\n{services} services, engines {engine} s late: {len(events)} events, {dict(kinds)}, {resolved} resolved")
    assert kinds.keys() <= {"check_observer", "summary"}
    assert sum(count for kind, count in kinds.items() if kind != "summary") == resolved
    if not engine:
        assert events == []
    saved = json.loads((tmp_path / "checkpoint.json").read_text())
    assert (saved["summary"], saved["open"]) == ("nominal", {})

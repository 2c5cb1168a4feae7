"""A homelab in a few lines: text for the inventory, plain values for the world, judged at one fixed moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from supervisor.core.instant import SECOND, Instant, format_instant, parse_instant
from supervisor.core.judge.reconcile import Judgement
from supervisor.files.settings import load_settings
from supervisor.passes.read_and_judge import judge

NOW = parse_instant("2026-11-23T12:00:00Z")


def ago(seconds: int) -> str:
    return format_instant(NOW - seconds * SECOND)


def judged(
    folder: Path, hosts: dict[str, str], world: dict[str, Any], now: Instant = NOW, **settings: str
) -> Judgement:
    """``hosts`` by node, ``world`` by file name; a document that is text is written as it is."""
    for node, text in hosts.items():
        (folder / "hosts" / node).mkdir(parents=True, exist_ok=True)
        (folder / "hosts" / node / "services.yaml").write_text(text)
    for name, document in world.items():
        path = folder / "world" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document if isinstance(document, str) else json.dumps({"observed_at": ago(1), **document}))
    given = {"inventory": str(folder / "hosts"), "world": str(folder / "world"), **settings}
    return judge(load_settings(given, {}), now)

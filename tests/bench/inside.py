"""What is measured inside a process of its own: ``python -m tests.bench.inside TASK FLEET``; prints JSON, in seconds.

A fresh process has no warm caches and no other's memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STALE_AFTER = "8760h"


def call(task: str, *arguments: str | Path) -> Any:
    """Run one task in a fresh process; what it gives."""
    command = [sys.executable, "-m", "tests.bench.inside", task, *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def cold(root: str) -> float:
    """The main job from nothing: both folders read, guarded, placed, judged, and the report written as JSON."""
    from supervisor.core.announce.report import report_json
    from supervisor.core.text import json_text
    from supervisor.passes.read_and_judge import judge
    from supervisor.process.clock import Clock

    options, clock = settings(root), Clock()
    began = time.process_time()
    json_text(report_json(judge(options, clock.now, clock.settle).report))
    return time.process_time() - began


def naive(root: str) -> float:
    """What anybody would do first: the same bytes through the two libraries, and nothing done with the result."""
    import yaml

    inventories = [path.read_bytes() for path in sorted(Path(root, "hosts").glob("*/services.yaml"))]
    documents = [path.read_bytes() for path in sorted(Path(root, "world").rglob("*.json"))]
    began = time.process_time()
    values = [yaml.load(data, yaml.CSafeLoader) for data in inventories]
    values += [json.loads(data) for data in documents]
    return time.process_time() - began


def events(root: str) -> float:
    """The floor below both: libyaml's events alone, of the inventory alone."""
    import yaml

    inventories = [path.read_bytes() for path in sorted(Path(root, "hosts").glob("*/services.yaml"))]
    began = time.process_time()
    for data in inventories:
        loader = yaml.CSafeLoader(data)
        while type(loader.get_event()) is not yaml.StreamEndEvent:
            pass
    return time.process_time() - began


def changes(root: str, counts: str) -> dict[str, float]:
    """So many nodes go offline between two passes: reading, judging, and what is to be announced, durable."""
    from supervisor.passes.read_and_judge import Hints, Judge
    from supervisor.passes.recorder import Recorder
    from supervisor.process.clock import Clock

    options, clock = settings(root), Clock()
    judge = Judge(options, clock.now, clock.settle)
    names = sorted(path.name for path in Path(root, "world", "nodes").glob("*.json"))
    took: dict[str, float] = {}
    with Recorder(options) as recorder:

        def turn(wanted: int) -> float:
            """Other words in so many documents, and one pass over them."""
            chosen = names[:wanted]
            for name in chosen:
                path = Path(root, "world", "nodes", name)
                document = json.loads(path.read_text())
                document["status"] = "online" if document["status"] == "offline" else "offline"
                replace(path, json.dumps(document))
            began = time.perf_counter()
            judgement = judge.judge(options, Hints.of({f"world/nodes/{name}": True for name in chosen}))
            recorder.record(judgement, judgement.picture.now, options.repeat_interval, None)
            return time.perf_counter() - began

        first = judge.judge(options)
        recorder.record(first, first.picture.now, options.repeat_interval, None)
        for count in counts.split(","):
            took[count] = sorted(turn(int(count)) for _ in range(6))[2]
    return took


def week(root: str, days: str) -> list[float]:
    """Resident MB at the end of each simulated day: a look by the observer and a pass every minute, drift each hour."""
    from supervisor.passes.read_and_judge import Judge
    from supervisor.passes.recorder import Recorder
    from supervisor.supervise.watchable import Surveyor, roots

    options, minute = settings(root), 60 * 10**9
    now = time.time_ns()
    judge, surveyor = Judge(options, lambda: now), Surveyor(lambda: now)
    documents = sorted(Path(root, "world", "nodes").glob("*.json"))
    results: list[float] = []
    with Recorder(options) as recorder:
        for turn in range(int(days) * 24 * 60):
            now += minute
            for path in documents:
                document = json.loads(path.read_text())
                document["observed_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now // 10**9))
                sick = turn // 60 % 2 and path is documents[turn // 60 % len(documents)]
                document["services"]["traefik"] = {"status": "failed" if sick else "ok"}
                replace(path, json.dumps(document))
                os.utime(path, ns=(now, now))
            surveyor.survey(roots(options))
            judgement = judge.judge(options)
            recorder.record(judgement, now, options.repeat_interval, None)
            if turn % (24 * 60) == 24 * 60 - 1:
                results.append(resident(os.getpid()))
    return results


def restart(root: str, began: str) -> dict[str, float]:
    """Where a start spends its time, and what loading the parsed files from a cache would take instead."""
    import pickle

    from supervisor.core.judge.reconcile import reconcile
    from supervisor.files.inventory.load import load_inventory
    from supervisor.files.world.load import load_world
    from supervisor.passes.recorder import Recorder
    from supervisor.process.clock import Clock

    options, clock = settings(root), Clock()
    results = {"start and imports": (time.monotonic_ns() - int(began)) / 1e9}

    def timed(name: str, action: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        value = action()
        results[name] = time.perf_counter() - began
        return value

    with Recorder(options):
        desired = timed("inventory", lambda: load_inventory(options.inventory, options.max_input_bytes))
        actual = timed("world", lambda: load_world(options.world, options.max_input_bytes))
        timed("judgement", lambda: reconcile(desired.value, actual.value, options.thresholds, clock.now()))
    paths = [path for path in Path(root).rglob("*") if path.suffix in {".yaml", ".json"}]
    timed("bytes", lambda: [path.read_bytes() for path in paths])
    data = pickle.dumps((desired.value, actual.value), pickle.HIGHEST_PROTOCOL)
    timed("cache", lambda: pickle.loads(data))  # noqa: S301 - our own bytes of just now
    return results


def imports(_: str) -> float:
    """Resident MB of a process that only imports the five packages."""
    import sdnotify
    import structlog
    import tenacity
    import watchdog.observers
    import yaml

    assert all((sdnotify, structlog, tenacity, watchdog.observers, yaml))
    return resident(os.getpid())


def resident(pid: int, key: str = "VmRSS") -> float:
    """Megabytes (10^6 bytes) of memory that a process has now; ``VmHWM``: had at most."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(key)


def paths(root: str | Path) -> list[str]:
    """Every folder of a fleet and every file that is an input."""
    return [str(path) for path in Path(root).rglob("*") if path.is_dir() or path.suffix in {".yaml", ".json"}]


def replace(path: Path, text: str) -> None:
    """Rename new content into place."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    temporary.rename(path)


def settings(root: str) -> Any:
    from supervisor.files.settings import load_settings

    flags = {
        "inventory": f"{root}/hosts",
        "world": f"{root}/world",
        "event_log": f"{root}/agent-events.log",
        "checkpoint": f"{root}/checkpoint.json",
        "stale_after": STALE_AFTER,
    }
    return load_settings(flags, {})


TASKS: dict[str, Callable[..., Any]] = {
    item.__name__: item for item in (cold, naive, events, changes, week, restart, imports)
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))

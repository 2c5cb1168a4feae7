"""Whatever an engine says: a document that the supervisor reads without a word of complaint."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.model.desired import DesiredService
from supervisor.core.text import json_text
from supervisor.files.world.load import load_world
from supervisor.observe.containers import sighting, unreadable
from supervisor.observe.document import Look, node_document
from supervisor.observe.units import SOURCE as SYSTEMD
from supervisor.observe.units import sighting as unit_sighting

WORDS = st.sampled_from(
    ["running", "exited", "stopped", "paused", "restarting", "healthy", "unhealthy", "always", "no"]
)
TEXT = st.text(max_size=12) | WORDS | st.sampled_from(["2026-11-23T12:00:00Z", "0001-01-01T00:00:00Z", "\udcff", "a/b"])
LEAF = st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | TEXT
ANY = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2), max_leaves=4
)


def some(**keys: Any) -> st.SearchStrategy[Any]:
    """An object with some of the keys that are looked at, or something else in its place."""
    return st.fixed_dictionaries({}, optional={key: value | ANY for key, value in keys.items()}) | ANY


HEALTH = some(Status=WORDS, FailingStreak=LEAF)
STATE = some(
    Status=WORDS, ExitCode=LEAF, OOMKilled=LEAF, StartedAt=TEXT, FinishedAt=TEXT, Health=HEALTH, Healthcheck=HEALTH
)
LABELS = some(
    **{
        "com.docker.compose.project": TEXT,
        "com.docker.compose.service": TEXT,
        "com.docker.compose.container-number": TEXT,
        "com.docker.swarm.service.name": TEXT,
        "com.docker.stack.namespace": TEXT,
        "com.docker.swarm.task.name": TEXT,
    }
)
CONTAINER = st.fixed_dictionaries(
    {"Name": TEXT},
    optional={
        "State": STATE,
        "Config": some(Labels=LABELS),
        "HostConfig": some(RestartPolicy=some(Name=WORDS)),
        "RestartCount": LEAF,
        "Created": TEXT,
        "Names": ANY,
        "Id": TEXT,
    },
)
PROPERTIES = (
    *("LoadState", "ActiveState", "SubState", "Result", "Type", "Restart", "NRestarts", "Job", "TriggeredBy"),
    *("ExecMainStatus", "ExecMainCode", "ExecMainExitTimestamp", "NextElapseUSecMonotonic"),
)
VALUES = st.sampled_from(["active", "inactive", "loaded", "²", "7", "1", "0", "@1700000000", "a.socket"])
UNIT = st.dictionaries(st.sampled_from(PROPERTIES), TEXT | VALUES)
SERVICE = st.builds(
    DesiredService, st.sampled_from(["web", "a/b"]), st.just(""), st.just(1), container=st.none() | TEXT
)
PREVIOUS = some(
    services=st.dictionaries(TEXT, some(restarts=LEAF, restarted_at=ANY, source=TEXT), max_size=3), sources=ANY
)


@given(
    st.lists(CONTAINER, max_size=3),
    st.lists(UNIT, max_size=2),
    st.lists(SERVICE, max_size=2),
    PREVIOUS,
    st.booleans(),
    st.integers(0, 2 * 10**18),
)
def test_whatever_an_engine_says_the_supervisor_can_read(
    containers: list[dict[str, Any]],
    units: list[dict[str, str]],
    services: list[DesiredService],
    previous: Any,
    silent: bool,
    now: int,
) -> None:
    seen = [sighting("/engine", json.loads(json.dumps(container))) for container in containers]
    seen += [unreadable("/engine", container, "refused") for container in containers]
    seen += [unit_sighting(f"unit{number}.service", unit) for number, unit in enumerate(units)]
    look = Look(
        now,
        tuple(item for item in seen if item is not None and item.name),
        frozenset([SYSTEMD]) if silent else frozenset(["/engine", SYSTEMD]),
        {"/engine": "is silent"} if silent else {},
    )
    declared = {service.name: service for service in services}
    document = node_document(look, declared, previous if isinstance(previous, dict) else {}, 10**9)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nodes" / "nas.json"
        path.parent.mkdir()
        path.write_bytes(json_text(document).encode("utf-8", "backslashreplace"))
        world = load_world(folder, 1 << 20)
    assert world.problems == ()
    assert set(world.value.facts("nas").services) == set(document["services"])

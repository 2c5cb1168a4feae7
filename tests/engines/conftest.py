"""Collected only by ``make test-engines``, which makes sure that there are engines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.circle import Circle
from tests.engines.containers import ENGINES, Engine
from tests.systemd.machine import Machine

WANTED = os.environ.get("TEST_ENGINES", "").split()
collect_ignore_glob = [
    *([] if ENGINES.keys() & set(WANTED) else ["test_containers.py"]),
    *([] if "systemd" in WANTED else ["test_systemd.py"]),
]


@pytest.fixture(scope="session", params=[name for name in ENGINES if name in WANTED])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A real engine with a storage of its own, and its API on a socket."""
    with ENGINES[request.param]() as started:
        yield started


@pytest.fixture
def circle(tmp_path: Path, engine: Engine) -> Iterator[Circle]:
    """Engine, observer, world folder, supervisor, event log."""
    engine.clear()
    with Circle(tmp_path, engine.socket) as closed:
        yield closed
    engine.clear()


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """A booted system with the project installed as its operator would."""
    with Machine() as booted:
        booted.make("install")
        yield booted

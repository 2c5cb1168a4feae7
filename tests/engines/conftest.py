"""Collected only by ``make test-engines``, which makes sure that there are engines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.circle import Circle
from tests.engines.podman import Podman
from tests.systemd.machine import Machine

WANTED = os.environ.get("TEST_ENGINES", "").split()
collect_ignore_glob = [
    *([] if "podman" in WANTED else ["test_podman.py"]),
    *([] if "systemd" in WANTED else ["test_systemd.py"]),
]


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    """A real Podman with a storage of its own, and its API on a socket."""
    with Podman(tmp_path_factory.mktemp("podman")) as engine:
        yield engine


@pytest.fixture
def circle(tmp_path: Path, podman: Podman) -> Iterator[Circle]:
    """Podman, observer, world folder, supervisor, event log."""
    podman.clear()
    with Circle(tmp_path, podman.socket) as closed:
        yield closed
    podman.clear()


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """A booted system with the project installed as its operator would."""
    with Machine() as booted:
        booted.make("install")
        yield booted

"""Collected only by ``make test-systemd``, which makes sure that a system can be booted."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.systemd.machine import Homelab, Machine

collect_ignore_glob = [] if os.environ.get("TEST_SYSTEMD") else ["test_*.py"]


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """A booted system with the project installed as its operator would."""
    with Machine() as booted:
        booted.make("install")
        yield booted


@pytest.fixture
def homelab(machine: Machine) -> Homelab:
    """The service as installed: stopped, with a homelab in which all is well."""
    fresh = Homelab(machine)
    fresh.reset()
    return fresh

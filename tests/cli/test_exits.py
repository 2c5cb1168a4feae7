"""The exit codes that programs rely on."""

from __future__ import annotations

from supervisor.cli import exits


def test_the_codes_are_those_of_the_contract() -> None:
    assert (exits.DONE, exits.FAILED, exits.DEGRADED, exits.UNSTABLE) == (0, 1, 2, 3)
    assert (exits.USAGE, exits.LOCKED, exits.NOT_PERMITTED, exits.SETTINGS) == (64, 75, 77, 78)
    assert exits.INTERRUPTED == 130

"""Any bytes at all: typed problems, and nothing above a second."""

from __future__ import annotations

from tests.torture import fuzz
from tests.torture.conftest import Figure
from tests.torture.ground import rounds


def test_no_input_is_more_than_a_problem(figure: Figure) -> None:
    inputs, seed = rounds(1500, 100_000), 1
    outcome = fuzz.run(inputs, seed)
    assert outcome.faults == []
    assert outcome.inputs == inputs
    # That they are broken in many ways, and not all in one.
    assert len(outcome.messages) > 60
    assert outcome.slowest[0] <= 1 or not fuzz.slow(seed, outcome.slowest[1])
    figure(
        "any bytes as an inventory and as documents",
        f"mutations of files that mean something, seed {seed}",
        str(outcome),
    )

"""One services.yaml: durations of a service, and what an error in them costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.core.instant import SECOND
from supervisor.core.model.desired import DesiredNode
from supervisor.files.inventory.load import load_inventory

HOUR = 3600 * SECOND


def read(folder: Path, service: str) -> tuple[DesiredNode, list[str]]:
    (folder / "nas").mkdir(exist_ok=True)
    (folder / "nas" / "services.yaml").write_text(f"services:\n  web: {service}\n  other:\n")
    loaded = load_inventory(str(folder), 1 << 20)
    problems = [str(problem).removeprefix("hosts/nas/services.yaml:") for problem in loaded.problems]
    return loaded.value.nodes["nas"], problems


def test_a_service_may_have_an_age_and_a_grace_of_its_own(tmp_path: Path) -> None:
    node, problems = read(tmp_path, "{oneshot: true, max_age: 26h, startup_grace: 5m}")
    assert (node.services["web"].max_age, node.services["web"].startup_grace) == (26 * HOUR, 300 * SECOND)
    assert (node.services["other"].max_age, node.services["other"].startup_grace) == (None, None)
    assert problems == []


@pytest.mark.parametrize(
    ("service", "problem"),
    [
        ("{max_age: 26}", "2:18: error: max_age: '26' has no unit: write 26s, 26m, 26h, 26d or 26ms"),
        ("{max_age: 0s}", "2:18: error: max_age must be longer than 0s"),
        ("{max_age: }", "2:18: error: max_age must be a duration such as 30s, 5m or 26h, not nothing"),
        ("{startup_grace: [5m]}", "2:24: error: startup_grace must be a duration such as 30s, 5m or 26h, not a list"),
    ],
)
def test_a_wrong_duration_costs_its_service_alone(tmp_path: Path, service: str, problem: str) -> None:
    node, problems = read(tmp_path, service)
    assert problems == [problem]
    assert (sorted(node.services), sorted(node.broken)) == (["other"], ["web"])


def test_a_grace_of_nothing_is_a_grace(tmp_path: Path) -> None:
    assert read(tmp_path, "{startup_grace: 0s}")[0].services["web"].startup_grace == 0

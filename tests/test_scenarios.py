"""Every situation of ``tests/scenarios``: hosts and world in, the report's summary, counts, drift, … out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.announce.report import report_json
from supervisor.core.instant import parse_instant
from supervisor.files.settings import load_settings
from supervisor.passes.read_and_judge import judge

SCENARIOS = Path(__file__).parent / "scenarios"
NAMES = sorted(path.name for path in SCENARIOS.iterdir() if path.is_dir())


def matches(entry: dict[str, Any], wanted: dict[str, Any]) -> bool:
    part = wanted.get("message_contains", "").lower()
    given = {key: entry[key] for key in wanted if key != "message_contains"}
    return given == {key: wanted[key] for key in given} and part in entry.get("message", "").lower()


@pytest.mark.parametrize("name", NAMES)
def test_the_report_of(name: str) -> None:
    folder = SCENARIOS / name
    wanted = json.loads((folder / "expected.json").read_text())
    for absent in wanted.get("absent", ()):
        assert not (folder / absent).exists()
    flags = {
        "inventory": str(folder / "hosts"),
        "world": str(folder / "world"),
        **{key: str(value) for key, value in wanted.get("settings", {}).items()},
    }
    settings = load_settings(flags, {}, None)
    report = report_json(judge(settings, parse_instant(wanted["at"])).report)
    for key in ("summary", "counts", "unmanaged"):
        assert report[key] == wanted[key], key
    for key in ("drift", "recommendations", "problems"):
        shown = json.dumps({"got": report[key], "wanted": wanted[key]}, indent=1)
        assert len(report[key]) == len(wanted[key]), f"{key}: {shown}"
        for entry, expected in zip(report[key], wanted[key], strict=True):
            assert matches(entry, expected), f"{key}: {json.dumps({'got': entry, 'wanted': expected}, indent=1)}"


@pytest.mark.parametrize("name", NAMES)
def test_why_is_said_in_whole_sentences(name: str) -> None:
    assert re.fullmatch(r"\S.*\w\W*\.\n", (SCENARIOS / name / "why.md").read_text(), re.DOTALL)

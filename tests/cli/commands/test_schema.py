"""The schemas as they are printed."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.harness import Lab


@pytest.mark.parametrize("name", ["inventory", "world", "event", "checkpoint", "settings", "report"])
def test_schema_prints_a_schema(lab: Lab, name: str) -> None:
    done = lab.command("schema", name)
    assert json.loads(done.stdout)["$schema"] == "http://json-schema.org/draft-07/schema#"

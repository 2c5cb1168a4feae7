"""The schemas as they are printed: whole, and with the words of the code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from supervisor.cli.commands.schema import SCHEMAS
from supervisor.core.announce.emissions import EmitReason
from supervisor.core.judge.closure import Resolution
from supervisor.core.judge.recommend import ROWS
from supervisor.core.model.findings import Action, Condition, Severity, Summary
from supervisor.files.schemas import load_schema

SHARING = ("report", "event", "checkpoint")


def recommendation(name: str) -> dict[str, Any]:
    names = {"report": "recommendation", "event": "announcement", "checkpoint": "announced"}
    definition: dict[str, Any] = load_schema(name)["definitions"][names[name]]
    return definition


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_it_refers_to_is_in_it(name: str) -> None:
    schema = load_schema(name)
    text = json.dumps(schema)
    assert "extends" not in text
    for key in schema.get("definitions", {}):
        assert f"#/definitions/{key}" in text, key


@pytest.mark.parametrize("name", SHARING)
def test_the_words_are_those_of_the_code(name: str) -> None:
    definitions = load_schema(name)["definitions"]
    for key, words in (("condition", Condition), ("action", Action), ("severity", Severity)):
        assert definitions[key]["enum"] == [word.value for word in words]
    assert {word.value for word in Summary} <= set(definitions["summary"]["enum"])


def test_the_recommendation_is_the_same_in_all_three() -> None:
    whole = recommendation("report")
    for name, more in (("event", {"truncated", "emit_reason", "summary"}), ("checkpoint", {"truncated"})):
        other = recommendation(name)
        assert other["properties"].keys() - whole["properties"].keys() == more
        assert {key: other["properties"][key] for key in whole["properties"]} == whole["properties"]
        assert set(whole["required"]) <= set(other["required"])
        assert other["allOf"] == whole["allOf"]


def test_an_action_comes_with_the_types_of_its_rows() -> None:
    table = {
        rule["if"]["properties"]["action"]["const"]: rule["then"]["properties"]["type"]["enum"]
        for rule in recommendation("report")["allOf"]
    }
    assert table == {
        action.value: sorted({row.type.value for row in ROWS if row.action is action}) for action in Action
    }
    assert table["redeploy"] == ["reconcile_recommended", "reconcile_required"]


def test_the_resolutions_and_emit_reasons_are_those_of_the_code() -> None:
    definitions = load_schema("event")["definitions"]
    assert definitions["resolution"]["properties"]["resolution"]["enum"] == [word.value for word in Resolution]
    assert definitions["announcement"]["properties"]["emit_reason"]["enum"] == [
        reason.value for reason in EmitReason if reason is not EmitReason.RESOLVED
    ]

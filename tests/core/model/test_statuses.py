"""The status words: those of the contract, in any case, and the side on which all others fall."""

from __future__ import annotations

import pytest

from supervisor.core.model.statuses import (
    DeploymentOutcome,
    NodeWord,
    ServiceWord,
    deployment_outcome,
    incident_resolved,
    node_word,
    service_word,
)


def each(words: str) -> list[str]:
    return [form for word in words.split() for form in (word, word.upper(), word.title())]


@pytest.mark.parametrize("word", each("online up ok ready reachable active running connected healthy"))
def test_a_node_is_online(word: str) -> None:
    assert node_word(word) is NodeWord.ONLINE


@pytest.mark.parametrize("word", each("unknown unavailable"))
def test_a_node_is_not_observed(word: str) -> None:
    assert node_word(word) is NodeWord.UNOBSERVED


@pytest.mark.parametrize("word", ["offline", "down", "unreachable", "passing", "on line", " online", "", "öffline"])
def test_any_other_word_says_that_a_node_is_offline(word: str) -> None:
    assert node_word(word) is NodeWord.OFFLINE


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("ok healthy running active up online passing ready", ServiceWord.WELL),
        ("completed succeeded", ServiceWord.COMPLETED),
        ("starting activating created deploying", ServiceWord.STARTING),
        ("absent removed not-found", ServiceWord.ABSENT),
        ("unknown unavailable unreachable", ServiceWord.UNOBSERVED),
        ("unhealthy failed exited stopped dead restarting degraded paused reachable", ServiceWord.UNHEALTHY),
    ],
)
def test_what_a_service_is(words: str, meaning: ServiceWord) -> None:
    assert {service_word(word) for word in each(words)} == {meaning}


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("failed error timed_out rolled_back", DeploymentOutcome.FAILED),
        ("succeeded success ok completed", DeploymentOutcome.SUCCEEDED),
        ("pending queued running in_progress deploying", DeploymentOutcome.UNDER_WAY),
        ("cancelled skipped healthy timed-out", DeploymentOutcome.IGNORED),
    ],
)
def test_how_a_deployment_went(words: str, meaning: DeploymentOutcome) -> None:
    assert {deployment_outcome(word) for word in each(words)} == {meaning}


def test_an_incident_is_resolved_by_three_words_alone() -> None:
    assert all(map(incident_resolved, each("resolved closed dismissed")))
    assert not any(map(incident_resolved, each("active acknowledged monitoring fixed ok")))

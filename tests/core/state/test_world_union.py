"""The union of documents: the newer word wins, at a tie the later path, whatever order they come in."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.model.actual import (
    Actual,
    Deployment,
    Document,
    Incident,
    NodeReport,
    Observation,
    ServiceReport,
    ServiceReports,
    UnreadableDocument,
)
from supervisor.core.model.statuses import ServiceWord, deployment_outcome, incident_resolved, node_word, service_word
from supervisor.core.model.subjects import InputRef
from supervisor.core.state.world_union import merge


def document(file: str, observed_at: int = 0, node: str | None = None) -> Document:
    return Document(f"world/{file}", observed_at, "/observed_at", node, lambda _: 1)


def says(of: Document, node: str = "", **services: str) -> Observation:
    """What a document says of the node ``nas`` and its services."""
    return Observation(
        of,
        {"nas": NodeReport(node, node_word(node), None, of, "/status")} if node else {},
        {"nas": reports(of, services)} if services else {},
    )


def reports(of: Document, services: Mapping[str, str]) -> ServiceReports:
    """Half of those that are well are made when asked for, as a reader has them."""
    all_ = {name: ServiceReport(word, service_word(word), None, of, "") for name, word in services.items()}
    kept = {name: value for name, value in all_.items() if value.word is not ServiceWord.WELL or len(name) % 2}
    return ServiceReports(dict(services), kept, lambda name, status: all_[name]._replace(status=status))


def deployment(of: Document, ident: str, at: int, status: str = "failed", service: str = "web") -> Deployment:
    return Deployment(ident, "nas", service, status, deployment_outcome(status), at, of, "")


def incident(of: Document, ident: str, status: str) -> Incident:
    return Incident(ident, "", status, incident_resolved(status), False, None, None, None, of, "")


def words(actual: Actual) -> dict[str, str]:
    services = {name: value.status for name, value in actual.facts("nas").services.items()}
    return {**services, **{name: value.reports[0].status for name, value in actual.nodes.items() if value.reports}}


OLD = says(document("z.json", 1), "online", web="ok", db="ok")
NEW = says(document("a.json", 2), "offline", web="failed")
TIE = says(document("b.json", 2), web="exited")


@pytest.mark.parametrize("order", list(permutations([OLD, NEW, TIE])))
def test_the_newer_word_wins_and_at_a_tie_the_later_path(order: tuple[Observation, ...]) -> None:
    assert words(merge(order)) == {"nas": "offline", "web": "exited", "db": "ok"}


def test_paths_are_compared_by_their_bytes() -> None:
    # In most locales "a" comes before "B".
    actual = merge([says(document("a.json"), web="ok"), says(document("B.json"), web="failed")])
    assert words(actual) == {"web": "ok"}


def test_the_newest_document_of_a_node_is_any_that_mentions_it_or_a_service_of_it() -> None:
    shared, own = document("fleet.json", 5), document("nodes/nas.json", 3, "nas")
    actual = merge([says(shared, web="ok"), Observation(own)])
    facts = actual.nodes["nas"]
    assert (facts.newest, facts.own, bool(facts.listing)) == (shared, True, True)


def test_an_own_document_without_services_lists_none() -> None:
    own = document("nodes/nas.json", 3, "nas")
    assert not merge([Observation(own)]).nodes["nas"].listing
    assert merge([Observation(own, lists_services=True)]).nodes["nas"].listing


def test_a_deployment_told_twice_is_one_and_they_are_in_order_of_time_and_id() -> None:
    first, second = document("a.json", 1), document("b.json", 2)
    actual = merge(
        [
            Observation(second, deployments=(deployment(second, "d-2", 10, "succeeded"),)),
            Observation(
                first,
                deployments=(
                    deployment(first, "d-3", 5),
                    deployment(first, "d-2", 10, "running"),
                    deployment(first, "d-1", 10),
                ),
            ),
        ]
    )
    results = actual.nodes["nas"].deployments["web"]
    assert [(item.id, item.status) for item in results] == [("d-3", "failed"), ("d-1", "failed"), ("d-2", "succeeded")]


def test_a_deployment_that_moves_to_another_service_leaves_the_first() -> None:
    first, second = document("a.json", 1), document("b.json", 2)
    actual = merge(
        [
            Observation(first, deployments=(deployment(first, "d", 1, service="web"),)),
            Observation(second, deployments=(deployment(second, "d", 1, service="db"),)),
        ]
    )
    assert list(actual.nodes["nas"].deployments) == ["db"]


def test_the_newer_word_on_an_incident_wins() -> None:
    first, second = document("a.json", 1), document("b.json", 2)
    actual = merge(
        [
            Observation(second, incidents=(incident(second, "INC", "resolved"),)),
            Observation(first, incidents=(incident(first, "INC", "active"),)),
        ]
    )
    assert actual.incidents["INC"].resolved


def test_what_is_unreadable_is_sorted_by_its_path() -> None:
    odd = [UnreadableDocument(InputRef(f"world/{name}.json"), (), None) for name in "cab"]
    assert [document.ref.path for document in merge((), odd).unreadable] == [
        "world/a.json",
        "world/b.json",
        "world/c.json",
    ]


WORDS = st.dictionaries(
    st.sampled_from(["a", "bb", "ccc", "dddd"]), st.sampled_from(["ok", "failed", "starting", "absent"])
)


@given(st.lists(st.tuples(st.integers(0, 2), WORDS), max_size=4))
def test_services_that_several_documents_speak_of_are_laid_over_one_another(
    seen: list[tuple[int, dict[str, str]]],
) -> None:
    documents = [document(f"{index}.json", at) for index, (at, _) in enumerate(seen)]
    expected: dict[str, tuple[str, str]] = {}
    for of, (_, words) in sorted(zip(documents, seen, strict=True), key=lambda item: item[0].order):
        expected |= {name: (word, of.file) for name, word in words.items()}
    actual = merge([says(of, **words) for of, (_, words) in zip(documents, seen, strict=True)]).facts("nas")
    assert {name: (value.status, value.document.file) for name, value in actual.services.items()} == expected
    assert actual.services.keys() == expected.keys()
    assert len(actual.services) == len(expected)
    assert ("a" in actual.services, actual.services.get("a") is None) == ("a" in expected, "a" not in expected)
    unwell = {name for name, (word, _) in expected.items() if word != "ok"}
    assert {name: (value.status, value.document.file) for name, value in actual.unwell.items()} == {
        name: expected[name] for name in unwell
    }

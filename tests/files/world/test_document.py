"""One document becomes one observation, or says why it cannot be used."""

from __future__ import annotations

import json
from typing import Any

import pytest

from supervisor.core.instant import parse_instant
from supervisor.core.model.actual import Observation, UnreadableDocument
from supervisor.files.reading import Content
from supervisor.files.world.document import parse_document

MODIFIED = parse_instant("2026-11-01T12:00:00Z")


def content(document: Any) -> Content:
    text = document if isinstance(document, str) else json.dumps(document)
    return Content(text.encode(), (1, 2, len(text), MODIFIED, MODIFIED))


def observation(file: str, document: Any) -> Observation:
    reading = parse_document(file, content(document), packed=True)
    assert isinstance(reading, Observation), reading
    return reading


def test_an_own_document_speaks_of_the_node_it_is_named_after() -> None:
    seen = observation("nodes/nas.json", {"status": "online", "services": {"web": "ok"}})
    assert (seen.document.file, seen.document.node) == ("world/nodes/nas.json", "nas")
    assert (list(seen.nodes), list(seen.services), seen.lists_services) == (["nas"], ["nas"], True)
    assert seen.document.observed_at == MODIFIED


def test_an_own_document_with_no_services_tells_that_it_has_none() -> None:
    assert observation("nodes/nas.json", {"services": {}}).lists_services
    assert not observation("nodes/nas.json", {"status": "online"}).lists_services


def test_a_shared_document_speaks_of_any_node_and_of_no_sources() -> None:
    seen = observation(
        "fleet.json", {"nodes": {"nas": "up"}, "services": {"nuc": {"dns": "ok"}}, "sources": {"a": "ok"}}
    )
    assert (seen.document.node, sorted(seen.mentions), seen.sources) == (None, ["nas", "nuc"], {})


def test_deployments_and_incidents_have_the_node_of_an_own_document() -> None:
    deployment = {"id": "d-1", "service": "web", "status": "failed", "at": "2026-11-01T11:00:00Z"}
    incident = {"id": "INC-1", "status": "open"}
    seen = observation("nodes/nas.json", {"deployments": [deployment], "incidents": [incident]})
    assert [(deployment.node, deployment.pointer) for deployment in seen.deployments] == [
        ("nas", "/deployments/0/status")
    ]
    assert [(incident.node, incident.pointer) for incident in seen.incidents] == [("nas", "/incidents/0/status")]


@pytest.mark.parametrize(
    ("file", "document", "problem"),
    [
        ("nodes/nas.json", {"incidents": [{"id": "a", "status": "x", "node": "nuc"}]}, "names another node than 'nas'"),
        ("nodes/a b.json", {"status": "up"}, "is not named after a node: the name 'a b' has a blank"),
        ("a.yaml", "", "the document must be an object, not nothing"),
        ("a.json", '{"nodes": 1, "nodes": 2}', "is not JSON: duplicate key 'nodes'"),
    ],
)
def test_an_error_costs_the_document(file: str, document: Any, problem: str) -> None:
    reading = parse_document(file, content(document))
    assert isinstance(reading, UnreadableDocument)
    assert problem in reading.errors[0].message

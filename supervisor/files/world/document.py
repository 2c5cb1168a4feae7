"""One world document on its way to an observation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from supervisor.core.instant import Instant
from supervisor.core.model.actual import (
    Deployment,
    Document,
    Incident,
    NodeReport,
    Observation,
    Reading,
    ServiceReport,
    ServiceReports,
    UnreadableDocument,
)
from supervisor.core.model.statuses import deployment_outcome, incident_resolved
from supervisor.core.model.subjects import InputRef
from supervisor.errors import InputError, SchemaError
from supervisor.files import jsontext, yamlplain, yamltree
from supervisor.files.loaded import problem_of
from supervisor.files.names import name_fault, node_name_fault, shared
from supervisor.files.pointers import pointer_of
from supervisor.files.reading import Content, printable_path
from supervisor.files.trees import own_node
from supervisor.files.world.places import LazyPlaces
from supervisor.files.world.reports import LookUp, node_report, service_report, service_reports
from supervisor.files.world.values import (
    identified,
    legal_name,
    named,
    object_of,
    optional_text,
    text_of,
    time_of,
    usual,
)


def parse_document(relative: str, content: Content, *, packed: bool = False) -> Reading:
    """What a document says, or why it cannot be used. ``packed``: it is kept for long, and takes less room."""
    try:
        document = DocumentReader(_report_path(relative), own_node(relative), content.text(), content.modified_at)
        observation = document.observation()
        if packed:
            document.pack()
        return observation
    except InputError as error:
        return unreadable(relative, error)


def _report_path(relative: str) -> str:
    return f"world/{printable_path(relative)}"


def unreadable(relative: str, error: InputError) -> UnreadableDocument:
    file = _report_path(relative)
    return UnreadableDocument(InputRef(file), (problem_of(file, error),), own_node(relative))


_At = Callable[[str], tuple[int, int] | None]
"""The line and column of a JSON pointer, None where there is no such value."""


def _line(at: _At, pointer: str) -> int | None:
    place = at(pointer)
    return None if place is None else place[0]


def _sources(value: Any) -> dict[str, str]:
    """What each source gave; anything but an object of texts is carried along unread."""
    is_told = isinstance(value, dict) and all(isinstance(word, str) for word in value.values())
    return {shared(name): usual(word) for name, word in value.items()} if is_told else {}


class DocumentReader:
    """One document on its way to an observation."""

    def __init__(self, file: str, node: str | None, text: str, modified_at: Instant) -> None:
        self.node = node
        self._places: LazyPlaces | None = None
        self._look_up: LookUp | None = None
        if file.endswith(".json"):
            self._root: Any = jsontext.parse(text)
            self._places = LazyPlaces(text)
            self._at: _At = self._places.at
            self._look_up = self._places.value
        else:
            tree = yamltree.parse(text)
            if tree is None:
                raise SchemaError("the document must be an object, not nothing", "", 1, 1)
            twice = yamltree.first_duplicate(tree)
            if twice is not None:
                message = f"duplicate key {twice.key.text[:80]!r}"
                raise SchemaError(message, "", twice.key.line, twice.key.column)
            self._root = yamlplain.plain(tree)
            self._at = partial(yamltree.place, tree)
        self._file = file
        self._modified_at = modified_at

    def observation(self) -> Observation:
        """Raises SchemaError, with its place, when anything in the document is not as it should be."""
        try:
            return self._observation()
        except SchemaError as error:
            line, column = self._at(error.pointer) or (None, None)
            raise SchemaError(error.message, error.pointer, line, column) from None

    def pack(self) -> None:
        """What is kept of it for long takes less room."""
        if self._places is not None:
            self._places.pack()

    def _observation(self) -> Observation:
        root = object_of(self._root, "", "the document")
        if self.node is not None and (fault := node_name_fault(self.node)) is not None:
            raise SchemaError(f"is not named after a node: {fault}", "")
        observed_at, where = self._modified_at, ""
        if "observed_at" in root:
            observed_at, where = time_of(root, "observed_at", ""), "/observed_at"
        document = Document(self._file, observed_at, where, self.node, partial(_line, self._at))
        nodes: dict[str, NodeReport] = {}
        services: dict[str, ServiceReports] = {}
        if self.node is None:
            for name, pointer, entry in named(root.get("nodes"), "/nodes", "nodes", node_name_fault):
                if name in nodes:
                    raise SchemaError(f"duplicate node {name!r}", pointer)
                nodes[name] = node_report(entry, pointer, document)
            services = self._shared_services(root.get("services"), document)
        else:
            if "status" in root:
                nodes[self.node] = node_report(root, "", document)
            own = self._own_services(root.get("services"), document)
            if own:
                services = {self.node: own}
        return Observation(
            document,
            nodes,
            services,
            tuple(self._deployments(root.get("deployments"), document)),
            tuple(self._incidents(root.get("incidents"), document)),
            lists_services=root.get("services") is not None,
            sources={} if self.node is None else _sources(root.get("sources")),
            knows_inventory=root.get("inventory") is not False,
        )

    def _own_services(self, value: Any, document: Document) -> ServiceReports:
        if isinstance(value, list):
            for position, entry in enumerate(value):
                if isinstance(entry, dict):
                    self._implied_node(entry, f"/services/{position}")
        return service_reports(value, "/services", "services", document, self._look_up)

    def _shared_services(self, value: Any, document: Document) -> dict[str, ServiceReports]:
        if isinstance(value, list):
            listed: dict[str, dict[str, ServiceReport]] = {}
            for name, pointer, entry in named(value, "/services", "services", name_fault):
                node = legal_name(text_of(entry, "node", pointer), node_name_fault, f"{pointer}/node")
                if name in listed.setdefault(node, {}):
                    raise SchemaError(f"duplicate service {name!r} of {node!r}", pointer)
                listed[node][name] = service_report(entry, pointer, document)
            return {node: ServiceReports.of(reports) for node, reports in listed.items()}
        services: dict[str, ServiceReports] = {}
        for node, pointer, entry in named(value, "/services", "services", node_name_fault):
            if entry is None:
                raise SchemaError("the services of a node must be an object or a list, not nothing", pointer)
            services[node] = service_reports(entry, pointer, "the services of a node", document, self._look_up)
        return services

    def _deployments(self, value: Any, document: Document) -> Iterator[Deployment]:
        for ident, pointer, entry in identified(value, "/deployments", "deployments"):
            status = usual(text_of(entry, "status", pointer))
            yield Deployment(
                ident,
                shared(self._node_of(entry, pointer)),
                shared(legal_name(text_of(entry, "service", pointer), name_fault, f"{pointer}/service")),
                status,
                deployment_outcome(status),
                time_of(entry, "at", pointer),
                document,
                pointer_of(pointer, "status"),
            )

    def _incidents(self, value: Any, document: Document) -> Iterator[Incident]:
        for ident, pointer, entry in identified(value, "/incidents", "incidents"):
            status = text_of(entry, "status", pointer)
            severity = optional_text(entry, "severity", pointer) or ""
            node = self.node if entry.get("node") is None else self._node_of(entry, pointer)
            service = optional_text(entry, "service", pointer)
            yield Incident(
                ident,
                optional_text(entry, "title", pointer) or "",
                status,
                incident_resolved(status),
                severity.lower() == "critical",
                node,
                None if service is None else legal_name(service, name_fault, f"{pointer}/service"),
                None if entry.get("opened_at") is None else time_of(entry, "opened_at", pointer),
                document,
                f"{pointer}/status",
            )

    def _node_of(self, entry: dict[str, Any], pointer: str) -> str:
        if self.node is not None:
            self._implied_node(entry, pointer)
            return self.node
        return legal_name(text_of(entry, "node", pointer), node_name_fault, f"{pointer}/node")

    def _implied_node(self, entry: dict[str, Any], pointer: str) -> None:
        if entry.get("node") not in (None, self.node):
            raise SchemaError(f"names another node than {self.node!r}, whose own document this is", f"{pointer}/node")

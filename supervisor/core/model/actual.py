"""The actual side: what the documents of the world say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping
from functools import cached_property
from typing import NamedTuple

from supervisor.core.instant import Instant
from supervisor.core.model.desired import NOTHING
from supervisor.core.model.problems import InvalidInput, Problem
from supervisor.core.model.statuses import DeploymentOutcome, NodeWord, ServiceWord
from supervisor.core.model.subjects import InputRef


class Document(NamedTuple):
    """Where facts of the world come from. ``node`` is set for a node's own document.

    ``line`` maps a JSON pointer to its 1-based line, computed when first asked: most facts are never shown.
    """

    file: str
    observed_at: Instant
    observed_pointer: str
    node: str | None
    line: Callable[[str], int | None]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Document) and self[:4] == other[:4]

    def __hash__(self) -> int:
        return hash(self[:4])

    @property
    def is_reachability(self) -> bool:
        """Whether it says what somebody reached for, and not what a node says of itself."""
        return self.file.startswith("world/reachability/")

    @property
    def order(self) -> tuple[Instant, str]:
        """The newer wins; at a tie the later path."""
        return (self.observed_at, self.file)


class NodeReport(NamedTuple):
    """A document's word on a node's status."""

    status: str
    word: NodeWord
    since: Instant | None
    document: Document
    pointer: str


class ServiceReport(NamedTuple):
    """A document's word on a service's status, and what else it tells of it.

    ``detail`` is for people, ``restarts`` a count, ``exit_code`` that of its last run, ``last_success`` when a run last
    ended well, ``source`` what the observer asked. None where the document does not tell.
    """

    status: str
    word: ServiceWord
    since: Instant | None
    document: Document
    pointer: str
    detail: str | None = None
    restarts: int | None = None
    exit_code: int | None = None
    last_success: Instant | None = None
    source: str | None = None


class ServiceReports(Mapping[str, ServiceReport]):
    """What is said of the services of one node; ``words`` has the status of each.

    Nearly all are well, and of those nobody asks more: ``make`` makes their reports from name and status when somebody
    does. ``kept`` are the reports that cannot be made so, those of all that are not well among them. ``look_up`` makes
    the full report of a service whose report is not kept; it reads the document again, so ask it of few.
    """

    __slots__ = ("_look_up", "_make", "kept", "words")

    def __init__(
        self,
        words: dict[str, str],
        kept: dict[str, ServiceReport],
        make: Callable[[str, str], ServiceReport],
        look_up: Callable[[str], ServiceReport] | None = None,
    ) -> None:
        self.words, self.kept, self._make, self._look_up = words, kept, make, look_up

    def full(self, name: str) -> ServiceReport:
        """The report with everything that the document tells: since when, last success, detail."""
        return self[name] if name in self.kept or self._look_up is None else self._look_up(name)

    @classmethod
    def of(cls, reports: dict[str, ServiceReport]) -> ServiceReports:
        """All of them kept."""
        return cls({name: report.status for name, report in reports.items()}, reports, lambda name, _: reports[name])

    @classmethod
    def overlaid(cls, layers: Iterable[ServiceReports]) -> ServiceReports:
        """Of several that speak of a service the later one holds."""
        words: dict[str, str] = {}
        kept: dict[str, ServiceReport] = {}
        layer_of: dict[str, ServiceReports] = {}
        for layer in layers:
            for name in kept.keys() & layer.words.keys():
                del kept[name]
            words |= layer.words
            kept |= layer.kept
            layer_of |= dict.fromkeys(layer.words, layer)
        return cls(words, kept, lambda name, _: layer_of[name][name], lambda name: layer_of[name].full(name))

    @property
    def unwell(self) -> dict[str, ServiceReport]:
        """Those whose word is another than well, by far the fewest."""
        return {name: report for name, report in self.kept.items() if report.word is not ServiceWord.WELL}

    def __getitem__(self, name: str) -> ServiceReport:
        return self.kept.get(name) or self._make(name, self.words[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, name: object) -> bool:
        return name in self.words

    def keys(self) -> KeysView[str]:
        return self.words.keys()


class Deployment(NamedTuple):
    """One attempt to deploy a service."""

    id: str
    node: str
    service: str
    status: str
    outcome: DeploymentOutcome
    at: Instant
    document: Document
    pointer: str

    @property
    def order(self) -> tuple[Instant, str]:
        return (self.at, self.id)


class Incident(NamedTuple):
    """Something people or other programs opened."""

    id: str
    title: str
    status: str
    resolved: bool
    critical: bool
    node: str | None
    service: str | None
    opened_at: Instant | None
    document: Document
    pointer: str


class _Said(NamedTuple):
    document: Document
    nodes: Mapping[str, NodeReport] = NOTHING
    services: Mapping[str, ServiceReports] = NOTHING
    deployments: tuple[Deployment, ...] = ()
    incidents: tuple[Incident, ...] = ()
    lists_services: bool = False
    sources: Mapping[str, str] = NOTHING
    knows_inventory: bool = True


class Observation(_Said):
    """What one document says. ``lists_services``: a node's own document that has a ``services`` key.

    ``sources`` of a node's own document: by name ``ok``, or why it did not answer. ``knows_inventory`` is False where
    its observer could not use the inventory, and called everything by its own name.
    """

    @property
    def observes(self) -> bool:
        """Whether it says anything about nodes or services; deployments and incidents are told, not observed."""
        return bool(self.nodes or self.services) or (self.lists_services and self.document.node is not None)

    @cached_property
    def mentions(self) -> frozenset[str]:
        """The nodes that it speaks of, not counting deployments."""
        own = (self.document.node,) if self.document.node is not None and self.observes else ()
        return frozenset((*self.nodes, *self.services, *own))

    @cached_property
    def deployments_of(self) -> Mapping[str, list[Deployment]]:
        """Its deployments by node."""
        by_node: dict[str, list[Deployment]] = {}
        for deployment in self.deployments:
            by_node.setdefault(deployment.node, []).append(deployment)
        return by_node

    @cached_property
    def deployment(self) -> Mapping[str, Deployment]:
        """Its deployments by id."""
        return {deployment.id: deployment for deployment in self.deployments}


class UnreadableDocument(NamedTuple):
    """A world document that cannot be used; ``node`` is set when it is that node's own."""

    ref: InputRef
    errors: tuple[Problem, ...]
    node: str | None


Reading = Observation | UnreadableDocument


class NodeFacts(NamedTuple):
    """Everything the world says of one node.

    ``newest`` is the newest document that mentions it, None when there are only deployments; ``reports`` are the words
    on its status and ``listing`` the documents that list services of it, both the newest first; ``own``: it has a
    readable document of its own. ``unwell`` are those of ``services``; ``deployments`` are by service, the oldest
    first.
    """

    newest: Document | None = None
    reports: tuple[NodeReport, ...] = ()
    services: Mapping[str, ServiceReport] = NOTHING
    deployments: Mapping[str, tuple[Deployment, ...]] = NOTHING
    own: bool = False
    listing: tuple[Document, ...] = ()
    unwell: Mapping[str, ServiceReport] = NOTHING

    @property
    def documents(self) -> set[Document]:
        """Those whose age matters."""
        documents = {*self.listing, *(report.document for report in self.reports)}
        return documents if self.newest is None else {*documents, self.newest}


UNKNOWN_NODE = NodeFacts()


class Actual(NamedTuple):
    """The union of all world documents; ``core.state.world_union`` makes it.

    ``readings`` are the documents by any key that the reader likes; ``unreadable`` are those that cannot be used.
    ``folder`` is set when the world folder cannot be used as a whole.
    """

    readings: Mapping[str, Reading] = NOTHING
    nodes: Mapping[str, NodeFacts] = NOTHING
    incidents: Mapping[str, Incident] = NOTHING
    unreadable: tuple[UnreadableDocument, ...] = ()
    folder: InvalidInput | None = None

    @property
    def documents(self) -> Iterator[Document]:
        """Those that can be used, in no particular order."""
        return (reading.document for reading in self.readings.values() if isinstance(reading, Observation))

    @property
    def observing(self) -> Iterator[Document]:
        """Those that say anything about nodes or services."""
        return (
            reading.document
            for reading in self.readings.values()
            if isinstance(reading, Observation) and reading.observes
        )

    def facts(self, node: str) -> NodeFacts:
        return self.nodes.get(node, UNKNOWN_NODE)

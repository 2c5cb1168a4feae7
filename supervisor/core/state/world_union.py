"""The union of the world's documents: of two that speak of the same thing the newer wins, at a tie the later path.

What follows from a document is found through indexes, so that a change costs what the changed documents say, however
many others there are; what did not change stays the same object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from supervisor.core.model.actual import (
    Actual,
    Deployment,
    Document,
    Incident,
    NodeFacts,
    NodeReport,
    Observation,
    Reading,
    ServiceReports,
    UnreadableDocument,
)
from supervisor.core.model.problems import InvalidInput


def merge(
    observations: Iterable[Observation],
    unreadable: Iterable[UnreadableDocument] = (),
    folder: InvalidInput | None = None,
) -> Actual:
    """Lay documents over one another; the order they come in does not matter."""
    readings: dict[str, Reading | None] = {document.ref.path: document for document in unreadable}
    readings |= {observation.document.file: observation for observation in observations}
    return union_of(readings)._replace(folder=folder)


def union_of(readings: Mapping[str, Reading | None]) -> Actual:
    """The world of all these documents, by any key; None is passed over."""
    return WorldUnion().change(readings)


_NOBODY: frozenset[str] = frozenset()


class WorldUnion:
    """The documents of a world, and which of them has a say in what, from one change to the next.

    ``speakers`` are the documents that speak of a node or tell deployments of it, ``tellers`` those that tell of a
    deployment's id, ``reporters`` those that report incidents.
    """

    def __init__(self) -> None:
        self._readings: dict[str, Reading] = {}
        self._speakers = _Index()
        self._tellers = _Index()
        self._reporters: set[str] = set()
        self._actual = Actual()

    @property
    def actual(self) -> Actual:
        """The world as it is now."""
        return self._actual

    def change(self, changes: Mapping[str, Reading | None]) -> Actual:
        """The same world with some documents changed, or gone (None). What did not change stays the same object."""
        nodes: set[str] = set()
        changed: list[Reading] = []
        for key, new in changes.items():
            old = self._readings.get(key)
            if new is not None:
                # In its place: a dictionary without gaps is copied at once, and keeps its order.
                self._readings[key] = new
            elif old is not None:
                del self._readings[key]
            changed += [reading for reading in (old, new) if reading is not None]
            nodes |= self._replace(key, _observation(old), _observation(new))
        if changed:
            self._actual = self._union(nodes, changed)
        return self._actual

    def _replace(self, key: str, old: Observation | None, new: Observation | None) -> set[str]:
        """Note what a document has a say in; the nodes that this concerns."""
        before, after = _concerned(old), _concerned(new)
        nodes = {*before, *after}
        self._speakers.move(key, before, after)
        before, after = _told(old), _told(new)
        for ident in before | after:
            # Whoever else tells of this deployment may be heard now, or no longer, and may have it elsewhere.
            nodes |= {deployment.node for _, deployment in self._others(ident, key)}
        self._tellers.move(key, before, after)
        self._reporters.discard(key)
        if new is not None and new.incidents:
            self._reporters.add(key)
        return nodes

    def _union(self, concerned: Iterable[str], changed: Iterable[Reading]) -> Actual:
        before = self._actual
        nodes = dict(before.nodes)
        for node in concerned:
            speakers = self._speakers.of(node)
            if speakers:
                nodes[node] = self._facts(node, speakers)
            else:
                nodes.pop(node, None)
        incidents = any(isinstance(reading, Observation) and reading.incidents for reading in changed)
        unreadable = any(isinstance(reading, UnreadableDocument) for reading in changed)
        return Actual(
            dict(self._readings),
            nodes,
            self._all_incidents() if incidents else before.incidents,
            self._all_unreadable() if unreadable else before.unreadable,
        )

    def _others(self, ident: str, key: str) -> Iterator[tuple[Document, Deployment]]:
        """What other documents tell of a deployment."""
        for other in self._tellers.of(ident):
            seen = _observation(self._readings.get(other))
            if other != key and seen is not None and ident in seen.deployment:
                yield seen.document, seen.deployment[ident]

    def _holds(self, deployment: Deployment, key: str) -> bool:
        """Of several documents that tell of a deployment the newest holds; what other nodes tell of theirs is apart."""
        document = deployment.document
        others = [other for other, _ in self._others(deployment.id, key) if not _apart(document, other)]
        return all(document.order >= other.order for other in others)

    def _ordered(self, keys: Iterable[str]) -> list[tuple[str, Observation]]:
        """The oldest document first."""
        seen = [(key, reading) for key in keys if (reading := _observation(self._readings.get(key))) is not None]
        return sorted(seen, key=lambda entry: (entry[1].document.order, entry[0]))

    def _facts(self, node: str, speakers: Iterable[str]) -> NodeFacts:
        newest: Document | None = None
        reports: list[NodeReport] = []
        listing: list[Document] = []
        layers: list[ServiceReports] = []
        deployments: dict[str, list[Deployment]] = {}
        own = False
        for key, seen in self._ordered(speakers):
            if node in seen.mentions:
                newest = seen.document
            if node in seen.nodes:
                reports.append(seen.nodes[node])
            if node in seen.services:
                layers.append(seen.services[node])
            if node in seen.services or (seen.document.node == node and seen.lists_services):
                listing.append(seen.document)
            own |= seen.document.node == node
            for deployment in seen.deployments_of.get(node, ()):
                if self._holds(deployment, key):
                    deployments.setdefault(deployment.service, []).append(deployment)
        services = layers[0] if len(layers) == 1 else ServiceReports.overlaid(layers)
        return NodeFacts(
            newest,
            tuple(reversed(reports)),
            services,
            _by_age(deployments),
            own,
            tuple(reversed(listing)),
            services.unwell,
        )

    def _all_incidents(self) -> dict[str, Incident]:
        told: dict[str, dict[str | None, Incident]] = {}
        for _, seen in self._ordered(self._reporters):
            for incident in seen.incidents:
                told.setdefault(incident.id, {})[seen.document.node] = incident
        return {ident: _newest_of_each(by_node) for ident, by_node in told.items()}

    def _all_unreadable(self) -> tuple[UnreadableDocument, ...]:
        unreadable = [reading for reading in self._readings.values() if isinstance(reading, UnreadableDocument)]
        return tuple(sorted(unreadable, key=lambda document: document.ref.path))


class _Index:
    """Which documents have a say in what, by its name."""

    def __init__(self) -> None:
        self._documents: dict[str, tuple[str, ...]] = {}

    def of(self, name: str) -> tuple[str, ...]:
        return self._documents.get(name, ())

    def move(self, key: str, was: AbstractSet[str], now: AbstractSet[str]) -> None:
        """A document had a say in some things, and has it in others now."""
        for name in was - now:
            left = tuple(other for other in self._documents.pop(name) if other != key)
            if left:
                self._documents[name] = left
        for name in now - was:
            self._documents[name] = (*self.of(name), key)


def _observation(reading: Reading | None) -> Observation | None:
    return reading if isinstance(reading, Observation) else None


def _by_age(deployments: Mapping[str, list[Deployment]]) -> dict[str, tuple[Deployment, ...]]:
    """The oldest first."""
    return {
        service: tuple(sorted(told, key=lambda deployment: deployment.order)) for service, told in deployments.items()
    }


def _concerned(seen: Observation | None) -> AbstractSet[str]:
    """The nodes that a document speaks of, tells deployments of, or is the own document of."""
    if seen is None:
        return _NOBODY
    own = _NOBODY if seen.document.node is None else {seen.document.node}
    return seen.mentions | seen.deployments_of.keys() | own


def _told(seen: Observation | None) -> AbstractSet[str]:
    """The deployments that a document tells of."""
    return _NOBODY if seen is None else seen.deployment.keys()


def _apart(document: Document, other: Document) -> bool:
    """Whether these are own documents of two nodes: neither changes what the other tells."""
    return None not in (document.node, other.node) and document.node != other.node


def _newest_of_each(by_node: Mapping[str | None, Incident]) -> Incident:
    """An incident as told by own documents, each by its node, and by the others (None); each the newest of its kind.

    Where several nodes tell of it in their own documents, it is open while one of them says so, whichever spoke last.
    """
    general = by_node.get(None)
    words = [
        incident if general is None or incident.document.order > general.document.order else general
        for node, incident in by_node.items()
        if node is not None
    ]
    return min(words or [by_node[None]], key=lambda word: (word.resolved, not word.critical, word.document.file))

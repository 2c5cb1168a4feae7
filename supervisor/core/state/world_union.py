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
    readings: dict[str, Reading | None] = {one.ref.path: one for one in unreadable}
    readings |= {one.document.file: one for one in observations}
    return update(Actual(folder=folder), readings)


def update(actual: Actual, changes: Mapping[str, Reading | None]) -> Actual:
    """The same world with some documents changed, or gone (None)."""
    merger = _Merger(actual)
    for key, new in changes.items():
        merger.replace(key, new)
    return merger.actual()


class _Index:
    """Which documents have a say in what, by its name; ``of`` is copied when it is first changed."""

    def __init__(self, of: Mapping[str, tuple[str, ...]]) -> None:
        self.of = of
        self._own: dict[str, tuple[str, ...]] | None = None

    def move(self, key: str, was: AbstractSet[str], now: AbstractSet[str]) -> None:
        """A document had a say in some things, and has it in others now."""
        if was == now:
            return
        if self._own is None:
            self.of = self._own = dict(self.of)
        for name in was - now:
            left = tuple(one for one in self._own.pop(name) if one != key)
            if left:
                self._own[name] = left
        for name in now - was:
            self._own[name] = (*self._own.get(name, ()), key)


_NOBODY: frozenset[str] = frozenset()


class _Merger:
    """Replaces documents one by one and notes whom that concerns; ``actual`` draws the conclusions."""

    def __init__(self, actual: Actual) -> None:
        self._before = actual
        self._readings = dict(actual.readings)
        self._speakers = _Index(actual.speakers)
        self._tellers = _Index(actual.tellers)
        self._reporters = actual.reporters
        self._nodes: set[str] = set()
        self._incidents = False
        self._unreadable = False

    def replace(self, key: str, new: Reading | None) -> None:
        old = self._readings.pop(key, None)
        self._unreadable |= isinstance(old, UnreadableDocument) or isinstance(new, UnreadableDocument)
        if new is not None:
            self._readings[key] = new
        was = old if isinstance(old, Observation) else None
        now = new if isinstance(new, Observation) else None
        before, after = _concerned(was), _concerned(now)
        self._nodes |= before | after
        self._speakers.move(key, before, after)
        before, after = _told(was), _told(now)
        for ident in (before | after) & self._tellers.of.keys():
            # Whoever else tells of this deployment may be heard now, or no longer, and may have it elsewhere.
            self._nodes |= {one.node for _, one in self._others(ident, key)}
        self._tellers.move(key, before, after)
        if (was is not None and was.incidents) or (now is not None and now.incidents):
            self._incidents = True
            reports = now is not None and now.incidents
            self._reporters = self._reporters | {key} if reports else self._reporters - {key}

    def actual(self) -> Actual:
        nodes = dict(self._before.nodes)
        for node in self._nodes:
            speakers = self._speakers.of.get(node)
            if speakers:
                nodes[node] = self._facts(node, speakers)
            else:
                nodes.pop(node, None)
        return Actual(
            self._readings,
            nodes,
            self._all_incidents() if self._incidents else self._before.incidents,
            self._all_unreadable() if self._unreadable else self._before.unreadable,
            self._before.folder,
            self._speakers.of,
            self._tellers.of,
            self._reporters,
        )

    def _others(self, ident: str, key: str) -> Iterator[tuple[Document, Deployment]]:
        """What other documents tell of a deployment."""
        for other in self._tellers.of.get(ident, ()):
            reading = self._readings.get(other)
            if other != key and isinstance(reading, Observation) and ident in reading.deployment:
                yield reading.document, reading.deployment[ident]

    def _holds(self, one: Deployment, key: str) -> bool:
        """Of several documents that tell of a deployment the newest holds."""
        return all(one.document.order >= other.order for other, _ in self._others(one.id, key))

    def _ordered(self, keys: Iterable[str]) -> list[tuple[str, Observation]]:
        """The oldest document first."""
        found = [(key, seen) for key in keys if isinstance(seen := self._readings.get(key), Observation)]
        return sorted(found, key=lambda one: (one[1].document.order, one[0]))

    def _facts(self, node: str, speakers: Iterable[str]) -> NodeFacts:
        newest: Document | None = None
        report: NodeReport | None = None
        layers: list[ServiceReports] = []
        deployments: dict[str, list[Deployment]] = {}
        own = listed = False
        for key, seen in self._ordered(speakers):
            if node in seen.mentions:
                newest = seen.document
            report = seen.nodes.get(node, report)
            reports = seen.services.get(node)
            if reports is not None:
                layers.append(reports)
                listed = True
            if seen.document.node == node:
                own = True
                listed |= seen.lists_services
            for one in seen.deployments_of.get(node, ()):
                if self._holds(one, key):
                    deployments.setdefault(one.service, []).append(one)
        by_service = {service: tuple(sorted(some, key=lambda one: one.order)) for service, some in deployments.items()}
        services = layers[0] if len(layers) == 1 else ServiceReports.overlaid(layers)
        return NodeFacts(newest, report, services, by_service, own, listed, services.unwell)

    def _all_incidents(self) -> dict[str, Incident]:
        return {one.id: one for _, seen in self._ordered(self._reporters) for one in seen.incidents}

    def _all_unreadable(self) -> tuple[UnreadableDocument, ...]:
        found = [one for one in self._readings.values() if isinstance(one, UnreadableDocument)]
        return tuple(sorted(found, key=lambda one: one.ref.path))


def _concerned(seen: Observation | None) -> AbstractSet[str]:
    """The nodes that a document speaks of, or tells deployments of."""
    return _NOBODY if seen is None else seen.mentions | seen.deployments_of.keys()


def _told(seen: Observation | None) -> AbstractSet[str]:
    """The deployments that a document tells of."""
    return _NOBODY if seen is None else seen.deployment.keys()

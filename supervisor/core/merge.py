"""The union of the world's documents: of two that speak of the same thing the newer wins, at a tie the later path.

What follows from a document is found through indexes, so that a change costs what the changed documents say, however
many others there are; what did not change stays the same object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from supervisor.core.model import (
    Actual,
    Deployment,
    Document,
    Incident,
    InvalidInput,
    NodeFacts,
    NodeReport,
    Observation,
    Reading,
    ServiceReport,
    UnreadableDocument,
)
from supervisor.core.words import ServiceWord

Index = dict[str, frozenset[str]]


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


class _Merger:
    """Replaces documents one by one and notes whom that concerns; ``actual`` draws the conclusions."""

    def __init__(self, actual: Actual) -> None:
        self._before = actual
        self._readings = dict(actual.readings)
        self._speakers: Index = dict(actual.speakers)
        self._tellers: Index = dict(actual.tellers)
        self._reporters = actual.reporters
        self._nodes: set[str] = set()
        self._incidents = False
        self._unreadable = False

    def replace(self, key: str, new: Reading | None) -> None:
        old = self._readings.pop(key, None)
        self._unreadable |= isinstance(old, UnreadableDocument) or isinstance(new, UnreadableDocument)
        if isinstance(old, Observation):
            self._index(key, old, frozenset.difference)
        if new is not None:
            self._readings[key] = new
        if isinstance(new, Observation):
            self._index(key, new, frozenset.union)

    def actual(self) -> Actual:
        nodes = dict(self._before.nodes)
        for node in self._nodes:
            speakers = self._speakers.get(node)
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
            self._speakers,
            self._tellers,
            self._reporters,
        )

    def _index(
        self, key: str, seen: Observation, change: Callable[[frozenset[str], frozenset[str]], frozenset[str]]
    ) -> None:
        only = frozenset((key,))
        concerned = seen.mentions | seen.deployments_of.keys()
        for node in concerned:
            _change(self._speakers, node, change, only)
        self._nodes |= concerned
        for one in seen.deployments:
            # Whoever else tells of this deployment may be heard now, or no longer, and may have it elsewhere.
            for other in self._tellers.get(one.id, ()):
                self._nodes |= {told.node for told in self._told(other, one.id)}
            _change(self._tellers, one.id, change, only)
        if seen.incidents:
            self._incidents = True
            self._reporters = change(self._reporters, only)

    def _told(self, key: str, ident: str) -> Iterator[Deployment]:
        """The deployments of this id in a document (there is one at most)."""
        reading = self._readings.get(key)
        if isinstance(reading, Observation):
            yield from (one for one in reading.deployments if one.id == ident)

    def _holds(self, one: Deployment, key: str) -> bool:
        """Of several documents that tell of a deployment the newest holds."""
        others = self._tellers[one.id] - {key}
        return not others or one.document.order >= max(
            told.document.order for other in others for told in self._told(other, one.id)
        )

    def _ordered(self, keys: Iterable[str]) -> list[tuple[str, Observation]]:
        """The oldest document first."""
        found = [(key, seen) for key in keys if isinstance(seen := self._readings.get(key), Observation)]
        return sorted(found, key=lambda one: (one[1].document.order, one[0]))

    def _facts(self, node: str, speakers: Iterable[str]) -> NodeFacts:
        newest: Document | None = None
        report: NodeReport | None = None
        services: Mapping[str, ServiceReport] = {}
        deployments: dict[str, list[Deployment]] = {}
        own = listed = False
        for key, seen in self._ordered(speakers):
            if node in seen.mentions:
                newest = seen.document
            report = seen.nodes.get(node, report)
            reports = seen.services.get(node)
            if reports is not None:
                services = {**services, **reports} if services else reports
                listed = True
            if seen.document.node == node:
                own = True
                listed |= seen.lists_services
            for one in seen.deployments_of.get(node, ()):
                if self._holds(one, key):
                    deployments.setdefault(one.service, []).append(one)
        by_service = {service: tuple(sorted(some, key=lambda one: one.order)) for service, some in deployments.items()}
        unwell = {name: one for name, one in services.items() if one.word is not ServiceWord.WELL}
        return NodeFacts(newest, report, services, by_service, own, listed, unwell)

    def _all_incidents(self) -> dict[str, Incident]:
        return {one.id: one for _, seen in self._ordered(self._reporters) for one in seen.incidents}

    def _all_unreadable(self) -> tuple[UnreadableDocument, ...]:
        found = [one for one in self._readings.values() if isinstance(one, UnreadableDocument)]
        return tuple(sorted(found, key=lambda one: one.ref.path))


def _change(
    index: Index, key: str, change: Callable[[frozenset[str], frozenset[str]], frozenset[str]], only: frozenset[str]
) -> None:
    changed = change(index.get(key, frozenset()), only)
    if changed:
        index[key] = changed
    else:
        index.pop(key, None)

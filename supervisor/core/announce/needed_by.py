"""Who needs what is open though it is healthy itself: what will break next, on other nodes."""

from __future__ import annotations

from collections.abc import Iterable

from supervisor.core.judge.assessment import Picture, ServiceState, state_of
from supervisor.core.judge.recommend import expected
from supervisor.core.model.subjects import NodeRef, ServiceRef, Subject
from supervisor.core.state.graph import Graph


class Dependents:
    """A graph the other way round: which services need a service, as far as a node needs another.

    Whoever needs something of another node is on a node that looks at others, or is needed by a service of one; so it
    costs what crosses nodes, and not the fleet.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._of: dict[ServiceRef, list[ServiceRef]] = {}
        work = [ServiceRef(name, service) for name in graph.crossing for service in graph.declared[name].services]
        seen = set(work)
        while work:
            dependent = work.pop()
            for target in graph.blocking(dependent):
                self._of.setdefault(target, []).append(dependent)
                if target not in seen:
                    seen.add(target)
                    work.append(target)

    def __bool__(self) -> bool:
        """Whether any service needs another of another node."""
        return bool(self._of)

    def of(self, services: Iterable[ServiceRef]) -> set[ServiceRef]:
        """The services that need one of these, at any distance."""
        work, dependents = list(services), set[ServiceRef]()
        while work:
            for dependent in self._of.get(work.pop(), ()):
                if dependent not in dependents:
                    dependents.add(dependent)
                    work.append(dependent)
        return dependents


def needed_by(
    picture: Picture, dependents: Dependents, subject: Subject | None, affects: Iterable[Subject | None]
) -> tuple[str, ...]:
    """The healthy services on other nodes that need the subject, or what it affects; subjects as text, sorted.

    Of a node these are its expected services; an incident, and what is not a subject, is needed by nobody.
    """
    if isinstance(subject, ServiceRef):
        needed = [subject]
    elif isinstance(subject, NodeRef):
        node = picture.desired.nodes.get(subject.name)
        needed = [] if node is None else expected(node)
    else:
        needed = [ref for ref in affects if isinstance(ref, ServiceRef)]
    nodes = {ref.node for ref in needed}
    return tuple(
        sorted(
            str(ref)
            for ref in dependents.of(needed)
            if ref.node not in nodes and state_of(picture, ref) is ServiceState.HEALTHY
        )
    )

"""Who waits for whom: the dependencies that are not available, and where the chains of them end."""

from __future__ import annotations

from supervisor.core.judge.assessment import Picture, ServiceState, state_of
from supervisor.core.model.subjects import NodeRef, ServiceRef, Subject


class Chains:
    """The chains of one picture. What is asked of them is remembered: many services wait for the same few."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._unavailable: dict[ServiceRef, tuple[ServiceRef, ...]] = {}
        self._ends: dict[ServiceRef, frozenset[Subject]] = {}

    def unavailable(self, ref: ServiceRef) -> tuple[ServiceRef, ...]:
        """The direct dependencies of a service that are not available, sorted."""
        known = self._unavailable.get(ref)
        if known is None:
            known = self._unavailable[ref] = unavailable(self._picture, ref)
        return known

    def root_causes(self, ref: ServiceRef) -> frozenset[Subject]:
        """The ends of the chains of unavailable dependencies below a service (the graph has no cycles here)."""
        ends = self._ends
        work = [ref]
        while work:
            current = work[-1]
            if current in ends:
                # By another way meanwhile.
                work.pop()
                continue
            below = [target for target in self.unavailable(current) if self._end(target) is None]
            pending = [target for target in below if target not in ends]
            if pending:
                work.extend(pending)
                continue
            own = {end for target in self.unavailable(current) if (end := self._end(target)) is not None}
            ends[current] = frozenset(own).union(*(ends[target] for target in below))
            work.pop()
        return ends[ref]

    def _end(self, ref: ServiceRef) -> Subject | None:
        """The root cause that an unavailable dependency is by itself, or None when the chain goes on below it."""
        state = state_of(self._picture, ref)
        if state is ServiceState.NODE_AWAY:
            return NodeRef(ref.node)
        if state in (ServiceState.DISABLED, ServiceState.BROKEN) or not self.unavailable(ref):
            return ref
        return None


def unavailable(picture: Picture, ref: ServiceRef) -> tuple[ServiceRef, ...]:
    """The direct dependencies of a service that are not available, sorted."""
    return tuple(
        target for target in picture.graph.blocking(ref) if state_of(picture, target) is not ServiceState.HEALTHY
    )

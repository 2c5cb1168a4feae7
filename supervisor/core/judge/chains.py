"""Who waits for whom: the dependencies that are not available, and where the chains of them end."""

from __future__ import annotations

from supervisor.core.judge.assessment import Picture, ServiceState, state_of
from supervisor.core.model.subjects import NodeRef, ServiceRef, Subject


class Chains:
    """The chains of one picture. What is asked of them is remembered: many services wait for the same few."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._unavailable: dict[ServiceRef, tuple[ServiceRef, ...]] = {}
        self._states: dict[ServiceRef, ServiceState] = {}
        self._ends: dict[ServiceRef, frozenset[Subject]] = {}

    def unavailable(self, ref: ServiceRef) -> tuple[ServiceRef, ...]:
        """The direct dependencies of a service that are not available, sorted."""
        known = self._unavailable.get(ref)
        if known is None:
            blocking = self._picture.graph.blocking(ref)
            known = tuple(target for target in blocking if self._state(target) is not ServiceState.HEALTHY)
            self._unavailable[ref] = known
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
            stops = {target: self._end(target) for target in self.unavailable(current)}
            below = [target for target, end in stops.items() if end is None]
            pending = [target for target in below if target not in ends]
            if pending:
                work.extend(pending)
                continue
            own = frozenset(end for end in stops.values() if end is not None)
            ends[current] = own.union(*(ends[target] for target in below))
            work.pop()
        return ends[ref]

    def _end(self, ref: ServiceRef) -> Subject | None:
        """The root cause that an unavailable dependency is by itself, or None when the chain goes on below it."""
        state = self._state(ref)
        if state is ServiceState.NODE_AWAY:
            return NodeRef(ref.node)
        if state in (ServiceState.DISABLED, ServiceState.BROKEN) or not self.unavailable(ref):
            return ref
        return None

    def _state(self, ref: ServiceRef) -> ServiceState:
        state = self._states.get(ref)
        if state is None:
            state = self._states[ref] = state_of(self._picture, ref)
        return state

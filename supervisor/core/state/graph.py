"""Who depends on whom: what each ``depends_on`` entry means, and which entries are part of a cycle.

A function of the inventory alone. A node whose entries all name services of its own depends on its file alone, and what
was found for it holds as long as that is the same; a node that looks at others is looked at again when names change.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from itertools import chain, compress
from operator import is_, is_not
from typing import NamedTuple

from supervisor.core.model.desired import NOTHING, Desired, DesiredNode, DesiredService, Mention
from supervisor.core.model.problems import Level, Problem
from supervisor.core.model.subjects import NodeRef, ServiceRef, Subject
from supervisor.core.nearest import Guesses

Edges = dict[ServiceRef, dict[ServiceRef, Mention]]
"""The dependencies of each service, and where they are mentioned first."""

Cycles = Mapping[ServiceRef, int]
"""The services that are part of cycles, each with its cycle's number."""


class NodeLinks(NamedTuple):
    """What a node's services depend on.

    ``blocking``: for each service the dependencies that can hold it up, sorted, those of its own cycle left out.
    ``foreign``: what its judgement looks at elsewhere, services and nodes.
    """

    blocking: Mapping[str, tuple[ServiceRef, ...]] = NOTHING
    foreign: frozenset[Subject] = frozenset()


_NO_LINKS = NodeLinks()
_HOME = NodeLinks()
"""Of a node as most are: what a service of it depends on are other ones of it, and told by the inventory."""


class Graph(NamedTuple):
    """``nodes`` has the links of every node of the inventory, ``declared`` the nodes themselves.

    ``crossing`` are the nodes that look at others; ``warnings`` are sorted by place.
    """

    nodes: Mapping[str, NodeLinks] = NOTHING
    declared: Mapping[str, DesiredNode] = NOTHING
    crossing: frozenset[str] = frozenset()
    warnings: tuple[Problem, ...] = ()

    def blocking(self, ref: ServiceRef) -> tuple[ServiceRef, ...]:
        """The dependencies that can hold a service up."""
        links = self.nodes.get(ref.node, _NO_LINKS)
        if links is not _HOME:
            return links.blocking.get(ref.name, ())
        node = self.declared[ref.node]
        service = node.services.get(ref.name)
        named = () if service is None else {_at_home(entry.text, node, service) for entry in service.depends_on}
        return tuple(ServiceRef(ref.node, name) for name in sorted(filter(None, named)))

    def watchers(self, changed: AbstractSet[Subject]) -> list[str]:
        """The nodes whose findings look at what has changed elsewhere."""
        if not changed:
            return []
        return [name for name in self.crossing if not self.nodes[name].foreign.isdisjoint(changed)]


def problems_of(faults: Iterable[Problem], graph: Graph) -> tuple[Problem, ...]:
    """Those of the readers and of the graph, by their places."""
    return tuple(sorted({*faults, *graph.warnings}, key=lambda problem: problem.order))


def build_graph(desired: Desired) -> Graph:
    """Resolve every ``depends_on`` and ``failover`` entry; what names nothing or several things is a warning."""
    return GraphMemo().build(desired)


class GraphMemo:
    """What building a graph leaves for the next: it costs what has changed, and is the same as built from nothing."""

    def __init__(self) -> None:
        self._graph = Graph()
        self._names: _Names | None = None
        self._crossing: dict[str, _Resolved] = {}
        self._warned: dict[str, tuple[Problem, ...]] = {}
        self._cycles: tuple[Problem, ...] = ()

    def build(self, desired: Desired) -> Graph:
        """As ``build_graph``; the same object while the inventory declares the same."""
        nodes = desired.nodes
        changed = differing(self._graph.declared, nodes)
        if changed:
            self._graph = self._built(nodes, changed - nodes.keys(), changed & nodes.keys())
        return self._graph

    def _built(self, nodes: Mapping[str, DesiredNode], gone: set[str], due: set[str]) -> Graph:
        names = self._names
        if names is None or gone or any(names.differ(nodes[name]) for name in due):
            self._names = names = _Names(nodes)
            due = due | (self._crossing.keys() & nodes.keys())
        fresh = {name: _resolve_all(nodes[name], names) for name in sorted(due)}
        crossed = any(name in self._crossing or (name in fresh and fresh[name].crosses) for name in gone | due)
        links = dict(self._graph.nodes)
        for name in gone:
            del links[name]
        for name in gone | due:
            self._warned.pop(name, None)
            self._crossing.pop(name, None)
        for name, resolved in fresh.items():
            if resolved.links is not None:
                links[name] = resolved.links
            else:
                self._crossing[name] = resolved
            if resolved.warnings:
                self._warned[name] = resolved.warnings
        if crossed:
            self._cross(links)
        warnings = sorted(chain(*self._warned.values(), self._cycles), key=lambda problem: problem.order)
        return Graph(links, nodes, frozenset(self._crossing), tuple(warnings))

    def _cross(self, links: dict[str, NodeLinks]) -> None:
        """Link the nodes that look at others. A cycle through several nodes takes only such nodes."""
        cycles = _cycles(
            {ref: targets for resolved in self._crossing.values() for ref, targets in resolved.edges.items()}
        )
        for name, resolved in self._crossing.items():
            linked, before = _links(resolved.node, resolved.edges, cycles), self._graph.nodes.get(name)
            links[name] = before if before is not None and before == linked else linked
        self._cycles = tuple(_cycle_warnings(self._crossing.values(), cycles))


def differing(old: Mapping[str, object], new: Mapping[str, object]) -> set[str]:
    """The keys under which there are different objects."""
    if old is new:
        return set()
    if len(old) == len(new) and all(map(is_, old, new)):
        # The same keys in the same order, as it is nearly always: nothing is looked up.
        return set(compress(new, map(is_not, old.values(), new.values())))
    return {key for key, value in new.items() if old.get(key) is not value} | (old.keys() - new.keys())


class _Resolved(NamedTuple):
    """The entries of one node resolved.

    A node ``crosses`` when the names of others take part in that. Its ``edges`` are kept until all are known, and
    ``warnings`` does not have its cycles yet; for other nodes nothing but ``links`` and ``warnings`` is needed.
    """

    node: DesiredNode
    links: NodeLinks | None
    edges: Edges
    warnings: tuple[Problem, ...]

    @property
    def crosses(self) -> bool:
        return self.links is None


class _Names:
    """The names that entries can mean."""

    def __init__(self, nodes: Mapping[str, DesiredNode]) -> None:
        self.nodes = nodes

    def differ(self, node: DesiredNode) -> bool:
        """Whether a node's file declares other names than it did."""
        old = self.nodes.get(node.name)
        return (
            old is None
            or old.services.keys() != node.services.keys()
            or (old.broken, old.services_known) != (node.broken, node.services_known)
        )

    @cached_property
    def where(self) -> Mapping[str, list[str]]:
        """The nodes of each service's name."""
        where: defaultdict[str, list[str]] = defaultdict(list)
        for node in self.nodes.values():
            for name in {*node.services, *node.broken}:
                where[name].append(node.name)
        return where

    @cached_property
    def unusable(self) -> str | None:
        """The first file that cannot be used: it may hold what is looked for."""
        return min((node.file for node in self.nodes.values() if not node.services_known), default=None)

    def elsewhere(self, text: str) -> ServiceRef | list[str]:
        """``node/service``, else the only service so named; a list of nodes when that is none or several."""
        head, slash, rest = text.partition("/")
        other = self.nodes.get(head) if slash else None
        if other is not None and (rest in other.services or rest in other.broken or not other.services_known):
            return ServiceRef(head, rest)
        nodes = self.where.get(text, [])
        return ServiceRef(nodes[0], text) if len(nodes) == 1 else sorted(nodes)


def _resolve_all(node: DesiredNode, names: _Names) -> _Resolved:
    if _is_simple(node):
        return _Resolved(node, _HOME, {}, ())
    edges: Edges = {}
    warnings: list[Problem] = []
    guess = Guesses(chain(node.services, node.broken), 0.8)
    crosses = bool(node.failover)
    for service in node.services.values():
        if not service.depends_on:
            continue
        ref = ServiceRef(node.name, service.name)
        for entry in service.depends_on:
            name = _at_home(entry.text, node, service)
            crosses |= name is None
            target = names.elsewhere(entry.text) if name is None else ServiceRef(node.name, name)
            if isinstance(target, ServiceRef):
                edges.setdefault(ref, {}).setdefault(target, entry)
            else:
                doubt = (
                    f" (it may be in {names.unusable}, which cannot be used)" if names.unusable and not target else ""
                )
                warnings.append(_dependency_warning(node, service, entry, target, doubt, guess))
    guess = Guesses(names.nodes)
    for entry in node.failover:
        if entry.text not in names.nodes:
            message = f"failover node {entry.text!r} is not in the inventory{guess(entry.text)}; entry ignored"
            warnings.append(Problem(node.file, entry.line, entry.column, Level.WARNING, message, "/node/failover"))
    if crosses:
        return _Resolved(node, None, edges, tuple(warnings))
    cycles = _cycles(edges)
    warnings += _cycle_warnings([_Resolved(node, None, edges, ())], cycles)
    return _Resolved(node, _links(node, edges, cycles), {}, tuple(warnings))


def _is_simple(node: DesiredNode) -> bool:
    """Whether what depends on anything depends on earlier services of the same node, as it is in most."""
    if node.failover:
        return False
    earlier: set[str] = set()
    for service in node.services.values():
        if service.depends_on:
            for entry in service.depends_on:
                name = _at_home(entry.text, node, service)
                if name is None:
                    return False
                target = node.services.get(name)
                if target is not None and target.depends_on and name not in earlier:
                    # Perhaps a cycle.
                    return False
            earlier.add(service.name)
    return True


def _at_home(text: str, node: DesiredNode, service: DesiredService) -> str | None:
    """The service meant, if it is one of the same stack or else of the same node."""
    if "/" in service.name:
        near = f"{service.name.rpartition('/')[0]}/{text}"
        if near in node.services or near in node.broken:
            return near
    return text if text in node.services or text in node.broken else None


def _links(node: DesiredNode, edges: Edges, cycles: Cycles) -> NodeLinks:
    blocking: dict[str, tuple[ServiceRef, ...]] = {}
    for ref, targets in edges.items():
        held = [target for target in targets if not _in_one_cycle(cycles, ref, target)] if cycles else list(targets)
        blocking[ref.name] = tuple(sorted(held, key=str) if len(held) > 1 else held)
    foreign: set[Subject] = {NodeRef(entry.text) for entry in node.failover}
    for held_up_by in blocking.values():
        for target in held_up_by:
            if target.node != node.name:
                foreign |= {target, NodeRef(target.node)}
    return NodeLinks(blocking, frozenset(foreign))


def _dependency_warning(
    node: DesiredNode, service: DesiredService, entry: Mention, nodes: list[str], doubt: str, guess: Guesses
) -> Problem:
    if nodes:
        choice = ", ".join(f"{name}/{entry.text}" for name in nodes[:5])
        message = (
            f"{service.name!r} depends on {entry.text!r}, which is on several nodes; write one of {choice}; "
            "entry ignored"
        )
    else:
        message = (
            f"{service.name!r} depends on {entry.text!r}: no such service{doubt}{guess(entry.text)}; entry ignored"
        )
    return Problem(node.file, entry.line, entry.column, Level.WARNING, message, f"{service.pointer}/depends_on")


def _cycle_warnings(among: Iterable[_Resolved], cycles: Cycles) -> Iterator[Problem]:
    """One warning for each cycle, at its first entry in the order of files and lines."""
    inner: defaultdict[int, list[tuple[str, int, int, ServiceRef]]] = defaultdict(list)
    for resolved in among if cycles else ():
        for ref, targets in resolved.edges.items():
            for target, entry in targets.items():
                if _in_one_cycle(cycles, ref, target):
                    inner[cycles[ref]].append((resolved.node.file, entry.line, entry.column, ref))
    for places in inner.values():
        file, line, column, _ = min(places, key=lambda place: place[:3])
        members = sorted({str(place[3]).removeprefix("service:") for place in places})
        names = ", ".join(members[:5]) + (f" and {len(members) - 5} more" if len(members) > 5 else "")
        what = "depends on itself" if len(members) == 1 else "depend on one another in a cycle"
        message = f"{names} {what}; the members of a cycle do not block each other"
        yield Problem(file, line, column, Level.WARNING, message)


def _in_one_cycle(cycles: Cycles, ref: ServiceRef, target: ServiceRef) -> bool:
    return ref in cycles and cycles[ref] == cycles.get(target)


def _cycles(edges: Edges) -> Cycles:
    """The services that are part of cycles, each with its cycle's number."""
    before: set[ServiceRef] = set()
    for ref, targets in edges.items():
        if not all(target in before or target not in edges for target in targets):
            break
        before.add(ref)
    else:
        # Everything comes after what it depends on, as people mostly write it: there can be none.
        return {}
    component = _components(edges)
    size = Counter(component.values())
    return {ref: number for ref, number in component.items() if size[number] > 1 or ref in edges.get(ref, ())}


def _components(edges: Edges) -> dict[ServiceRef, int]:
    """Number the strongly connected components (Tarjan, without recursion: a chain may be as long as the fleet)."""
    index: dict[ServiceRef, int] = {}
    low: dict[ServiceRef, int] = {}
    component: dict[ServiceRef, int] = {}
    stack: list[ServiceRef] = []

    def visit(ref: ServiceRef) -> tuple[ServiceRef, Iterator[ServiceRef]]:
        index[ref] = low[ref] = len(index)
        stack.append(ref)
        return ref, iter(edges.get(ref, ()))

    def close(ref: ServiceRef) -> None:
        """``ref`` is the first of its component: take the component off the stack."""
        member = None
        while member != ref:
            member = stack.pop()
            component[member] = index[ref]

    for start in edges:
        work = [visit(start)] if start not in index else []
        while work:
            ref, targets = work[-1]
            for target in targets:
                if target not in index:
                    work.append(visit(target))
                    break
                if target not in component:
                    low[ref] = min(low[ref], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[ref])
                if low[ref] == index[ref]:
                    close(ref)
    return component

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
    """``nodes`` has the links of every node of the inventory; ``crossing`` those of them that look at others.

    ``of`` (the nodes of the inventory), ``warned`` (the warnings of nodes) and ``names`` are for the next one.
    """

    nodes: Mapping[str, NodeLinks] = NOTHING
    crossing: Mapping[str, _Resolved] = NOTHING
    warnings: tuple[Problem, ...] = ()
    of: Mapping[str, DesiredNode] = NOTHING
    warned: Mapping[str, tuple[Problem, ...]] = NOTHING
    names: _Names | None = None

    def blocking(self, ref: ServiceRef) -> tuple[ServiceRef, ...]:
        """The dependencies that can hold a service up."""
        links = self.nodes.get(ref.node, _NO_LINKS)
        if links is not _HOME:
            return links.blocking.get(ref.name, ())
        node = self.of[ref.node]
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
    return tuple(sorted({*faults, *graph.warnings}, key=lambda one: one.order))


def build_graph(desired: Desired, before: Graph | None = None) -> Graph:
    """Resolve every ``depends_on`` and ``failover`` entry; what names nothing or several things is a warning.

    What cannot have changed since ``before`` is taken from there.
    """
    before = before or Graph()
    nodes = desired.nodes
    changed = differing(before.of, nodes)
    if not changed:
        return before
    gone, due = changed - nodes.keys(), changed & nodes.keys()
    names = before.names
    if names is None or gone or any(names.differ(nodes[name]) for name in due):
        names = _Names(nodes)
        due |= before.crossing.keys() & nodes.keys()
    fresh = {name: _resolve_all(nodes[name], names) for name in sorted(due)}
    kept = gone | due
    # A cycle through several nodes takes only nodes that look at others.
    crossing = {name: one for name, one in before.crossing.items() if name not in kept}
    crossing |= {name: one for name, one in fresh.items() if one.crosses}
    warned = {name: some for name, some in before.warned.items() if name not in kept}
    warned |= {name: one.warnings for name, one in fresh.items() if one.warnings}
    links = {**before.nodes, **{name: one.links for name, one in fresh.items() if one.links is not None}}
    for name in gone:
        del links[name]
    cycles = _cycles({ref: targets for one in crossing.values() for ref, targets in one.edges.items()})
    for name, one in crossing.items():
        found = _links(one.node, one.edges, cycles)
        if links.get(name) != found:
            links[name] = found
    warnings = chain(*warned.values(), _cycle_warnings(crossing.values(), cycles))
    return Graph(links, crossing, tuple(sorted(warnings, key=lambda one: one.order)), nodes, warned, names)


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
        found = self.where.get(text, [])
        return ServiceRef(found[0], text) if len(found) == 1 else sorted(found)


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
            message = f"failover node {entry.text!r} is not in the inventory{guess(entry.text)}; ignored"
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
        held = [one for one in targets if not _in_one(cycles, ref, one)] if cycles else list(targets)
        blocking[ref.name] = tuple(sorted(held, key=str) if len(held) > 1 else held)
    foreign: set[Subject] = {NodeRef(entry.text) for entry in node.failover}
    for held_up_by in blocking.values():
        for target in held_up_by:
            if target.node != node.name:
                foreign |= {target, NodeRef(target.node)}
    return NodeLinks(blocking, frozenset(foreign))


def _dependency_warning(
    node: DesiredNode, service: DesiredService, entry: Mention, found: list[str], doubt: str, guess: Guesses
) -> Problem:
    if found:
        choice = ", ".join(f"{name}/{entry.text}" for name in found[:5])
        message = (
            f"{service.name!r} depends on {entry.text!r}, which is on several nodes; write one of {choice}; ignored"
        )
    else:
        message = (
            f"{service.name!r} depends on {entry.text!r}, which names no service{doubt}{guess(entry.text)}; ignored"
        )
    return Problem(node.file, entry.line, entry.column, Level.WARNING, message, f"{service.pointer}/depends_on")


def _cycle_warnings(among: Iterable[_Resolved], cycles: Cycles) -> Iterator[Problem]:
    """One warning for each cycle, at its first entry in the order of files and lines."""
    inner: defaultdict[int, list[tuple[str, int, int, ServiceRef]]] = defaultdict(list)
    for one in among if cycles else ():
        for ref, targets in one.edges.items():
            for target, entry in targets.items():
                if _in_one(cycles, ref, target):
                    inner[cycles[ref]].append((one.node.file, entry.line, entry.column, ref))
    for places in inner.values():
        file, line, column, _ = min(places, key=lambda place: place[:3])
        members = sorted({str(place[3]).removeprefix("service:") for place in places})
        names = ", ".join(members[:5]) + (f" and {len(members) - 5} more" if len(members) > 5 else "")
        what = "depends on itself" if len(members) == 1 else "depend on one another in a cycle"
        message = f"{names} {what}; the members of a cycle do not block each other"
        yield Problem(file, line, column, Level.WARNING, message)


def _in_one(cycles: Cycles, ref: ServiceRef, target: ServiceRef) -> bool:
    return ref in cycles and cycles[ref] == cycles.get(target)


def _cycles(edges: Edges) -> Cycles:
    """The services that are part of cycles, each with its cycle's number."""
    before: set[ServiceRef] = set()
    for ref, targets in edges.items():
        if not all(one in before or one not in edges for one in targets):
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

"""Who depends on whom: what each ``depends_on`` entry means, and which entries are part of a cycle.

A function of the inventory alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from supervisor.core.model import Desired, DesiredNode, DesiredService, Level, Mention, Problem, ServiceRef
from supervisor.core.nearest import Guesses


@dataclass(frozen=True, slots=True)
class Graph:
    """``blocking``: for each service the dependencies that can hold it up, sorted, those of its own cycle left out."""

    blocking: Mapping[ServiceRef, tuple[ServiceRef, ...]]
    warnings: tuple[Problem, ...]


def build_graph(desired: Desired) -> Graph:
    """Resolve every ``depends_on`` and ``failover`` entry; what names nothing or several things is a warning."""
    where: defaultdict[str, list[str]] = defaultdict(list)
    for node in desired.nodes.values():
        for name in {*node.services, *node.broken}:
            where[name].append(node.name)
    unusable = sorted(node.file for node in desired.nodes.values() if not node.services_known)
    edges: dict[ServiceRef, dict[ServiceRef, Mention]] = {}
    warnings: list[Problem] = []
    for node in desired.nodes.values():
        guess = Guesses(chain(node.services, node.broken), 0.8)
        for service in node.services.values():
            for entry in service.depends_on:
                target = _resolve(entry.text, node, service, desired.nodes, where)
                if isinstance(target, ServiceRef):
                    edges.setdefault(ServiceRef(node.name, service.name), {}).setdefault(target, entry)
                else:
                    doubt = f" (it may be in {unusable[0]}, which cannot be used)" if unusable and not target else ""
                    warnings.append(_dependency_warning(node, service, entry, target, doubt, guess))
        guess = Guesses(desired.nodes)
        for entry in node.failover:
            if entry.text not in desired.nodes:
                message = f"failover node {entry.text!r} is not in the inventory{guess(entry.text)}; ignored"
                warnings.append(Problem(node.file, entry.line, entry.column, Level.WARNING, message, "/node/failover"))
    component = _components(edges)
    warnings += _cycle_warnings(desired, edges, component)
    blocking = {
        ref: tuple(sorted((t for t in targets if component[ref] != component[t]), key=str))
        for ref, targets in edges.items()
    }
    return Graph(blocking, tuple(sorted(warnings, key=lambda problem: problem.order)))


def _resolve(
    text: str,
    node: DesiredNode,
    service: DesiredService,
    nodes: Mapping[str, DesiredNode],
    where: Mapping[str, list[str]],
) -> ServiceRef | list[str]:
    """The service meant: of the same stack, else of the same node, else ``node/service``, else the only one so named.

    A list (empty or of several nodes) when it names nothing or several things.
    """
    stack = service.name.rpartition("/")[0]
    for name in (f"{stack}/{text}", text) if stack else (text,):
        if name in node.services or name in node.broken:
            return ServiceRef(node.name, name)
    head, slash, rest = text.partition("/")
    other = nodes.get(head) if slash else None
    if other is not None and (rest in other.services or rest in other.broken or not other.services_known):
        return ServiceRef(head, rest)
    found = where.get(text, [])
    return ServiceRef(found[0], text) if len(found) == 1 else sorted(found)


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


def _cycle_warnings(
    desired: Desired, edges: Mapping[ServiceRef, Mapping[ServiceRef, Mention]], component: Mapping[ServiceRef, int]
) -> Iterable[Problem]:
    """One warning for each cycle, at its first entry in the order of files and lines."""
    inner: defaultdict[int, list[tuple[str, int, int, ServiceRef]]] = defaultdict(list)
    for ref, targets in edges.items():
        for target, entry in targets.items():
            if component[ref] == component[target]:
                inner[component[ref]].append((desired.nodes[ref.node].file, entry.line, entry.column, ref))
    for places in inner.values():
        file, line, column, _ = min(places, key=lambda place: place[:3])
        members = sorted({str(place[3]).removeprefix("service:") for place in places})
        names = ", ".join(members[:5]) + (f" and {len(members) - 5} more" if len(members) > 5 else "")
        what = "depends on itself" if len(members) == 1 else "depend on one another in a cycle"
        message = f"{names} {what}; the members of a cycle do not block each other"
        yield Problem(file, line, column, Level.WARNING, message)


def _components(edges: Mapping[ServiceRef, Iterable[ServiceRef]]) -> dict[ServiceRef, int]:
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

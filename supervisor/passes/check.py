"""One look at both folders for ``check``: every problem, and the hints that it takes both folders to see.

Each rule is one function; ``RULES`` is the list of them. A hint never touches a judgement, and stands in no report.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from supervisor.core.instant import Instant, format_duration, format_instant
from supervisor.core.model.actual import Actual, Observation
from supervisor.core.model.desired import Desired
from supervisor.core.model.problems import Level, Problem
from supervisor.core.state.graph import build_graph, problems_of
from supervisor.core.text import printable, quoted
from supervisor.files.inventory.load import load_inventory
from supervisor.files.reading import Settle, printable_path
from supervisor.files.settings import Settings
from supervisor.files.world.load import load_world

_NAMED = 5
"""Nodes that a line names; of more it says how many."""


class Checked(NamedTuple):
    """What is wrong, by its places, and what is said at the end."""

    problems: tuple[Problem, ...]
    closing: tuple[str, ...]


class Seen(NamedTuple):
    """Both sides as they were read, at a moment."""

    desired: Desired
    actual: Actual
    settings: Settings
    now: Instant


def check(settings: Settings, now: Instant, settle: Settle | None = None) -> Checked:
    """Read everything and judge nothing."""
    inventory = load_inventory(settings.inventory, settings.max_input_bytes, settle)
    world = load_world(settings.world, settings.max_input_bytes, settle)
    seen = Seen(inventory.value, world.value, settings, now)
    hints = [hint for rule in RULES for hint in rule(seen)]
    faults = (*inventory.problems, *inventory.hints, *world.problems, *hints)
    problems = problems_of(faults, build_graph(inventory.value))
    return Checked(problems, tuple(_closing(seen, clean=not problems)))


def nodes_by_another_name(seen: Seen) -> Iterator[Problem]:
    """A node of the world that is probably one of the inventory's: by case or domain, or because that one is silent."""
    desired, actual = seen.desired, seen.actual
    if desired.folder is not None or actual.folder is not None:
        return
    spelled = {_plain(name): name for name in sorted(desired.nodes, reverse=True)}
    silent = [name for name, node in desired.nodes.items() if node.declared and actual.facts(name).newest is None]
    for name in sorted(actual.nodes.keys() - desired.nodes.keys()):
        document = actual.facts(name).newest
        if document is None:
            continue
        meant = spelled.get(_plain(name))
        if meant is not None:
            hint = f"; did you mean {meant}?"
        elif silent:
            hint = f"; nothing was ever reported of {_some(silent)}"
        else:
            continue
        yield _hint(document.file, None, f"names the node {quoted(name)}, which the inventory does not have{hint}")


def stale_documents(seen: Seen) -> Iterator[Problem]:
    """Each document that observes and is too old, or ahead of the clock, to be believed."""
    limit = seen.settings.stale_after
    for reading in seen.actual.readings.values():
        if not isinstance(reading, Observation):
            continue
        document = reading.document
        observes = reading.nodes or reading.services or (document.node is not None and reading.lists_services)
        if observes and abs(seen.now - document.observed_at) > limit:
            line = document.line(document.observed_pointer) if document.observed_pointer else None
            then = format_instant(document.observed_at)
            yield _hint(document.file, line, f"is stale: it is of {then}, and stale_after is {format_duration(limit)}")


RULES: tuple[Callable[[Seen], Iterator[Problem]], ...] = (nodes_by_another_name, stale_documents)


def _closing(seen: Seen, *, clean: bool) -> Iterator[str]:
    nodes, documents = len(seen.desired.nodes), len(seen.actual.readings)
    without = [name for name, node in seen.desired.nodes.items() if not node.addresses and node.declared]
    if nodes > 1 and without:
        yield f"without an address: {_some(without)}; when such a node dies, it can only be called unobserved"
    if clean:
        yield f"no problems: {nodes} nodes, {documents} world documents"
    folders = (os.path.abspath(folder) for folder in (seen.settings.inventory, seen.settings.world))
    yield f"read: {' and '.join(map(printable_path, folders))}"


def _plain(name: str) -> str:
    """A node's name without case and domain."""
    return name.casefold().partition(".")[0]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _hint(file: str, line: int | None, message: str) -> Problem:
    return Problem(file, line, None, Level.WARNING, printable(message))

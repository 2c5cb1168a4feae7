"""One look: ask all sources at once, and write the documents of what they say."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, Protocol

from supervisor.core.instant import SECOND, Duration, Instant
from supervisor.core.model.desired import Desired, DesiredNode, DesiredService
from supervisor.core.text import json_text
from supervisor.errors import InputError, ObserverError
from supervisor.files import atomic
from supervisor.files.inventory.load import load_inventory
from supervisor.files.reading import Settle, printable_path, read_text
from supervisor.observe.asking import Asking
from supervisor.observe.deadline import Deadline
from supervisor.observe.document import node_document
from supervisor.observe.gateway import gateway_answers
from supervisor.observe.hands import Hand
from supervisor.observe.marks import Marks, marks_of_this_machine
from supervisor.observe.memory import Memory
from supervisor.observe.reach import longest, reach
from supervisor.observe.reachability import CUT_OFF, believed, reachability_document, reaches_nobody
from supervisor.observe.settings import ObserverSettings
from supervisor.observe.sighting import Reached
from supervisor.observe.sources import KINDS
from supervisor.observe.sources.source import Source

_DOCUMENT_LIMIT = 64 << 20
_WRITTEN: Duration = 60 * SECOND
"""A document is written within it: `observe --once` may meet one that the observer beside it is just writing."""
_ALIVE = 3
"""A node whose own document is younger than so many intervals speaks for itself."""


class LookClock(Protocol):
    """The real clock, or that of a test."""

    def now(self) -> Instant: ...

    def monotonic(self) -> int: ...


class Observer:
    """Looks, and writes what it saw. What is remembered from look to look is in the documents, and survives a restart.

    ``settle`` is for reading an inventory that may be edited just now; ``waiting`` is called again and again while a
    look waits for its sources.
    """

    def __init__(
        self,
        settings: ObserverSettings,
        clock: LookClock,
        settle: Settle | None = None,
        waiting: Callable[[], None] = lambda: None,
        marks: Marks | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._settle = settle
        self._waiting = waiting
        self._marks = marks or marks_of_this_machine()
        self._asking = Asking(clock.monotonic, waiting)
        self._reaching: Hand[_Round] | None = None
        self._usable: DesiredNode | None = None
        self._knows_names = False
        self._own = os.path.join(settings.world, "nodes", f"{settings.node}.json")
        self._others = os.path.join(settings.world, "reachability", f"{settings.node}.json")
        self.notices: list[str] = []
        """What was out of order at the last look, for people; the same as long as nothing changes."""

    def sweep(self) -> None:
        """Take away what a killed observer has left of its documents, but not what another just writes."""
        for path in (self._own, self._others):
            atomic.sweep(path, self._clock.now() - _WRITTEN)

    def look(self) -> None:
        """One look at everything, and the documents of it; ObserverError when one of them cannot be written."""
        self.notices = []
        settings, now = self._settings, self._clock.now()
        desired = load_inventory(settings.inventory, settings.max_input_bytes, self._settle).value
        services = self._services(desired)
        reaching = self._reach(desired) if settings.reachability else None
        name = os.path.join("nodes", os.path.basename(self._own))
        previous, strange = self._marks.recall(self._previous(self._own), name, settings.interval, now)
        memory = Memory(previous)
        seen = self._asking.ask(self._sources(memory.sources), services, settings.timeout, memory.silent, now)
        faults: list[str] = []
        if seen.answered or seen.failed:
            document = node_document(seen, services, previous, settings.crash_window)
            self._try(faults, self._own, self._marks.mark(document | self._without_names()))
            self.notices += self._ambiguous(document["services"])
        else:
            # Without anything to look at it knows nothing of the node's services, not even that there are none.
            self.notices.append("there is nothing to look at: no engine's socket, and no systemd")
        if reaching is not None:
            self._write_reached(faults, *reaching, now)
        self.notices += [f"{name} {why}" for name, why in sorted(seen.failed.items())]
        self.notices += [strange] if strange is not None else []
        if faults:
            raise ObserverError("\n".join(faults))

    # --- what is expected

    def _services(self, desired: Desired) -> Mapping[str, DesiredService]:
        node = desired.nodes.get(self._settings.node)
        broken = desired.folder is not None or (node is not None and not (node.services_known and not node.broken))
        if broken and self._usable is not None:
            self.notices.append("the inventory cannot be used as it is; the names it gave before hold")
        elif broken and node is None:
            self.notices.append("without an inventory that can be used, everything has its own name")
        if node is not None and (not broken or self._usable is None):
            self._usable = node
        elif not broken:
            self._usable = None
        self._knows_names = self._usable.services_known if self._usable is not None else not broken
        return self._usable.services if self._usable is not None else {}

    def _without_names(self) -> dict[str, bool]:
        """What the document says where the names of the inventory are not known: nothing is told of them then."""
        return {} if self._knows_names else {"inventory": False}

    def _ambiguous(self, entries: Mapping[str, Mapping[str, Any]]) -> list[str]:
        node = self._usable
        return [
            f"{node.file}:{node.services[name].line}: {name}: {entry['detail']}"
            for name, entry in entries.items()
            if "could_be" in entry and node is not None
        ]

    # --- this node's services

    def _sources(self, earlier: tuple[str, ...]) -> list[Source]:
        started = [kind.start(self._settings.sources, earlier) for kind in KINDS]
        self.notices += [notice for opened in started for notice in opened.notices]
        return [source for opened in started for source in opened.sources]

    # --- other nodes

    def _reach(self, desired: Desired) -> tuple[Hand[_Round], Duration] | None:
        """The start of a look for the other nodes, and how long it may take; None when there are none."""
        others = {
            name: node.addresses
            for name, node in desired.nodes.items()
            if node.addresses and name != self._settings.node
        }
        if not others and not os.path.exists(self._others):
            return None
        if self._reaching is None or self._reaching.over:
            self._reaching = Hand("look for other nodes", partial(_look_for, others, self._settings.timeout))
        return self._reaching, longest(others, self._settings.timeout)

    def _write_reached(self, faults: list[str], reaching: Hand[_Round], patience: Duration, now: Instant) -> None:
        if not reaching.wait(Deadline(patience, self._clock.monotonic), self._waiting):
            self.notices.append("the look for other nodes does not come to an end")
        elif reaching.failure is not None:
            self.notices.append(f"the look for other nodes {reaching.failure}")
        else:
            previous = self._previous(self._others)
            nodes = believed(reaching.result.reached, previous, reaching.result.gateway)
            if CUT_OFF in nodes.values():
                self.notices.append(f"this machine {CUT_OFF.detail}")
            silent = {name: node for name, node in nodes.items() if not self._speaks_for_itself(name, node.status, now)}
            self._try(faults, self._others, reachability_document(nodes, previous, now, silent=silent))

    def _speaks_for_itself(self, node: str, status: str, now: Instant) -> bool:
        """Has it a document of its own that would know better?

        When the node answers: any. The age of that document tells whether its services are known, and must not be
        hidden by our younger word. When it does not: a fresh one, for a dead machine writes none.
        """
        for suffix in (".json", ".yaml", ".yml"):
            with suppress(OSError):
                modified_at = os.stat(os.path.join(self._settings.world, "nodes", node + suffix)).st_mtime_ns
                return status != "offline" or now - modified_at < _ALIVE * self._settings.interval
        return False

    # --- documents

    def _previous(self, path: str) -> Mapping[str, Any]:
        try:
            value = json.loads(read_text(path, _DOCUMENT_LIMIT))
        except FileNotFoundError:
            return {}
        except (InputError, ValueError, RecursionError):
            self.notices.append(f"what {printable_path(path)} said before cannot be read, so it is forgotten")
            return {}
        return value if isinstance(value, dict) else {}

    def _try(self, faults: list[str], path: str, document: Mapping[str, Any]) -> None:
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with atomic.replacing(path) as new:
                new.file.write((json_text(document, indent=2) + "\n").encode("utf-8", "backslashreplace"))
                new.commit()
        except OSError as error:
            faults.append(f"cannot write {printable_path(path)}: it {atomic.why(error)}")


class _Round(NamedTuple):
    """What one look for other nodes gave; ``gateway`` is whether our own answers, asked only when nobody else does."""

    reached: dict[str, Reached]
    gateway: bool


def _look_for(nodes: Mapping[str, Sequence[str]], timeout: Duration) -> _Round:
    reached = reach(nodes, timeout)
    return _Round(reached, not reaches_nobody(reached) or gateway_answers(timeout))

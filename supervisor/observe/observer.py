"""One look: ask all sources at once, and write the documents of what they say."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

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
from supervisor.observe.hands import Hand
from supervisor.observe.memory import Memory
from supervisor.observe.reach import longest, reach
from supervisor.observe.reachability import reachability_document
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
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._settle = settle
        self._waiting = waiting
        self._asking = Asking(clock.monotonic, waiting)
        self._reaching: Hand[dict[str, Reached]] | None = None
        self._usable: DesiredNode | None = None
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
        previous = self._previous(self._own)
        memory = Memory(previous)
        seen = self._asking.ask(self._sources(memory.sources), services, settings.timeout, memory.silent, now)
        faults: list[str] = []
        if seen.answered or seen.failed:
            self._try(faults, self._own, node_document(seen, services, previous, settings.crash_window))
        else:
            # Without anything to look at it knows nothing of the node's services, not even that there are none.
            self.notices.append("there is nothing to look at: no engine's socket, and no systemd")
        if reaching is not None:
            self._write_reached(faults, *reaching, now)
        self.notices += [f"{name} {why}" for name, why in sorted(seen.failed.items())]
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
        return self._usable.services if self._usable is not None else {}

    # --- this node's services

    def _sources(self, earlier: tuple[str, ...]) -> list[Source]:
        started = [kind.start(self._settings.sources, earlier) for kind in KINDS]
        self.notices += [notice for opened in started for notice in opened.notices]
        return [source for opened in started for source in opened.sources]

    # --- other nodes

    def _reach(self, desired: Desired) -> tuple[Hand[dict[str, Reached]], Duration] | None:
        """The start of a look for the other nodes, and how long it may take; None when there are none."""
        others = {
            name: node.addresses
            for name, node in desired.nodes.items()
            if node.addresses and name != self._settings.node
        }
        if not others and not os.path.exists(self._others):
            return None
        if self._reaching is None or self._reaching.over:
            self._reaching = Hand("look for other nodes", partial(reach, others, self._settings.timeout))
        return self._reaching, longest(others, self._settings.timeout)

    def _write_reached(
        self, faults: list[str], reaching: Hand[dict[str, Reached]], patience: Duration, now: Instant
    ) -> None:
        if not reaching.wait(Deadline(patience, self._clock.monotonic), self._waiting):
            self.notices.append("the look for other nodes does not come to an end")
        elif reaching.failure is not None:
            self.notices.append(f"the look for other nodes {reaching.failure}")
        else:
            reached = reaching.result.items()
            silent = {name: word for name, word in reached if not self._speaks_for_itself(name, word.status, now)}
            self._try(faults, self._others, reachability_document(silent, self._previous(self._others), now))

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

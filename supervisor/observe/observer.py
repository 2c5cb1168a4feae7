"""One look: ask all sources at once, and write the documents of what they say."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from supervisor.core.instant import SECOND, Instant
from supervisor.core.model.desired import Desired, DesiredNode, DesiredService
from supervisor.core.text import json_text
from supervisor.errors import InputError, ObserverError, SourceError
from supervisor.files import atomic
from supervisor.files.inventory.load import load_inventory
from supervisor.files.reading import Settle, read_text, shown_path
from supervisor.observe.document import Look, node_document, reachability_document, sources_of
from supervisor.observe.engine import Engine
from supervisor.observe.reach import reach
from supervisor.observe.settings import USUAL, ObserverSettings
from supervisor.observe.sighting import SYSTEMD, Sighting, Source
from supervisor.observe.units import Units

_DOCUMENT_LIMIT = 64 << 20
_ALIVE = 3
"""A node whose own document is younger than so many intervals speaks for itself."""


class Clock(Protocol):
    """The real one, or that of a test."""

    def now(self) -> Instant: ...

    def monotonic(self) -> int: ...


class Observer:
    """Looks, and writes what it saw. What is remembered from look to look is in the documents, and survives a restart.

    ``settle`` is for reading an inventory that may be edited just now.
    """

    def __init__(self, settings: ObserverSettings, clock: Clock, settle: Settle | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._settle = settle
        self._hands: dict[str, _Hand] = {}
        self._usable: DesiredNode | None = None
        self.notices: list[str] = []
        """What was out of order at the last look, for people; the same as long as nothing changes."""

    def look(self) -> None:
        """One look at everything, and the documents of it; ObserverError when one of them cannot be written."""
        self.notices = []
        settings, now = self._settings, self._clock.now()
        desired = load_inventory(settings.inventory, settings.max_input_bytes, self._settle).value
        services = self._services(desired)
        path = os.path.join(settings.world, "nodes", f"{settings.node}.json")
        previous = self._previous(path)
        seen = self._ask(self._sources(sources_of(previous)), services, now)
        faults: list[str] = []
        if seen.answered or seen.failed:
            self._try(faults, path, node_document(seen, services, previous, settings.crash_window))
        else:
            # Without anything to look at it knows nothing of the node's services, not even that there are none.
            self.notices.append("there is nothing to look at: no engine's socket, and no systemd")
        if settings.reachability:
            self._reach(faults, desired, now)
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
        settings = self._settings
        sockets: tuple[str, ...] = settings.engines if settings.engines is not None else ()
        if settings.engines is None:
            there = (path for path in USUAL if os.path.exists(path))
            # One that was there and is gone does not answer; that is not the same as being without.
            sockets = tuple(dict.fromkeys((*there, *(path for path in earlier if path.startswith("/")))))
        sources: list[Source] = [Engine(path, settings.timeout, self._clock.monotonic) for path in sockets]
        if settings.systemd and os.path.isdir("/run/systemd/system"):
            sources.append(Units(settings.units, settings.timeout))
        elif settings.systemd and SYSTEMD in earlier:
            self.notices.append("systemd does not run here any more")
        return sources

    def _ask(self, sources: list[Source], services: Mapping[str, DesiredService], now: Instant) -> Look:
        """All at once; who has not answered in time, now or since an earlier look, has failed."""
        deadline = self._clock.monotonic() + self._settings.timeout + SECOND
        for source in sources:
            hand = self._hands.get(source.name)
            # What an earlier look has left hanging is not started twice; what it has brought since is too old.
            if hand is None or hand.wait(0):
                self._hands[source.name] = _Hand(source, services)
        sightings: list[Sighting] = []
        answered, failed = set(), {}
        for source in sources:
            hand = self._hands[source.name]
            if not hand.wait((deadline - self._clock.monotonic()) / SECOND):
                failed[source.name] = "does not answer"
                continue
            del self._hands[source.name]
            if hand.failure is not None:
                failed[source.name] = hand.failure
            else:
                answered.add(source.name)
                sightings += hand.found
        return Look(now, tuple(sightings), frozenset(answered), failed)

    # --- other nodes

    def _reach(self, faults: list[str], desired: Desired, now: Instant) -> None:
        others = {
            name: node.addresses
            for name, node in desired.nodes.items()
            if node.addresses and name != self._settings.node
        }
        path = os.path.join(self._settings.world, "reachability", f"{self._settings.node}.json")
        if not others and not os.path.exists(path):
            return
        found = reach(others, self._settings.timeout)
        silent = {name: one for name, one in found.items() if not self._speaks_for_itself(name, one.status, now)}
        self._try(faults, path, reachability_document(silent, self._previous(path), now))

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
            self.notices.append(f"what {shown_path(path)} said before cannot be read, so it is forgotten")
            return {}
        return value if isinstance(value, dict) else {}

    def _try(self, faults: list[str], path: str, document: Mapping[str, Any]) -> None:
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with atomic.replacing(path) as new:
                new.file.write((json_text(document, indent=2) + "\n").encode("utf-8", "backslashreplace"))
                new.commit()
        except OSError as error:
            faults.append(f"cannot write {shown_path(path)}: it {atomic.why(error)}")


class _Hand:
    """One look at one source, in a thread of its own: whatever hangs there, the observer goes on."""

    def __init__(self, source: Source, services: Mapping[str, DesiredService]) -> None:
        self.found: tuple[Sighting, ...] = ()
        self.failure: str | None = "gave up"
        self._source = source
        self._services = services
        self._over = threading.Event()
        threading.Thread(target=self._look, name=f"look at {source.name}", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        return self._over.wait(max(0.0, seconds))

    def _look(self) -> None:
        try:
            self.found = self._source.look(self._services)
            self.failure = None
        except SourceError as error:
            self.failure = str(error)
        except Exception as error:  # noqa: BLE001 - one source's surprise is not the others'; it is told as its failure
            self.failure = f"gave something that cannot be understood ({type(error).__name__})"
        finally:
            self._over.set()

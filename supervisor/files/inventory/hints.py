"""The hints of ``check`` on an inventory: what costs nothing, and is probably not what somebody meant.

Each rule is one function of a part of a file; ``SERVICE_RULES`` and ``NODE_RULES`` are the list of them. A hint never
touches a judgement, and does not stand in a report.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from supervisor.core.model.desired import OBSERVER_KEYS, DesiredService
from supervisor.core.model.problems import Level, Problem
from supervisor.core.nearest import did_you_mean
from supervisor.core.text import printable, quoted
from supervisor.errors import SchemaError
from supervisor.files.listings import Listing
from supervisor.files.loaded import problem_of
from supervisor.files.names import NAME_LIMIT
from supervisor.files.pointers import escape
from supervisor.files.trees import SERVICES_FILE, ignored
from supervisor.files.yamltree import Mapping, Scalar, Sequence

NODE_KEYS = ("critical", "always_on", "failover", "address")
SERVICE_KEYS = (
    "critical",
    "oneshot",
    "enabled",
    "depends_on",
    "max_age",
    "startup_grace",
    *OBSERVER_KEYS,
)
USUAL = ("image", "kind", "labels", "name", "notes", "ports", "url")
"""Free keys that many services have."""

_MEANT = {"container_name": "container", "disabled": "enabled", "hostname": "address", "host": "address"}
"""Keys that other programs have, and what they are called here."""

_LOOKED_UP = 1000
"""Unknown keys of one file that are compared with the known ones: of millions the comparing would not end."""

_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]+", re.ASCII)
_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.%\w]+\]|[^\[\]:\s]+):([0-9]{1,5})", re.ASCII)

Said = Iterator[tuple[str, str]]
"""Keys of a part, and what is to be said of each."""


class FileHints:
    """The hints on one services.yaml, gathered while its parts are read."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        # Unknown keys that are not like a known key: met in many services, and compared once.
        self.free = set(USUAL)
        self._left = _LOOKED_UP
        self._claims: dict[tuple[str, str], str] = {}

    def of_node(self, part: Mapping) -> None:
        self._say(part, "/node", near_misses(self._unknown(part, NODE_KEYS), NODE_KEYS))
        for rule in NODE_RULES:
            self._say(part, "/node", rule(part))

    def of_service(self, service: DesiredService, part: Mapping) -> None:
        unknown = self._unknown(part, SERVICE_KEYS)
        missed = list(near_misses(unknown, SERVICE_KEYS))
        self.free |= set(unknown) - {key for key, _ in missed}
        self._say(part, service.pointer, iter(missed))
        for rule in SERVICE_RULES:
            self._say(part, service.pointer, rule(service, part))
        self._say(part, service.pointer, self._claimed_twice(service))

    def _unknown(self, part: Mapping, known: tuple[str, ...]) -> list[str]:
        keys = [key for key in sorted((part.raw.keys() - self.free).difference(known)) if not part.raw[key][2]]
        keys = keys[: self._left]
        self._left -= len(keys)
        return keys

    def _claimed_twice(self, service: DesiredService) -> Said:
        """Two services of a node that are the same container or unit: the second would never be seen."""
        unit = service.unit and service.unit.removesuffix(".service")
        for key, name in (("container", service.container), ("unit", unit)):
            if name is None or not service.enabled:
                continue
            first = self._claims.setdefault((key, name), service.name)
            if first != service.name:
                yield key, f"{key} {quoted(name)} is also that of service {first!r}"

    def _say(self, part: Mapping, pointer: str, said: Said) -> None:
        for key, message in said:
            at = Scalar(part.raw[key][0])
            error = SchemaError(printable(message), f"{pointer}/{escape(key)}", at.line, at.column)
            self.problems.append(problem_of(self._file, error, Level.WARNING))


def near_misses(unknown: list[str], known: tuple[str, ...]) -> Said:
    """Keys that are probably a known key, written otherwise."""
    for key in unknown:
        meant = _meant(key, known)
        if meant:
            yield key, f"unknown key {quoted(key)}; it is ignored{meant}"


def _meant(key: str, known: tuple[str, ...]) -> str:
    if len(key) > NAME_LIMIT:
        return ""
    swapped = [name for name in known if sorted(name) == sorted(key)]
    meant = _MEANT.get(key) if _MEANT.get(key) in known else next(iter(swapped), None)
    return f"; did you mean {meant}?" if meant else did_you_mean(key, known, 0.8)


def names_that_are_not_text(service: DesiredService, part: Mapping) -> Said:
    """What the observer cannot use."""
    for key, name in (("container", service.container), ("unit", service.unit)):
        if key in part.raw and name is None:
            yield key, f"{key} must be text, it is only carried along"


def units_that_are_not_units(service: DesiredService, _: Mapping) -> Said:
    """A path, mostly: a mount point is not the name of its unit."""
    unit = service.unit
    if unit is None or _UNIT.fullmatch(unit):
        return
    path = unit.strip("/")
    is_path = unit.startswith("/") and _UNIT.fullmatch(path.replace("/", "")) and "-" not in path
    hint = f"; did you mean {path.replace('/', '-')}.mount?" if is_path else ""
    yield "unit", f"{quoted(unit)} is not the name of a systemd unit{hint}"


def ages_without_oneshot(service: DesiredService, _: Mapping) -> Said:
    """A service that runs all the time has no last success."""
    if service.max_age is not None and not service.oneshot:
        yield "max_age", "max_age is for a oneshot: without oneshot: true it is ignored"


def addresses_without_a_port(part: Mapping) -> Said:
    """What the observer cannot connect to."""
    entry = part.get("address")
    if entry is None:
        return
    for value in entry.value.items if isinstance(entry.value, Sequence) else [entry.value]:
        if not isinstance(value, Scalar) or value.value is None:
            yield "address", "address must be HOST:PORT or a list of them, it is only carried along"
            continue
        match = _ADDRESS.fullmatch(value.text)
        if match is not None and 0 < int(match[1]) < 65536:
            continue
        if ":" in value.text:
            yield "address", f"{quoted(value.text)} is not an address such as nas.lan:22 or [2001:db8::7]:22"
        else:
            yield "address", f"{quoted(value.text)} has no port: write HOST:PORT, such as nas.lan:22"


NODE_RULES: tuple[Callable[[Mapping], Said], ...] = (addresses_without_a_port,)
SERVICE_RULES: tuple[Callable[[DesiredService, Mapping], Said], ...] = (
    names_that_are_not_text,
    units_that_are_not_units,
    ages_without_oneshot,
)


def files_beside_the_nodes(listing: Listing) -> list[Problem]:
    """``hosts/nuc.yaml``: a node is a folder."""
    hints = []
    for item in listing.items:
        stem, _, suffix = item.name.rpartition(".")
        if stem and suffix in ("yaml", "yml") and not item.is_folder and not ignored(item.name):
            message = f"is not read: a node is a folder; move it to hosts/{stem}/{SERVICES_FILE}"
            hints.append(Problem(f"hosts/{printable(item.name)}", None, None, Level.WARNING, printable(message)))
    return hints

"""The words of the domain: subjects, desired state, actual state, and what a judgement is made of.

All types are frozen; what there are most of are tuples, which take the least time and room. Files are named as the
report names them (``hosts/nas/services.yaml``, ``world/nodes/nas.json``), whatever the folders are called on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from supervisor.core.instant import SECOND, Duration, Instant
from supervisor.core.words import NodeWord, Outcome, ServiceWord

NOTHING: Mapping[str, Any] = {}
"""What is not there; nobody may write to it."""

# --- subjects ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A machine."""

    name: str

    def __str__(self) -> str:
        return f"node:{self.name}"


class ServiceRef(NamedTuple):
    """A service on a node; ``name`` may carry a stack (``media/db``)."""

    node: str
    name: str

    def __str__(self) -> str:
        return f"service:{self.node}/{self.name}"


@dataclass(frozen=True, slots=True)
class IncidentRef:
    """An incident, by its id."""

    id: str

    def __str__(self) -> str:
        return f"incident:{self.id}"


@dataclass(frozen=True, slots=True)
class InputRef:
    """A file or folder this program reads, as the report names it."""

    path: str

    def __str__(self) -> str:
        return f"input:{self.path}"


Subject = NodeRef | ServiceRef | IncidentRef | InputRef

HOSTS = InputRef("hosts")
WORLD = InputRef("world")


def parse_subject(text: str) -> Subject | None:
    """The subject that ``text`` names, or None when it has not the form of one."""
    kind, _, rest = text.partition(":")
    if not rest:
        return None
    if kind == "service":
        node, slash, name = rest.partition("/")
        return ServiceRef(node, name) if slash and node and name else None
    if kind == "node":
        return NodeRef(rest)
    if kind == "incident":
        return IncidentRef(rest)
    return InputRef(rest) if kind == "input" else None


# --- problems of the inputs -------------------------------------------------------------------------------------------


class Level(StrEnum):
    """An error costs something its judgement; a warning never does."""

    ERROR = "error"
    WARNING = "warning"


class Problem(NamedTuple):
    """Something wrong in an input. Lines and columns are 1-based; None where there is no place."""

    file: str
    line: int | None
    column: int | None
    level: Level
    message: str
    pointer: str = ""

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        return (self.file, self.line or 0, self.column or 0, self.level, self.message)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{place}: {self.level}: {self.message}"


class InvalidInput(NamedTuple):
    """An input that cannot be used, wholly or in part; ``services`` are the declarations lost with it."""

    ref: InputRef
    errors: tuple[Problem, ...]
    services: tuple[ServiceRef, ...] = ()


# --- desired state ----------------------------------------------------------------------------------------------------


class Mention(NamedTuple):
    """A name as written somewhere in an inventory file."""

    text: str
    line: int
    column: int


class DesiredService(NamedTuple):
    """One service the inventory declares. ``container`` and ``unit`` are for observers, and never judged."""

    name: str
    pointer: str
    line: int
    critical: bool = False
    oneshot: bool = False
    enabled: bool = True
    depends_on: tuple[Mention, ...] = ()
    container: str | None = None
    unit: str | None = None


class DesiredNode(NamedTuple):
    """One ``hosts/<node>/services.yaml``.

    ``services_known`` is False when the file cannot be used: nothing is expected of the node's services then, and
    nothing is said to be missing or unmanaged. ``broken`` are the names whose declaration has an error. ``addresses``,
    as HOST:PORT, are for observers.
    """

    name: str
    file: str
    pointer: str = ""
    line: int = 1
    critical: bool = True
    always_on: bool = True
    failover: tuple[Mention, ...] = ()
    services: Mapping[str, DesiredService] = NOTHING
    broken: frozenset[str] = frozenset()
    services_known: bool = True
    addresses: tuple[str, ...] = ()


class Desired(NamedTuple):
    """The inventory. ``folder`` is set when it cannot be used as a whole: nothing is judged then."""

    nodes: Mapping[str, DesiredNode] = NOTHING
    invalid: tuple[InvalidInput, ...] = ()
    folder: InvalidInput | None = None


# --- actual state -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Document:
    """Where facts of the world come from. ``node`` is set for a node's own document.

    ``line`` maps a JSON pointer to its 1-based line, computed when first asked: most facts are never shown.
    """

    file: str
    observed_at: Instant
    observed_pointer: str
    node: str | None
    line: Callable[[str], int | None] = field(compare=False)

    @property
    def order(self) -> tuple[Instant, str]:
        """The newer wins; at a tie the later path."""
        return (self.observed_at, self.file)


class NodeReport(NamedTuple):
    """A document's word on a node's status."""

    status: str
    word: NodeWord
    since: Instant | None
    document: Document
    pointer: str


class ServiceReport(NamedTuple):
    """A document's word on a service's status."""

    status: str
    word: ServiceWord
    since: Instant | None
    document: Document
    pointer: str


class ServiceReports(Mapping[str, ServiceReport]):
    """What is said of the services of one node; ``words`` has the status of each.

    Nearly all are well, and of those nobody asks more: ``make`` makes their reports from name and status when somebody
    does. ``kept`` are the reports that cannot be made so, those of all that are not well among them.
    """

    __slots__ = ("_make", "kept", "words")

    def __init__(
        self, words: dict[str, str], kept: dict[str, ServiceReport], make: Callable[[str, str], ServiceReport]
    ) -> None:
        self.words, self.kept, self._make = words, kept, make

    @classmethod
    def of(cls, reports: dict[str, ServiceReport]) -> ServiceReports:
        """All of them kept."""
        return cls({name: one.status for name, one in reports.items()}, reports, lambda name, _: reports[name])

    @classmethod
    def overlaid(cls, layers: Iterable[ServiceReports]) -> ServiceReports:
        """Of several that speak of a service the later one holds."""
        words: dict[str, str] = {}
        kept: dict[str, ServiceReport] = {}
        layer_of: dict[str, ServiceReports] = {}
        for one in layers:
            for name in kept.keys() & one.words.keys():
                del kept[name]
            words |= one.words
            kept |= one.kept
            layer_of |= dict.fromkeys(one.words, one)
        return cls(words, kept, lambda name, _: layer_of[name][name])

    @property
    def unwell(self) -> dict[str, ServiceReport]:
        """Those whose word is another than well, by far the fewest."""
        return {name: one for name, one in self.kept.items() if one.word is not ServiceWord.WELL}

    def __getitem__(self, name: str) -> ServiceReport:
        return self.kept.get(name) or self._make(name, self.words[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, name: object) -> bool:
        return name in self.words

    def keys(self) -> KeysView[str]:
        return self.words.keys()


class Deployment(NamedTuple):
    """One attempt to deploy a service."""

    id: str
    node: str
    service: str
    status: str
    outcome: Outcome
    at: Instant
    document: Document
    pointer: str

    @property
    def order(self) -> tuple[Instant, str]:
        return (self.at, self.id)


class Incident(NamedTuple):
    """Something people or other programs opened."""

    id: str
    title: str
    status: str
    resolved: bool
    critical: bool
    node: str | None
    service: str | None
    opened_at: Instant | None
    document: Document
    pointer: str


@dataclass(frozen=True)
class Observation:
    """What one document says. ``lists_services``: a node's own document that has a ``services`` key."""

    document: Document
    nodes: Mapping[str, NodeReport] = field(default_factory=dict)
    services: Mapping[str, ServiceReports] = field(default_factory=dict)
    deployments: tuple[Deployment, ...] = ()
    incidents: tuple[Incident, ...] = ()
    lists_services: bool = False

    @cached_property
    def mentions(self) -> frozenset[str]:
        """The nodes that it speaks of, not counting deployments."""
        own = () if self.document.node is None else (self.document.node,)
        return frozenset((*self.nodes, *self.services, *own))

    @cached_property
    def deployments_of(self) -> Mapping[str, list[Deployment]]:
        """Its deployments by node."""
        found: dict[str, list[Deployment]] = {}
        for one in self.deployments:
            found.setdefault(one.node, []).append(one)
        return found

    @cached_property
    def deployment(self) -> Mapping[str, Deployment]:
        """Its deployments by id."""
        return {one.id: one for one in self.deployments}


class UnreadableDocument(NamedTuple):
    """A world document that cannot be used; ``node`` is set when it is that node's own."""

    ref: InputRef
    errors: tuple[Problem, ...]
    node: str | None


Reading = Observation | UnreadableDocument


class NodeFacts(NamedTuple):
    """Everything the world says of one node.

    ``newest`` is the newest document that mentions it, None when there are only deployments; ``own``: it has a
    readable document of its own; ``listed``: services of it are reported. ``unwell`` are those of ``services``;
    ``deployments`` are by service, the oldest first.
    """

    newest: Document | None = None
    report: NodeReport | None = None
    services: Mapping[str, ServiceReport] = NOTHING
    deployments: Mapping[str, tuple[Deployment, ...]] = NOTHING
    own: bool = False
    listed: bool = False
    unwell: Mapping[str, ServiceReport] = NOTHING


UNKNOWN_NODE = NodeFacts()


class Actual(NamedTuple):
    """The union of all world documents; ``core.merge`` makes it.

    ``readings`` are the documents by any key that the reader likes. ``folder`` is set when the world folder cannot be
    used as a whole. The rest is for the next merge: which documents speak of a node, tell of a deployment's id, or of
    incidents at all.
    """

    readings: Mapping[str, Reading] = NOTHING
    nodes: Mapping[str, NodeFacts] = NOTHING
    incidents: Mapping[str, Incident] = NOTHING
    unreadable: tuple[UnreadableDocument, ...] = ()
    folder: InvalidInput | None = None
    speakers: Mapping[str, tuple[str, ...]] = NOTHING
    tellers: Mapping[str, tuple[str, ...]] = NOTHING
    reporters: frozenset[str] = frozenset()

    @property
    def documents(self) -> Iterator[Document]:
        """Those that can be used, in no particular order."""
        return (one.document for one in self.readings.values() if isinstance(one, Observation))

    def facts(self, node: str) -> NodeFacts:
        return self.nodes.get(node, UNKNOWN_NODE)


# --- judgement --------------------------------------------------------------------------------------------------------


class Thresholds(NamedTuple):
    """The settings that take part in the judgement; durations in nanoseconds."""

    stale_after: Duration = 300 * SECOND
    startup_grace: Duration = 120 * SECOND
    deployment_window: Duration = 86400 * SECOND
    repeated_failures: int = 3


class Severity(StrEnum):
    """How much a drift or recommendation matters."""

    CRITICAL = "critical"
    WARNING = "warning"


class Condition(StrEnum):
    """What kind of drift it is."""

    MISSING_SERVICE = "missing_service"
    UNHEALTHY_SERVICE = "unhealthy_service"
    FAILED_DEPLOYMENT = "failed_deployment"
    OFFLINE_NODE = "offline_node"
    UNRESOLVED_INCIDENT = "unresolved_incident"
    STALE_OBSERVATION = "stale_observation"
    INVALID_INPUT = "invalid_input"


class EventType(StrEnum):
    """The type of an event; the first three are the types of recommendations."""

    REQUIRED = "reconcile_required"
    RECOMMENDED = "reconcile_recommended"
    BLOCKED = "reconcile_blocked"
    RESOLVED = "reconcile_resolved"
    SUMMARY_CHANGED = "summary_changed"


class Action(StrEnum):
    """What is recommended."""

    REPAIR_INPUT = "repair_input"
    CHECK_OBSERVER = "check_observer"
    FAILOVER_REVIEW = "failover_review"
    DELAY_DEPLOYMENT = "delay_deployment"
    DIAGNOSTICS = "diagnostics"
    DEPLOY = "deploy"
    REDEPLOY = "redeploy"
    REVIEW_INCIDENT = "review_incident"


class Summary(StrEnum):
    """The state of the whole. ``reconciling`` is kept for the stage that applies remediations."""

    NOMINAL = "nominal"
    DEGRADED = "degraded"
    UNSTABLE = "unstable"


VALUE_LIMIT = 200
"""Characters of a value that evidence shows at most."""


class Evidence(NamedTuple):
    """A fact and its place: JSON pointer, 1-based line (None without a place), and the text found there."""

    file: str
    pointer: str
    line: int | None
    value: str | None

    @property
    def order(self) -> tuple[str, str, int, str]:
        return (self.file, self.pointer, self.line or 0, self.value or "")


class Drift(NamedTuple):
    """One difference between desired and actual; ``inhibited_by`` names the subject that explains it."""

    condition: Condition
    subject: Subject
    severity: Severity
    since: Instant | None = None
    inhibited_by: Subject | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def order(self) -> tuple[str, str]:
        return (str(self.subject), self.condition)


class Recommendation(NamedTuple):
    """What somebody should do about one subject. All tuples are sorted by their text."""

    fingerprint: str
    type: EventType
    action: Action
    subject: Subject
    severity: Severity
    reason: str
    conditions: tuple[Condition, ...]
    blocked_by: tuple[Subject, ...] = ()
    root_causes: tuple[Subject, ...] = ()
    affects: tuple[Subject, ...] = ()
    candidates: tuple[Subject, ...] = ()
    in_progress: str | None = None
    evidence: tuple[Evidence, ...] = ()


class Report(NamedTuple):
    """The outcome of a pass, as people and programs read it."""

    summary: Summary
    counts: Mapping[str, int]
    drift: tuple[Drift, ...]
    recommendations: tuple[Recommendation, ...]
    problems: tuple[Problem, ...]
    unmanaged: tuple[ServiceRef, ...]

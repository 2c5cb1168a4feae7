"""One services.yaml on its way to a node of the inventory."""

from __future__ import annotations

from typing import NamedTuple

from supervisor.core.model.desired import OBSERVER_KEYS, DesiredNode, DesiredService
from supervisor.core.model.problems import InvalidInput, Level, Problem
from supervisor.core.model.subjects import InputRef, ServiceRef
from supervisor.core.nearest import did_you_mean
from supervisor.core.text import quoted
from supervisor.errors import InputError, SchemaError
from supervisor.files.inventory.hints import FileHints
from supervisor.files.inventory.values import (
    duplicate,
    duration,
    flag,
    free_text,
    free_texts,
    kind,
    mapping_of,
    mentions,
    wrong,
)
from supervisor.files.loaded import problem_of
from supervisor.files.names import NAME_LIMIT, name_fault, node_name_fault, shared
from supervisor.files.pointers import escape, pointer_below, pointer_of
from supervisor.files.reading import Content, printable_path
from supervisor.files.trees import SERVICES_FILE
from supervisor.files.yamltree import (
    Mapping,
    Node,
    Pair,
    Raw,
    Scalar,
    Sequence,
    first_duplicate,
    is_null,
    line_of,
    node_of,
    parse,
)

MISNAMED = "services.yml"
_TOP = ("node", "services")
_JUDGED = frozenset(("critical", "oneshot", "enabled", "depends_on", "startup_grace"))
"""Keys of a service about which there are no hints."""

_LEFT_OUT = DesiredService("", "", 0)[3:]


def parse_services(name: str, content: Content) -> NodePart:
    file = ServicesFile(name)
    try:
        file.read(content.text())
    except InputError as error:
        file.fail(error)
    return file.part()


class NodePart(NamedTuple):
    """What one services.yaml adds to the inventory."""

    node: DesiredNode | None
    invalid: InvalidInput | None
    problems: tuple[Problem, ...]
    hints: tuple[Problem, ...] = ()


def closed_folder(name: str, fault: str) -> NodePart:
    """A folder that cannot be looked into: whether it is a node's cannot be told, nor what it expects."""
    folder = f"hosts/{printable_path(name)}"
    closed = Problem(folder, None, None, Level.ERROR, fault)
    node = DesiredNode(name, folder, services_known=False, declared=False)
    return NodePart(
        node if node_name_fault(name) is None else None, InvalidInput(InputRef(folder), (closed,)), (closed,)
    )


class ServicesFile:
    """One services.yaml on its way to a node; what is wrong gathers in ``problems``, what is odd in ``_hints``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.file = f"hosts/{printable_path(name)}/{SERVICES_FILE}"
        self.node: DesiredNode | None = None
        self.problems: list[Problem] = []
        self._hints = FileHints(self.file)

    def fail(self, error: InputError) -> None:
        """The file cannot be used: the node is there, its services are unknown."""
        self.problems.append(problem_of(self.file, error))
        fault = node_name_fault(self.name)
        if fault is None:
            self.node = DesiredNode(self.name, self.file, services_known=False)

    def warn_misnamed(self) -> None:
        file = self.file.replace(SERVICES_FILE, MISNAMED)
        self._hints.problems.append(
            Problem(file, None, None, Level.WARNING, f"is not read: rename it to {SERVICES_FILE}")
        )

    def part(self) -> NodePart:
        return NodePart(self.node, self._invalid(), tuple(self.problems), tuple(self._hints.problems))

    def _invalid(self) -> InvalidInput | None:
        """The file as an input that cannot be used, wholly or in part; None when it has no error."""
        errors = tuple(problem for problem in self.problems if problem.level is Level.ERROR)
        broken = sorted(self.node.broken) if self.node is not None else []
        lost = tuple(ServiceRef(self.name, service) for service in broken)
        return InvalidInput(InputRef(self.file), errors, lost) if errors else None

    def read(self, text: str) -> None:
        fault = node_name_fault(self.name)
        if fault is not None:
            self.problems.append(problem_of(self.file, InputError(f"is in a folder that cannot be a node: {fault}")))
            return
        try:
            self._top(parse(text))
        except InputError as error:
            self.fail(error)

    # --- the parts of the file

    def _top(self, root: Node | None) -> None:
        if root is None or (isinstance(root, Scalar) and root.value is None):
            self.node = DesiredNode(self.name, self.file)
            return
        if not isinstance(root, Mapping):
            raise wrong(root, "", f"must be a mapping with the keys node and services, not {kind(root)}")
        if root.duplicates:
            raise duplicate(root.duplicates[0], "")
        for name, entry in root.items():
            if name in _TOP:
                continue
            if not name.startswith("x-"):
                hint = _hint(name, _TOP, 0.6) or "; only node, services and x-… are"
                # Made where it is raised: an error in a variable here would lead back to itself by way of this frame,
                # and keep all that was read.
                message, pointer = f"{quoted(name)} is not a known key{hint}", f"/{escape(name)}"
                if "services" not in root.raw:
                    raise SchemaError(message, pointer, entry.key.line, entry.key.column)
                self._note(SchemaError(message, pointer, entry.key.line, entry.key.column))
            elif (twice := first_duplicate(entry.value)) is not None:
                self._note(duplicate(twice, f"/{escape(name)}"))
        services: dict[str, DesiredService] = {}
        broken: set[str] = set()
        declared = root.get("services")
        if declared is not None:
            self._services(declared, services, broken)
        head = root.get("node")
        self.node = self._node_part(head, services, frozenset(broken))

    def _node_part(
        self, entry: Pair | None, services: dict[str, DesiredService], broken: frozenset[str]
    ) -> DesiredNode:
        plain = DesiredNode(self.name, self.file, services=services, broken=broken)
        if entry is None:
            return plain
        line = entry.key.line
        try:
            if isinstance(entry.value, Scalar) and entry.value.value is None:
                return DesiredNode(self.name, self.file, "/node", line, services=services, broken=broken)
            part = mapping_of(entry.value, "/node", "node")
            node = DesiredNode(
                self.name,
                self.file,
                "/node",
                line,
                critical="critical" not in part.raw or flag(part, "critical", "/node"),
                always_on="always_on" not in part.raw or flag(part, "always_on", "/node"),
                failover=mentions(part, "failover", "/node", mapping=False) if "failover" in part.raw else (),
                services=services,
                broken=broken,
                addresses=free_texts(part, "address"),
            )
        except SchemaError as error:
            self._note(error)
            return DesiredNode(self.name, self.file, "/node", line, services=services, broken=broken)
        self._hints.of_node(part)
        return node

    def _services(self, entry: Pair, services: dict[str, DesiredService], broken: set[str]) -> None:
        value = entry.value
        if isinstance(value, Mapping):
            for name, (key, body, _) in value.raw.items():
                fault = name_fault(name)
                if fault is None:
                    self._service(shared(name), line_of(key), body, pointer_of("/services", name), services, broken)
                else:
                    self._note(wrong(Scalar(key), pointer_below("/services", name), fault))
            for twice in value.duplicates:
                self._twice(twice.key, services, broken)
        elif isinstance(value, Sequence):
            for index, item in enumerate(value.items):
                self._list_item(item, f"/services/{index}", services, broken)
        elif value.value is not None:
            raise wrong(value, "/services", f"services must be a mapping or a list, not {kind(value)}")

    def _list_item(self, item: Node, pointer: str, services: dict[str, DesiredService], broken: set[str]) -> None:
        key: Node = item
        body: Raw = None
        if isinstance(item, Mapping):
            named = item.get("name")
            if named is None:
                self._note(wrong(item, pointer, "a service in a list needs a name"))
                return
            key, body = named.value, item
        if not isinstance(key, Scalar):
            self._note(wrong(key, pointer, f"a service must be a name or a mapping with a name, not {kind(key)}"))
        elif key.text in services or key.text in broken:
            self._twice(key, services, broken)
        elif (fault := name_fault(key.text)) is not None:
            self._note(wrong(key, pointer, fault))
        else:
            self._service(shared(key.text), key.line, body, pointer, services, broken)

    def _service(
        self,
        name: str,
        line: int,
        body: Raw,
        pointer: str,
        services: dict[str, DesiredService],
        broken: set[str],
    ) -> None:
        try:
            services[name] = self._declared(name, line, body, pointer)
        except SchemaError as error:
            self._note(error)
            broken.add(name)

    def _declared(self, name: str, line: int, body: Raw, pointer: str) -> DesiredService:
        if type(body) is not Mapping or body.doubled:
            if body is None or is_null(body):
                return DesiredService(name, pointer, line)
            body = mapping_of(node_of(body), pointer, "service", name)
        said = body.raw.keys() - self._hints.free
        if not said:
            # As most are: made without a look at what may be left out.
            return DesiredService._make((name, pointer, line, *_LEFT_OUT))
        service = DesiredService(
            name,
            pointer,
            line,
            "critical" in said and flag(body, "critical", pointer),
            "oneshot" in said and flag(body, "oneshot", pointer),
            "enabled" not in said or flag(body, "enabled", pointer),
            mentions(body, "depends_on", pointer, mapping=True) if "depends_on" in said else (),
            max_age=duration(body, "max_age", pointer, at_least=1) if "max_age" in said else None,
            startup_grace=duration(body, "startup_grace", pointer) if "startup_grace" in said else None,
            **{key: free_text(body, key) for key in OBSERVER_KEYS if key in said},
        )
        if not said <= _JUDGED:
            self._hints.of_service(service, body)
        return service

    def _twice(self, key: Scalar, services: dict[str, DesiredService], broken: set[str]) -> None:
        """Which of the two is meant cannot be told: neither is used."""
        if name_fault(key.text) is not None:
            return
        first = services.pop(key.text, None)
        broken.add(key.text)
        line = f" (first on line {first.line})" if first is not None else ""
        message = f"duplicate service {key.text!r}{line}"
        self._note(SchemaError(message, f"/services/{escape(key.text)}", key.line, key.column))

    # --- problems

    def _note(self, error: SchemaError) -> None:
        self.problems.append(problem_of(self.file, error))


def _hint(name: str, known: tuple[str, ...], cutoff: float) -> str:
    """What was meant, perhaps; for what is far too long it is not looked for, nor kept for the next time."""
    return did_you_mean(name, known, cutoff) if len(name) <= NAME_LIMIT else ""

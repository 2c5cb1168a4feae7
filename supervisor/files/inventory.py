"""Desired state: ``hosts/<node>/services.yaml``.

People write these files, so an error of one service (or of ``node:``) costs that part alone, and a file that cannot be
used costs its own node's services alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping as Map
from functools import partial
from typing import NamedTuple, TypeGuard

from supervisor.core.model.desired import Desired, DesiredNode, DesiredService, Mention
from supervisor.core.model.problems import InvalidInput, Level, Problem
from supervisor.core.model.subjects import HOSTS, InputRef, ServiceRef
from supervisor.core.nearest import did_you_mean
from supervisor.core.text import shown
from supervisor.errors import DraftError, InputError, SchemaError, UnreadableError
from supervisor.files import atomic
from supervisor.files.file_cache import Changes, Item, Kept, Listings, Reader
from supervisor.files.loaded import Loaded
from supervisor.files.names import NAME_LIMIT, name_fault, node_name_fault, pointer_below, pointer_of, problem, shared
from supervisor.files.reading import Content, Settle, reason, shown_path
from supervisor.files.yamltree import (
    Entry,
    Mapping,
    Node,
    Raw,
    Scalar,
    Sequence,
    escape,
    first_duplicate,
    is_null,
    line_of,
    node_of,
    parse,
    placed,
)

FILE_NAME = "services.yaml"
_MISNAMED = "services.yml"
_TOP = ("node", "services")
_NODE_KEYS = ("critical", "always_on", "failover")
_SERVICE_KEYS = ("critical", "oneshot", "enabled", "depends_on")
_READ = frozenset((*_SERVICE_KEYS, "container", "unit"))
_LEFT_OUT = DesiredService("", "", 0)[3:]
_USUAL = ("image", "kind", "labels", "notes", "ports", "url")
_LOOKED_UP = 1000
"""Unknown keys of one file that are compared with the known ones: of millions the comparing would not end."""


def load_inventory(folder: str, max_bytes: int, settle: Settle | None = None) -> Loaded[Desired]:
    """Read every node below ``folder``. Never raises for what it finds there: see ``problems``."""
    return Inventory(folder, Reader(max_bytes, settle)).read()


class Inventory:
    """An inventory folder. What did not change since it was read is the same object when it is read again."""

    def __init__(self, folder: str, reader: Reader) -> None:
        self._folder = folder
        self._kept: Kept[_Part] = Kept(folder, reader)
        self._listings = Listings(reader.now)
        self._listed: tuple[Item, ...] = ()
        self._names: dict[str, str] = {}
        self._parts: dict[str, _Part] = {}
        self._loaded: Loaded[Desired] = Loaded(Desired(folder=InvalidInput(HOSTS, ())))

    def read(self, changes: Changes | None = None) -> Loaded[Desired]:
        """Read every node, or look at the files alone that ``changes`` names. Never raises for what it finds."""
        if changes is None or self._loaded.value.folder is not None:
            try:
                self._listings.begin()
                listed = self._listings.of(self._folder)
            except OSError as error:
                message = f"the inventory folder {shown_path(self._folder)} cannot be read: {reason(error)}"
                return self._keep({}, _unusable_folder(message))
            if listed is not self._listed:
                self._listed = listed
                names = sorted((one.name for one in listed if not one.name.startswith(".")), key=os.fsencode)
                self._names = {name: _relative(name) for name in names}
                self._kept.keep_only(set(self._names.values()))
            same = self._kept.unchanged(self._names.values())
            if len(same) == len(self._names) == len(self._parts) and self._loaded.value.folder is None:
                return self._loaded
            found = {
                name: self._parts[name] if relative in same and name in self._parts else self._part(name)
                for name, relative in self._names.items()
            }
        else:
            found = dict[str, _Part | None]()
            for path, whole in sorted(changes.items()):
                name, _, rest = path.partition("/")
                if rest == FILE_NAME and not name.startswith("."):
                    found[name] = self._part(name, whole)
            if all(part == self._parts.get(name) for name, part in found.items()):
                return self._loaded
            plain = {name: part for name, part in found.items() if _is_plain(part) and _is_plain(self._parts.get(name))}
            if len(plain) == len(found):
                return self._patch(plain)
            found = {**self._parts, **found}
            found = {name: found[name] for name in sorted(found, key=os.fsencode)}
        parts = {name: one for name, one in found.items() if one is not None}
        if self._loaded.value.folder is not None or [*map(id, parts.values())] != [*map(id, self._parts.values())]:
            return self._keep(parts, self._load(parts))
        return self._loaded

    def _patch(self, found: Map[str, _Part | None]) -> Loaded[Desired]:
        """Some plain parts in the place of others: the rest is not looked through."""
        desired, problems = self._loaded
        parts, nodes = dict(self._parts), dict(desired.nodes)
        for name, part in found.items():
            if part is not None and part.node is not None:
                parts[name], nodes[name] = part, part.node
        self._parts = parts
        self._loaded = Loaded(desired._replace(nodes=nodes), problems)
        return self._loaded

    def _keep(self, parts: dict[str, _Part], loaded: Loaded[Desired]) -> Loaded[Desired]:
        self._parts = parts
        if self._loaded != loaded:
            self._loaded = loaded
        return self._loaded

    def _load(self, parts: Map[str, _Part]) -> Loaded[Desired]:
        problems = tuple(one for part in parts.values() for one in part.problems)
        nodes = {name: part.node for name, part in parts.items() if part.node is not None}
        invalid = tuple(part.invalid for part in parts.values() if part.invalid is not None)
        if not nodes and not invalid:
            unusable = _unusable_folder(f"the inventory folder {shown_path(self._folder)} has no <node>/{FILE_NAME}")
            return Loaded(unusable.value, (*problems, *unusable.problems))
        return Loaded(Desired(nodes, invalid), problems)

    def _part(self, name: str, whole: bool = False) -> _Part | None:
        """What is below one name in the folder; None when it is no node."""
        relative = _relative(name)
        before = self._parts.get(name)
        try:
            return self._kept.get(relative, partial(_parse, name), whole=whole)
        except (OSError, InputError) as error:
            part = self._without_text(name, error)
        return before if before == part else part

    def _without_text(self, name: str, error: OSError | InputError) -> _Part | None:
        file = _File(name)
        folder = os.path.join(self._folder, name)
        if not isinstance(error, FileNotFoundError):
            if not _could_be_a_node(folder):
                return None
            file.fail(error if isinstance(error, InputError) else UnreadableError(f"cannot be read: {reason(error)}"))
        elif os.path.lexists(self._kept.path(_relative(name))):
            file.fail(InputError("is a symbolic link to nothing"))
        elif os.path.lexists(os.path.join(folder, _MISNAMED)):
            file.warn_misnamed()
        else:
            return None
        return file.part()


def _relative(name: str) -> str:
    return f"{name}/{FILE_NAME}"


def _parse(name: str, content: Content) -> _Part:
    file = _File(name)
    try:
        file.read(content.text())
    except InputError as error:
        file.fail(error)
    return file.part()


class _Part(NamedTuple):
    """What one services.yaml adds to the inventory."""

    node: DesiredNode | None
    invalid: InvalidInput | None
    problems: tuple[Problem, ...]


def _is_plain(part: _Part | None) -> bool:
    """Whether it is a node's, and nothing is to be said of it."""
    return part is not None and part.node is not None and not part.problems


def create(folder: str, node: str, text: str, *, replace: bool) -> str:
    """Write a node's first ``services.yaml``; its path. DraftError when there is one and ``replace`` is not given."""
    path = os.path.join(folder, node, FILE_NAME)
    fault = node_name_fault(node)
    if fault is not None:
        raise DraftError(f"cannot write an inventory of {node!r}: {fault}")
    if os.path.lexists(path) and not replace:
        raise DraftError(f"cannot write {shown_path(path)}: it is there already; --force replaces it")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with atomic.replacing(path) as new:
            new.file.write(text.encode())
            new.commit()
    except OSError as error:
        raise DraftError(f"cannot write {shown_path(path)}: it {atomic.why(error)}") from error
    return path


def _could_be_a_node(path: str) -> bool:
    """False for plain files beside the node folders, which have no services.yaml to speak of."""
    try:
        os.stat(os.path.join(path, "."))
    except NotADirectoryError:
        return False
    except OSError:
        return True
    return True


def _unusable_folder(message: str) -> Loaded[Desired]:
    fault = Problem("hosts/", None, None, Level.ERROR, message)
    return Loaded(Desired(folder=InvalidInput(HOSTS, (fault,))), (fault,))


class _File:
    """One services.yaml on its way to a node; what is wrong gathers in ``problems``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.file = f"hosts/{shown_path(name)}/{FILE_NAME}"
        self.node: DesiredNode | None = None
        self.problems: list[Problem] = []
        # Keys of services that are nothing to us, and not like one that is: met in many, and found out once.
        self._free = set(_USUAL)
        self._left = _LOOKED_UP

    def fail(self, error: InputError) -> None:
        """The file cannot be used: the node is there, its services are unknown."""
        self.problems.append(problem(self.file, error))
        fault = node_name_fault(self.name)
        if fault is None:
            self.node = DesiredNode(self.name, self.file, services_known=False)

    def warn_misnamed(self) -> None:
        file = self.file.replace(FILE_NAME, _MISNAMED)
        self.problems.append(Problem(file, None, None, Level.WARNING, f"is not read: rename it to {FILE_NAME}"))

    def part(self) -> _Part:
        return _Part(self.node, self._invalid(), tuple(self.problems))

    def _invalid(self) -> InvalidInput | None:
        """The file as an input that cannot be used, wholly or in part, if it is one."""
        errors = tuple(one for one in self.problems if one.level is Level.ERROR)
        broken = sorted(self.node.broken) if self.node is not None else []
        lost = tuple(ServiceRef(self.name, service) for service in broken)
        return InvalidInput(InputRef(self.file), errors, lost) if errors else None

    def read(self, text: str) -> None:
        fault = node_name_fault(self.name)
        if fault is not None:
            self.problems.append(problem(self.file, InputError(f"is in a folder that cannot be a node: {fault}")))
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
            raise _wrong(root, "", f"must be a mapping with the keys node and services, not {_kind(root)}")
        if root.duplicates:
            raise _duplicate(root.duplicates[0], "")
        for name, entry in root.items():
            if name in _TOP:
                continue
            if not name.startswith("x-"):
                hint = _hint(name, _TOP, 0.6) or "; only node, services and x-… are"
                # Made where it is raised: one with a name here would lead back to itself by way of this frame, and keep
                # all that was read.
                message, pointer = f"{shown(name)} is no known key{hint}", f"/{escape(name)}"
                if "services" not in root.raw:
                    raise SchemaError(message, pointer, entry.key.line, entry.key.column)
                self._note(SchemaError(message, pointer, entry.key.line, entry.key.column))
            elif (twice := first_duplicate(entry.value)) is not None:
                self._note(_duplicate(twice, f"/{escape(name)}"))
        services: dict[str, DesiredService] = {}
        broken: set[str] = set()
        declared = root.get("services")
        if declared is not None:
            self._services(declared, services, broken)
        head = root.get("node")
        self.node = self._node_part(head, services, frozenset(broken))

    def _node_part(
        self, entry: Entry | None, services: dict[str, DesiredService], broken: frozenset[str]
    ) -> DesiredNode:
        plain = DesiredNode(self.name, self.file, services=services, broken=broken)
        if entry is None:
            return plain
        line = entry.key.line
        try:
            if isinstance(entry.value, Scalar) and entry.value.value is None:
                return DesiredNode(self.name, self.file, "/node", line, services=services, broken=broken)
            part = _mapping(entry.value, "/node", "node")
            node = DesiredNode(
                self.name,
                self.file,
                "/node",
                line,
                critical="critical" not in part.raw or _flag(part, "critical", "/node"),
                always_on="always_on" not in part.raw or _flag(part, "always_on", "/node"),
                failover=_mentions(part, "failover", "/node", mapping=False) if "failover" in part.raw else (),
                services=services,
                broken=broken,
                addresses=_free_texts(part, "address"),
            )
        except SchemaError as error:
            self._note(error)
            return DesiredNode(self.name, self.file, "/node", line, services=services, broken=broken)
        self._near_misses(part, _NODE_KEYS, "/node")
        return node

    def _services(self, entry: Entry, services: dict[str, DesiredService], broken: set[str]) -> None:
        value = entry.value
        if isinstance(value, Mapping):
            for name, (key, body, _) in value.raw.items():
                fault = name_fault(name)
                if fault is None:
                    self._service(shared(name), line_of(key), body, pointer_of("/services", name), services, broken)
                else:
                    self._note(_wrong(Scalar(key), pointer_below("/services", name), fault))
            for twice in value.duplicates:
                self._twice(twice.key, services, broken)
        elif isinstance(value, Sequence):
            for index, item in enumerate(value.items):
                self._list_item(item, f"/services/{index}", services, broken)
        elif value.value is not None:
            raise _wrong(value, "/services", f"services must be a mapping or a list, not {_kind(value)}")

    def _list_item(self, item: Node, pointer: str, services: dict[str, DesiredService], broken: set[str]) -> None:
        key: Node = item
        body: Raw = None
        if isinstance(item, Mapping):
            named = item.get("name")
            if named is None:
                self._note(_wrong(item, pointer, "a service in a list needs a name"))
                return
            key, body = named.value, item
        if not isinstance(key, Scalar):
            self._note(_wrong(key, pointer, f"a service must be a name or a mapping with a name, not {_kind(key)}"))
        elif key.text in services or key.text in broken:
            self._twice(key, services, broken)
        elif (fault := name_fault(key.text)) is not None:
            self._note(_wrong(key, pointer, fault))
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
            body = _mapping(node_of(body), pointer, "service", name)
        said = body.raw.keys() - self._free
        if not said:
            # As most are: made without a look at what may be left out.
            return DesiredService._make((name, pointer, line, *_LEFT_OUT))
        service = DesiredService(
            name,
            pointer,
            line,
            "critical" in said and _flag(body, "critical", pointer),
            "oneshot" in said and _flag(body, "oneshot", pointer),
            "enabled" not in said or _flag(body, "enabled", pointer),
            _mentions(body, "depends_on", pointer, mapping=True) if "depends_on" in said else (),
            _free_text(body, "container") if "container" in said else None,
            _free_text(body, "unit") if "unit" in said else None,
        )
        if not said <= _READ:
            self._near_misses(body, _SERVICE_KEYS, pointer)
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
        self.problems.append(problem(self.file, error))

    def _near_misses(self, part: Mapping, known: tuple[str, ...], pointer: str) -> None:
        for name in sorted((part.raw.keys() - self._free - _READ).difference(known)):
            event, _, merged = part.raw[name]
            if merged or self._left == 0:
                continue
            self._left -= 1
            hint = _hint(name, known, 0.8)
            if hint:
                key = Scalar(event)
                message = f"{shown(name)} is no known key, it is only carried along{hint}"
                warning = SchemaError(message, f"{pointer}/{escape(name)}", key.line, key.column)
                self.problems.append(problem(self.file, warning, Level.WARNING))
            elif known is _SERVICE_KEYS:
                self._free.add(name)


# --- typed values -----------------------------------------------------------------------------------------------------


def _mapping(value: Node, pointer: str, *what: str) -> Mapping:
    if not isinstance(value, Mapping):
        raise _wrong(value, pointer, f"{_called(*what)} must be a mapping or nothing, not {_kind(value)}")
    twice = first_duplicate(value) if value.doubled else None
    if twice is not None:
        raise _duplicate(twice, pointer)
    return value


def _called(what: str, name: str | None = None) -> str:
    return what if name is None else f"{what} {name!r}"


def _flag(part: Mapping, name: str, pointer: str) -> bool:
    entry = part[name]
    value = entry.value.value if isinstance(entry.value, Scalar) else None
    if not isinstance(value, bool):
        raise _wrong(entry.value, f"{pointer}/{name}", f"{name} must be true or false, not {_kind(entry.value)}")
    return value


def _mentions(part: Mapping, name: str, pointer: str, *, mapping: bool) -> tuple[Mention, ...]:
    """A list of names, or (where ``mapping``) a mapping with the names as keys."""
    value = part.raw[name][1]
    if type(value) is Sequence:
        items = value.raw
    elif mapping and type(value) is Mapping:
        items = [key for key, _, _ in value.raw.values()]
    elif is_null(value):
        return ()
    else:
        node = node_of(value)
        wanted = "a list of names or a mapping with names as keys" if mapping else "a list of names"
        raise _wrong(node, f"{pointer}/{name}", f"{name} must be {wanted}, not {_kind(node)}")
    mentions: dict[str, Mention] = {}
    for index, item in enumerate(items):
        found = placed(item)
        if found is None:
            node, where = node_of(item), f"{pointer}/{name}/{index}"
            raise _wrong(node, where, f"{name} must name services or nodes, not {_kind(node)}")
        text = found[0]
        if text in mentions:
            continue
        fault = name_fault(text)
        if fault is not None:
            raise _wrong(node_of(item), f"{pointer}/{name}/{index}", f"{name}: {fault}")
        mentions[text] = Mention(shared(text), *found[1:])
    return tuple(mentions.values())


def _free_text(part: Mapping, name: str) -> str | None:
    """A key for observers: it is carried along, so what is no text is no error, only of no use to them."""
    value = part[name].value
    return value.text if _is_text(value) else None


def _free_texts(part: Mapping, name: str) -> tuple[str, ...]:
    """Likewise one text, or a list of them."""
    entry = part.get(name)
    values = [] if entry is None else entry.value.items if isinstance(entry.value, Sequence) else [entry.value]
    return tuple(one.text for one in values if _is_text(one))


def _is_text(value: Node) -> TypeGuard[Scalar]:
    return isinstance(value, Scalar) and value.value is not None and 0 < len(value.text) <= NAME_LIMIT


def _hint(name: str, known: tuple[str, ...], cutoff: float) -> str:
    """What was meant, perhaps; for what is far too long it is not looked for, nor kept for the next time."""
    return did_you_mean(name, known, cutoff) if len(name) <= NAME_LIMIT else ""


def _kind(value: Node) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence):
        return "a list"
    if value.value is None:
        return "nothing"
    if isinstance(value.value, str):
        return f"the text {value.text[:40]!r}"
    return value.text[:40]


def _wrong(value: Node, pointer: str, message: str) -> SchemaError:
    return SchemaError(message, pointer, value.line, value.column)


def _duplicate(entry: Entry, pointer: str) -> SchemaError:
    return SchemaError(f"duplicate key {entry.key.text[:80]!r}", pointer, entry.key.line, entry.key.column)

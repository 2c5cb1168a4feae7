"""Actual state: the documents of the world folder.

A machine writes these files, so an error anywhere in a document makes the whole of it unreadable: half-trust is no
trust. What is wrong in one document costs nothing of another.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import count
from sys import intern
from typing import Any

from supervisor.core.instant import Instant, parse_instant
from supervisor.core.model.actual import (
    Actual,
    Deployment,
    Document,
    Incident,
    NodeReport,
    Observation,
    Reading,
    ServiceReport,
    ServiceReports,
    UnreadableDocument,
)
from supervisor.core.model.problems import InvalidInput, Level, Problem
from supervisor.core.model.statuses import ServiceWord, deployment_outcome, incident_resolved, node_word, service_word
from supervisor.core.model.subjects import WORLD, InputRef
from supervisor.core.state.world_union import update
from supervisor.errors import InputError, SchemaError, UnreadableError
from supervisor.files import jsontext, yamltree
from supervisor.files.file_cache import Changes, Kept, Listings, Reader
from supervisor.files.loaded import Loaded
from supervisor.files.names import name_fault, node_name_fault, pointer_below, pointer_of, problem, shared
from supervisor.files.reading import Content, Settle, reason, shown_path

SUFFIXES = (".json", ".yaml", ".yml")
_IGNORED_ENDS = ("~", ".tmp", ".swp")
_MAX_DEPTH = 32
_MAX_FOLLOWED = 1000
"""Folders that are looked into behind links, in all: links to one another multiply the ways."""


def ignored(name: str) -> bool:
    """Names of files and folders that editors and writers leave behind on the way to the real one."""
    return name.startswith(".") or name.endswith(_IGNORED_ENDS)


def is_document(name: str) -> bool:
    return name.endswith(SUFFIXES) and not ignored(name)


def load_world(folder: str, max_bytes: int, settle: Settle | None = None) -> Loaded[Actual]:
    """Read every document below ``folder``. Never raises for what it finds there: see ``problems``."""
    return World(folder, Reader(max_bytes, settle)).read()


class World:
    """A world folder. What did not change since it was read is the same object when it is read again."""

    def __init__(self, folder: str, reader: Reader) -> None:
        self._folder = folder
        self._keeps = reader.now is not None
        self._kept: Kept[Reading] = Kept(folder, reader)
        self._listings = Listings(reader.now)
        # Reasons, and no errors: one that was raised leads back here by way of its frames.
        self._files: dict[str, str | None] = {}
        self._loaded: Loaded[Actual] | None = None

    def read(self, changes: Changes | None = None) -> Loaded[Actual]:
        """Read every document, or look at those alone that ``changes`` names. Never raises for what it finds."""
        before = self._loaded.value if self._loaded is not None and self._loaded.value.folder is None else Actual()
        known = before.readings
        changed: dict[str, Reading | None] = {}
        if changes is None or not known:
            try:
                if not self._listings.hold():
                    self._listings.begin()
                    self._files = dict(_documents(self._folder, self._listings))
            except OSError as error:
                return self._unusable(f"the world folder {shown_path(self._folder)} cannot be read: {reason(error)}")
            files = self._files
            changed |= dict.fromkeys(known.keys() - files.keys())
            same = self._kept.unchanged(files) & known.keys()
            for relative in [one for one in files if one not in same]:
                fault = files[relative]
                reading = self._reading(relative, fault, False, known.get(relative))
                if reading is not known.get(relative):
                    changed[relative] = reading
            if changed:
                self._kept.keep_only(files)
        else:
            for relative, whole in sorted(changes.items()):
                if could_be_document(relative):
                    changed[relative] = self._reading(relative, None, whole, known.get(relative))
        if not changed and self._loaded is not None and self._loaded.value is before:
            return self._loaded
        actual = update(before, changed) if changed else before
        if not actual.readings:
            return self._unusable(
                f"the world folder {shown_path(self._folder)} has no document (*.json, *.yaml, *.yml)"
            )
        self._loaded = Loaded(actual, tuple(fault for one in actual.unreadable for fault in one.errors))
        return self._loaded

    def _unusable(self, message: str) -> Loaded[Actual]:
        fault = Problem("world/", None, None, Level.ERROR, message)
        self._loaded = Loaded(Actual(folder=InvalidInput(WORLD, (fault,))), (fault,))
        return self._loaded

    def _reading(self, relative: str, fault: str | None, whole: bool, before: Reading | None) -> Reading | None:
        """What a document says, or why it cannot be told; None when it is gone."""
        try:
            if fault is not None:
                raise UnreadableError(fault)
            return self._kept.get(relative, partial(_parse, relative, self._keeps), whole=whole)
        except FileNotFoundError:
            # Gone between listing and reading: as if it had gone before. A link to nothing is another matter.
            if not os.path.lexists(self._kept.path(relative)):
                return None
            unreadable = _unreadable(relative, UnreadableError("is a symbolic link to nothing"))
        except OSError as error:
            unreadable = _unreadable(relative, UnreadableError(f"cannot be read: {reason(error)}"))
        except InputError as error:
            unreadable = _unreadable(relative, error)
        return before if before == unreadable else unreadable


def _parse(relative: str, keeps: bool, content: Content) -> Reading:
    try:
        document = _Document(_shown(relative), own_node(relative), content.text(), content.modified_at)
        found = document.observation()
        if keeps:
            document.pack()
        return found
    except InputError as error:
        return _unreadable(relative, error)


def _shown(relative: str) -> str:
    return f"world/{shown_path(relative)}"


def _unreadable(relative: str, error: InputError) -> UnreadableDocument:
    file = _shown(relative)
    return UnreadableDocument(InputRef(file), (problem(file, error),), own_node(relative))


def could_be_document(relative: str) -> bool:
    """Whether a file of this relative path is read as a document, as far as its name tells."""
    *folders, name = relative.split("/")
    return is_document(name) and len(folders) <= _MAX_DEPTH and not any(map(ignored, folders))


def own_node(relative: str) -> str | None:
    """The node whose own document this is: ``nodes/<node>.json``."""
    folder, _, name = relative.partition("/")
    stem, dot, suffix = name.rpartition(".")
    return stem if folder == "nodes" and "/" not in name and dot + suffix in SUFFIXES else None


_Found = Iterator[tuple[str, str | None]]


class _TooManyError(Exception):
    """Links lead to more folders than are looked into."""


def _documents(root: str, listings: Listings) -> _Found:
    """Relative paths of documents, and of folders that cannot be looked into with the reason; OSError for the root."""
    return _below(root, "", (), count(1), listings, linked=False)


def _below(
    root: str,
    below: str,
    above: tuple[tuple[int, int], ...],
    followed: Iterator[int],
    listings: Listings,
    *,
    linked: bool,
) -> _Found:
    """Those of one folder. ``followed`` counts the folders behind links; ``linked``: this is one, or below one."""
    if linked and next(followed) > _MAX_FOLLOWED:
        raise _TooManyError
    folder = os.path.join(root, below)
    for name, is_folder, is_link in listings.of(folder):
        is_named = name.endswith(SUFFIXES)
        # Where it cannot be told, looking into it says why, unless its name says that it is a document.
        if not (is_named or is_folder is not False) or ignored(name):
            continue
        relative = f"{below}{name}"
        if not (is_folder or (is_folder is None and not is_named)):
            yield relative, None
            continue
        try:
            status = os.stat(os.path.join(folder, name))
            identity = (status.st_dev, status.st_ino)
            if identity in above:
                continue
            if len(above) >= _MAX_DEPTH:
                yield relative, f"is nested deeper than {_MAX_DEPTH} folders"
                continue
            inner = _below(root, f"{relative}/", (*above, identity), followed, listings, linked=linked or is_link)
            # Of what is behind a link all is taken or nothing.
            yield from inner if linked or not is_link else list(inner)
        except _TooManyError:
            if linked:
                raise
            yield relative, f"leads to too many folders: behind links are more than {_MAX_FOLLOWED}"
        except FileNotFoundError:
            continue
        except OSError as error:
            yield relative, f"cannot be read: {reason(error)}"


_FEW = 16
"""So many places are looked up one by one; for more, all are found in one walk."""
_SHORT = 2000
"""Characters of which it does not pay to make less."""


class _Places:
    """Line and column of a JSON pointer, found when first asked for: most documents are never asked."""

    __slots__ = ("_asked", "_index", "_text")

    def __init__(self, text: str) -> None:
        self._text: str | bytes = text
        self._asked = 0
        self._index: jsontext.Places | None = None

    def pack(self) -> None:
        """Take less room, as what is kept for long has to."""
        if isinstance(self._text, str) and len(self._text) > _SHORT:
            self._text = zlib.compress(self._text.encode(), 1)

    def at(self, pointer: str) -> tuple[int, int] | None:
        if self._index is not None:
            return self._index.at(pointer)
        text = self._text if isinstance(self._text, str) else zlib.decompress(self._text).decode()
        self._asked += 1
        if self._asked <= _FEW:
            return jsontext.place(text, pointer)
        self._index, self._text = jsontext.index(text), ""
        return self._index.at(pointer)


_At = Callable[[str], tuple[int, int] | None]
"""The line and column of a JSON pointer, None where there is no such value."""


def _line(at: _At, pointer: str) -> int | None:
    found = at(pointer)
    return None if found is None else found[0]


class _Document:
    """One document on its way to an observation."""

    def __init__(self, file: str, node: str | None, text: str, modified_at: Instant) -> None:
        self.node = node
        self._places: _Places | None = None
        if file.endswith(".json"):
            self._root: Any = jsontext.parse(text)
            self._places = _Places(text)
            self._at: _At = self._places.at
        else:
            tree = yamltree.parse(text)
            if tree is None:
                raise SchemaError("the document must be an object, not nothing", "", 1, 1)
            twice = yamltree.first_duplicate(tree)
            if twice is not None:
                message = f"duplicate key {twice.key.text[:80]!r}"
                raise SchemaError(message, "", twice.key.line, twice.key.column)
            self._root = yamltree.plain(tree)
            self._at = partial(yamltree.place, tree)
        self._file = file
        self._modified_at = modified_at

    def observation(self) -> Observation:
        """Raises SchemaError, with its place, when anything in the document is not as it should be."""
        try:
            return self._observation()
        except SchemaError as error:
            line, column = self._at(error.pointer) or (None, None)
            raise SchemaError(error.message, error.pointer, line, column) from None

    def pack(self) -> None:
        """What is kept of it for long takes less room."""
        if self._places is not None:
            self._places.pack()

    def _observation(self) -> Observation:
        root = _object(self._root, "", "the document")
        if self.node is not None and (fault := node_name_fault(self.node)) is not None:
            raise SchemaError(f"is named after no node: {fault}", "")
        observed_at, where = self._modified_at, ""
        if "observed_at" in root:
            observed_at, where = _time(root, "observed_at", ""), "/observed_at"
        document = Document(self._file, observed_at, where, self.node, partial(_line, self._at))
        nodes: dict[str, NodeReport] = {}
        services: dict[str, ServiceReports] = {}
        if self.node is None:
            for name, pointer, entry in _named(root.get("nodes"), "/nodes", "nodes", node_name_fault):
                if name in nodes:
                    raise SchemaError(f"duplicate node {name!r}", pointer)
                nodes[name] = _node_report(entry, pointer, document)
            services = self._shared_services(root.get("services"), document)
        else:
            if "status" in root:
                nodes[self.node] = _node_report(root, "", document)
            own = self._own_services(root.get("services"), document)
            if own:
                services = {self.node: own}
        return Observation(
            document,
            nodes,
            services,
            tuple(self._deployments(root.get("deployments"), document)),
            tuple(self._incidents(root.get("incidents"), document)),
            lists_services=root.get("services") is not None,
        )

    def _own_services(self, value: Any, document: Document) -> ServiceReports:
        if isinstance(value, list):
            for position, entry in enumerate(value):
                if isinstance(entry, dict):
                    self._implied_node(entry, f"/services/{position}")
        return _service_reports(value, "/services", "services", document)

    def _shared_services(self, value: Any, document: Document) -> dict[str, ServiceReports]:
        if isinstance(value, list):
            listed: dict[str, dict[str, ServiceReport]] = {}
            for name, pointer, entry in _named(value, "/services", "services", name_fault):
                node = _name(_text(entry, "node", pointer), node_name_fault, f"{pointer}/node")
                if name in listed.setdefault(node, {}):
                    raise SchemaError(f"duplicate service {name!r} of {node!r}", pointer)
                listed[node][name] = _service_report(entry, pointer, document)
            return {node: ServiceReports.of(reports) for node, reports in listed.items()}
        services: dict[str, ServiceReports] = {}
        for node, pointer, entry in _named(value, "/services", "services", node_name_fault):
            if entry is None:
                raise SchemaError("the services of a node must be an object or a list, not nothing", pointer)
            services[node] = _service_reports(entry, pointer, "the services of a node", document)
        return services

    def _deployments(self, value: Any, document: Document) -> Iterator[Deployment]:
        for ident, pointer, entry in _identified(value, "/deployments", "deployments"):
            status = _usual(_text(entry, "status", pointer))
            yield Deployment(
                ident,
                shared(self._node_of(entry, pointer)),
                shared(_name(_text(entry, "service", pointer), name_fault, f"{pointer}/service")),
                status,
                deployment_outcome(status),
                _time(entry, "at", pointer),
                document,
                pointer_of(pointer, "status"),
            )

    def _incidents(self, value: Any, document: Document) -> Iterator[Incident]:
        for ident, pointer, entry in _identified(value, "/incidents", "incidents"):
            status = _text(entry, "status", pointer)
            severity = _optional_text(entry, "severity", pointer) or ""
            node = self.node if entry.get("node") is None else self._node_of(entry, pointer)
            service = _optional_text(entry, "service", pointer)
            yield Incident(
                ident,
                _optional_text(entry, "title", pointer) or "",
                status,
                incident_resolved(status),
                severity.lower() == "critical",
                node,
                None if service is None else _name(service, name_fault, f"{pointer}/service"),
                None if entry.get("opened_at") is None else _time(entry, "opened_at", pointer),
                document,
                f"{pointer}/status",
            )

    def _node_of(self, entry: dict[str, Any], pointer: str) -> str:
        if self.node is not None:
            self._implied_node(entry, pointer)
            return self.node
        return _name(_text(entry, "node", pointer), node_name_fault, f"{pointer}/node")

    def _implied_node(self, entry: dict[str, Any], pointer: str) -> None:
        if entry.get("node") not in (None, self.node):
            raise SchemaError(f"names another node than {self.node!r}, whose own document this is", f"{pointer}/node")


# --- typed values -----------------------------------------------------------------------------------------------------


def _node_report(entry: Any, pointer: str, document: Document) -> NodeReport:
    status, since, where = _status(entry, pointer)
    status = _usual(status)
    return NodeReport(status, node_word(status), since, document, where)


def _service_reports(value: Any, pointer: str, what: str, document: Document) -> ServiceReports:
    """Those of one node."""
    kept: dict[str, ServiceReport] = {}
    if not isinstance(value, dict):
        for name, below, entry in _named(value, pointer, what, name_fault):
            if name in kept:
                raise SchemaError(f"duplicate service {name!r}", below)
            kept[name] = _service_report(entry, below, document)
        return ServiceReports.of(kept)
    words: dict[str, str] = {}
    # What ``_named`` would do, without its steps: there is nothing of which there is more.
    for text, entry in value.items():
        if (fault := name_fault(text)) is not None:
            raise SchemaError(fault, pointer_below(pointer, text))
        name, below = shared(text), pointer_of(pointer, text)
        status, since, where = _status(entry, below)
        status = words[name] = _usual(status)
        word = service_word(status)
        if word is not ServiceWord.WELL or where == below:
            kept[name] = ServiceReport(status, word, since, document, where)
    return ServiceReports(words, kept, partial(_well_report, pointer, document))


def _well_report(above: str, document: Document, name: str, status: str) -> ServiceReport:
    """The report of a service that is well, whose ``since`` nothing asks for."""
    return ServiceReport(status, ServiceWord.WELL, None, document, pointer_of(pointer_of(above, name), "status"))


def _service_report(entry: Any, pointer: str, document: Document) -> ServiceReport:
    status, since, where = _status(entry, pointer)
    return ServiceReport(status, service_word(status), since, document, where)


def _status(entry: Any, pointer: str) -> tuple[str, Instant | None, str]:
    """A status as bare text, or an object with ``status`` and perhaps ``since``."""
    if isinstance(entry, str):
        if not entry:
            raise SchemaError("the status is empty", pointer)
        return entry, None, pointer
    status = entry.get("status") if isinstance(entry, dict) else None
    if not isinstance(status, str) or not status:
        status = _text(_object(entry, pointer, "a status"), "status", pointer)
    since = None if entry.get("since") is None else _time(entry, "since", pointer)
    return status, since, pointer_of(pointer, "status")


def _named(value: Any, pointer: str, what: str, fault: Callable[[str], str | None]) -> Iterator[tuple[str, str, Any]]:
    """(name, pointer, entry) of an object by name, or of a list of objects with ``name``."""
    if value is None:
        return
    if isinstance(value, dict):
        for name, entry in value.items():
            wrong = fault(name)
            if wrong is not None:
                raise SchemaError(wrong, pointer_below(pointer, name))
            yield name, pointer_of(pointer, name), entry
    elif isinstance(value, list):
        for position, entry in enumerate(value):
            below = f"{pointer}/{position}"
            name = _text(_object(entry, below, f"an entry of {what}"), "name", below)
            yield _name(name, fault, f"{below}/name"), below, entry
    else:
        raise SchemaError(f"{what} must be an object or a list, not {_kind(value)}", pointer)


def _identified(value: Any, pointer: str, what: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(id, pointer, entry) of a list of objects with ``id``."""
    if value is None:
        return
    if not isinstance(value, list):
        raise SchemaError(f"{what} must be a list, not {_kind(value)}", pointer)
    seen: set[str] = set()
    for position, item in enumerate(value):
        below = f"{pointer}/{position}"
        entry = _object(item, below, f"an entry of {what}")
        ident = _text(entry, "id", below)
        if len(ident) > 200 or not ident.isprintable() or ident != ident.strip():
            raise SchemaError(f"the id {ascii(ident)[:80]} is too long or cannot be printed", f"{below}/id")
        if ident in seen:
            raise SchemaError(f"duplicate id {ident!r}", f"{below}/id")
        seen.add(ident)
        yield ident, below, entry


def _object(value: Any, pointer: str, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SchemaError(f"{what} must be an object, not {_kind(value)}", pointer)
    return value


def _text(entry: dict[str, Any], key: str, pointer: str) -> str:
    value = entry.get(key)
    if isinstance(value, str) and value:
        return value
    if key not in entry:
        raise SchemaError(f"{key} is missing", pointer)
    raise SchemaError(f"{key} must be text, not {_kind(value)}", f"{pointer}/{key}")


def _optional_text(entry: dict[str, Any], key: str, pointer: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise SchemaError(f"{key} must be text, not {_kind(value)}", f"{pointer}/{key}")
    return value


def _name(text: str, fault: Callable[[str], str | None], pointer: str) -> str:
    wrong = fault(text)
    if wrong is not None:
        raise SchemaError(wrong, pointer)
    return text


def _time(entry: dict[str, Any], key: str, above: str) -> Instant:
    value = entry.get(key)
    try:
        if isinstance(value, str):
            return _instant(value) if len(value) <= _USUAL_TIME else parse_instant(value)
        fault = f"{key} must be a time, not {_kind(value)}"
    except ValueError as error:
        fault = str(error)
    raise SchemaError(fault, f"{above}/{key}" if key in entry else above)


def _usual(word: str) -> str:
    """The same few words, one text each."""
    return intern(word) if len(word) <= _USUAL_WORD else word


_USUAL_WORD = 20
_USUAL_TIME = 40
# The same times are met again and again, in one document and in its next versions.
_instant = lru_cache(maxsize=1 << 12)(parse_instant)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if value == "":
        return "an empty text"
    if isinstance(value, bool):
        return "true" if value else "false"
    names = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}
    return names.get(type(value), "something else")

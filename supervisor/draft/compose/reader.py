"""Compose files read here, for machines without docker compose and for what a variable hides.

``include`` and ``extends`` are followed, files go over one another, ``!reset`` and ``!override`` are obeyed. Nothing is
run or fetched. It is not a second compose: a reference or a deciding field that cannot be told is left out and said,
with its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from supervisor.core.model.problems import Level, Problem
from supervisor.draft.compose.ask import is_active
from supervisor.draft.compose.deciding import decided
from supervisor.draft.compose.document import Document, Fields, Override, Reset, parse_documents
from supervisor.draft.compose.meaning import ResolvedProject, project_name
from supervisor.draft.compose.merge import as_list, service_over, services_over
from supervisor.draft.compose.project import Project, read_env, working_folder
from supervisor.draft.compose.variables import fill
from supervisor.errors import InputError, SchemaError
from supervisor.files.loaded import Loaded, problem_of
from supervisor.files.names import name_fault
from supervisor.files.pointers import escape
from supervisor.files.reading import printable_path, read_text

_MOST_FILES = 1000
"""Files of one project, counted as often as they are included."""
_DEEPEST = 32


class _Scope(NamedTuple):
    """Where paths begin, what variables stand for, and the files that are being included."""

    folder: str
    values: Mapping[str, str]
    chain: tuple[str, ...] = ()


class _Target(NamedTuple):
    """A reference that can be followed; ``said``: with the words of the file, where a variable had to be guessed."""

    path: str
    said: str | None


def read_project(
    project: Project, environ: Mapping[str, str], max_bytes: int, text: str | None
) -> Loaded[ResolvedProject]:
    """The project as this reader reads it; ``text`` is standard input, where that is one of its files."""
    reader = _Reader(max_bytes, text, list(project.remarks))
    services = reader.services(reader.there(project.files), _Scope(project.folder, project.values))
    if not services and not reader.problems:
        reader.fault(project.files[0], SchemaError("has no services", "/services"))
    active = frozenset(name for name, fields in services.items() if is_active(fields.get("profiles"), project.profiles))
    resolved = ResolvedProject(_name(project, reader.name, environ), services, active, tuple(reader.remarks))
    return Loaded(resolved, tuple(dict.fromkeys(reader.problems)))


def _name(project: Project, given: str, environ: Mapping[str, str]) -> str:
    """By the command line, by a variable, by the files, by the folder."""
    imperative = project.name or project.values.get("COMPOSE_PROJECT_NAME")
    if imperative:
        return imperative
    if not given:
        return project_name(os.path.basename(os.path.normpath(os.path.join(working_folder(environ), project.folder))))
    filled = fill(given, project.values)
    return given if filled is None else project_name(filled)


@dataclass
class _Reader:
    max_bytes: int
    standard_input: str | None
    remarks: list[str]
    name: str = ""
    problems: list[Problem] = field(default_factory=list)
    _documents: dict[str, list[Document] | None] = field(default_factory=dict)
    _taken: int = 0
    _circles: set[frozenset[tuple[str, str]]] = field(default_factory=set)

    def services(self, paths: list[str], scope: _Scope) -> Fields:
        """The services of files that go over one another, with those of what they include."""
        services: Fields = {}
        for path in paths:
            for document in self.documents(path) or []:
                if isinstance(document.fields.get("name"), str) and not scope.chain:
                    self.name = document.fields["name"]
                own = self._own(document, scope)
                services = services_over(services_over(services, self._included(document, scope)), own)
        return services

    def there(self, paths: Sequence[str]) -> list[str]:
        """Those of the project's own files that are there; a problem for each other."""
        there = []
        for path in paths:
            try:
                self.documents(path)
                there.append(path)
            except FileNotFoundError:
                self.fault(path, InputError("is not there"))
        return there

    def documents(self, path: str) -> list[Document] | None:
        """A file's documents, read once; None, and one problem, for a file that cannot be used.

        FileNotFoundError goes through: whoever asked for the file has the place to charge.
        """
        key = os.path.realpath(path) if path != "-" else path
        if key not in self._documents:
            try:
                text = self.standard_input if path == "-" and self.standard_input is not None else None
                self._documents[key] = parse_documents(path, read_text(path, self.max_bytes) if text is None else text)
            except InputError as error:
                self._documents[key] = None
                self.fault(path, error)
        return self._documents[key]

    def fault(self, path: str, error: InputError) -> None:
        self.problems.append(problem_of("standard input" if path == "-" else printable_path(path), error, Level.ERROR))

    def _remark(self, document: Document, pointer: str, text: str) -> None:
        line, column = document.place(pointer) or (1, 1)
        self.remarks.append(f"{printable_path(document.path)}:{line}:{column}: {text}")

    def _is_new_circle(self, members: Iterable[tuple[str, str]]) -> bool:
        """Whether this circle was not met before, from another of its members."""
        circle = frozenset(members)
        is_new = circle not in self._circles
        self._circles.add(circle)
        return is_new

    # --- include ------------------------------------------------------------------------------------------------------

    def _included(self, document: Document, scope: _Scope) -> Fields:
        services: Fields = {}
        for number, entry in enumerate(as_list(document.fields.get("include"))):
            pointer = f"/include/{number}" if isinstance(document.fields["include"], list) else "/include"
            services = services_over(services, self._include(document, pointer, entry, scope))
        return services

    def _include(self, document: Document, pointer: str, entry: Any, scope: _Scope) -> Fields:
        """The services of one entry: a path, or a mapping with ``path`` (or several) and ``project_directory``."""
        long = isinstance(entry, dict)
        place = f"{pointer}/path" if long else pointer
        paths = [path for path in as_list(entry.get("path") if long else entry) if isinstance(path, str)]
        if not paths:
            self.fault(document.path, document.error("an entry of include is not a path, and has none", place))
        targets = [self._target(document, place, "includes", path, scope) for path in paths]
        followed = [target for target in targets if target is not None]
        if not followed or len(followed) < len(targets):
            return {}
        folder = os.path.dirname(followed[0].path)
        if long and isinstance(entry.get("project_directory"), str):
            given = fill(entry["project_directory"], scope.values)
            folder = os.path.normpath(os.path.join(scope.folder, given)) if given is not None else folder
        chain = (*scope.chain, os.path.realpath(document.path))
        circle = [target.path for target in followed if os.path.realpath(target.path) in chain]
        self._taken += len(followed)
        if circle:
            if self._is_new_circle((path, "") for path in chain):
                why = f"includes {printable_path(circle[0])}, which includes this file: a circle"
                self.fault(document.path, document.error(why, place))
            return {}
        if len(chain) > _DEEPEST or self._taken > _MOST_FILES:
            why = f"includes too much: more than {_MOST_FILES} files, or deeper than {_DEEPEST}"
            self.fault(document.path, document.error(why, place))
            return {}
        values = {**self._env_of(entry.get("env_file") if long else None, folder, scope), **scope.values}
        try:
            return self.services([target.path for target in followed], _Scope(folder, values, chain))
        except FileNotFoundError as error:
            self._gone(document, pointer, f"includes {printable_path(error.filename or '')}", followed)
            return {}

    def _env_of(self, named: Any, folder: str, scope: _Scope) -> dict[str, str]:
        """The variables of an included project: of the files that the entry names, else of its ``.env``."""
        names = [fill(name, scope.values) for name in as_list(named) if isinstance(name, str)]
        paths = [os.path.join(scope.folder, name) for name in names if name is not None]
        values: dict[str, str] = {}
        for path in paths or [os.path.join(folder, ".env")]:
            more, remarks = read_env(path, {**values, **scope.values}, self.max_bytes)
            values |= more
            self.remarks += remarks
        return values

    def _gone(self, document: Document, pointer: str, what: str, targets: list[_Target]) -> None:
        """A file that is asked for and is not there: an error, unless its name was guessed."""
        if any(target.said for target in targets):
            self._remark(document, pointer, f"{what}, which is not there; left out")
        else:
            self.fault(document.path, document.error(f"{what}, which is not there", pointer))

    # --- references ---------------------------------------------------------------------------------------------------

    def _target(self, document: Document, pointer: str, does: str, path: str, scope: _Scope) -> _Target | None:
        """What a path leads to; None, and a remark, where it cannot be followed."""
        loss = "its services are left out" if does == "includes" else "what it has from there is left out"
        filled = fill(path, scope.values)
        if filled is None:
            self._remark(document, pointer, f"{does} {path}, a variable: {loss}")
            return None
        if _is_remote(filled):
            self._remark(document, pointer, f"{does} {path}, which is not fetched: {loss}")
            return None
        if filled != path:
            self._remark(document, pointer, f"{does} {path}, a variable: {filled} was read")
        return _Target(os.path.normpath(os.path.join(scope.folder, filled)), path if filled != path else None)

    # --- services -----------------------------------------------------------------------------------------------------

    def _own(self, document: Document, scope: _Scope) -> Fields:
        """The services of one document, with what they extend."""
        services = document.fields.get("services")
        if isinstance(services, Override):
            self._remark(
                document,
                "/services",
                "services is tagged !override, which is not followed: install docker compose to have it read",
            )
            services = services.value
        if services is None or isinstance(services, Reset):
            return {}
        if not isinstance(services, dict):
            self.fault(document.path, document.error("services is not a mapping", "/services"))
            return {}
        own: Fields = {}
        for name, fields in services.items():
            pointer = f"/services/{escape(name)}"
            fault = name_fault(name) or (f"the name {name!r} has a slash" if "/" in name else None)
            if fault is not None:
                self.fault(document.path, document.error(fault, pointer))
            elif isinstance(fields, Reset):
                own[name] = fields
            elif isinstance(fields, Override) and isinstance(fields.value, dict | None):
                own[name] = Override(self._extended(document, name, fields.value or {}, services, scope, ()))
            elif isinstance(fields, dict | None):
                own[name] = self._extended(document, name, fields or {}, services, scope, ())
            else:
                self.fault(document.path, document.error(f"the service {name!r} is not a mapping", pointer))
        return own

    def _extended(
        self,
        document: Document,
        name: str,
        fields: Fields,
        siblings: Mapping[str, Any],
        scope: _Scope,
        chain: tuple[tuple[str, str], ...],
    ) -> Fields:
        """A service as its document has it, over what it extends; variables that decide are filled in."""
        service = f"/services/{escape(name)}"
        own = decided(
            fields,
            scope.values,
            lambda pointer, what: self._remark(document, service + pointer, f"{name} has {what}"),
        )
        extends = own.pop("extends", None)
        if extends is None or isinstance(extends, Reset):
            return own
        extends = extends.value if isinstance(extends, Override) else extends
        chain = (*chain, (os.path.realpath(document.path), name))
        base = self._base(
            document, name, extends if isinstance(extends, dict) else {"service": extends}, siblings, scope, chain
        )
        return own if base is None else service_over(service_over({}, base), own, layer=True)

    def _base(
        self,
        document: Document,
        name: str,
        extends: Fields,
        siblings: Mapping[str, Any],
        scope: _Scope,
        chain: tuple[tuple[str, str], ...],
    ) -> Fields | None:
        """What ``name`` extends, wholly; None where that cannot be told."""
        pointer = f"/services/{escape(name)}/extends"
        base, file = extends.get("service"), extends.get("file")
        if not isinstance(base, str):
            self.fault(
                document.path, document.error(f"{name} extends something, but does not say which service", pointer)
            )
            return None
        origin = document
        if isinstance(file, str):
            target = self._target(document, f"{pointer}/file", f"{name} extends {base} of", file, scope)
            if target is None:
                return None
            try:
                candidates = self.documents(target.path)
            except FileNotFoundError:
                gone = f"{name} extends a service of {printable_path(target.path)}"
                self._gone(document, f"{pointer}/file", gone, [target])
                return None
            if candidates is None:
                return None
            having = [other for other in candidates if base in _services(other)]
            origin = having[-1] if having else document
            siblings = _services(origin) if having else {}
            scope = scope._replace(folder=os.path.dirname(target.path))
        fields = siblings.get(base)
        fields = fields.value if isinstance(fields, Override) else fields
        if not isinstance(fields, dict):
            self._remark(document, pointer, f"{name} extends {base}, which is not there; left out")
            return None
        if (os.path.realpath(origin.path), base) in chain or len(chain) > _DEEPEST:
            if self._is_new_circle(chain):
                way = " → ".join([*(each for _, each in chain), base])
                self.fault(document.path, document.error(f"{name} extends {base} in a circle: {way}", pointer))
            return None
        return self._extended(origin, base, fields, siblings, scope, chain)


def _services(document: Document) -> Mapping[str, Any]:
    services = document.fields.get("services")
    services = services.value if isinstance(services, Override) else services
    return services if isinstance(services, dict) else {}


def _is_remote(path: str) -> bool:
    return "://" in path or path.startswith(("git@", "github.com/"))

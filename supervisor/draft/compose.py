"""Services out of compose files, as far as an inventory is concerned: names, dependencies, one-shots, profiles.

Several files are one project, as for ``docker compose -f a -f b``: the later says more, or otherwise. ``include`` and
``extends`` are followed; variables are kept as text. Nothing is run, fetched, or taken from the environment. What
compose would do besides, or cannot be told from the files, is in the draft's notes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from supervisor.core.model.problems import Level, Problem
from supervisor.draft.services import DisabledReason, Draft, DraftService, OneshotReason
from supervisor.errors import InputError, SchemaError
from supervisor.files import yamlplain, yamltree
from supervisor.files.loaded import Loaded, problem_of
from supervisor.files.names import name_fault
from supervisor.files.reading import printable_path, read_text

_DEEPEST = 16
"""Files that include, and services that extend, one another this deep; more is a circle."""

_OVERRIDES = [f"{stem}.override.{suffix}" for stem in ("compose", "docker-compose") for suffix in ("yml", "yaml")]

Fields = dict[str, Any]


def load_compose(paths: list[str], max_bytes: int) -> Loaded[Draft]:
    """The services of one project's files. Problems name file and line; what could be read is given all the same."""
    reader = _Reader(max_bytes)
    for path in paths:
        reader.take(path, 0)
    first = os.path.dirname(os.path.abspath(paths[0]))
    stack = reader.name or _project_name(os.path.basename(first))
    fault = name_fault(stack)
    if fault is not None or "/" in stack:
        reader.notes.append(f"the project's name {stack!r} cannot be a stack's, so the services have none")
        stack = ""
    elif "$" in stack:
        reader.notes.append(
            f"the project's name {stack} is a variable, which is kept as text: write down what it stands for"
        )
    if len(paths) == 1:
        reader.notes += [
            f"{name} lies beside it, which compose reads too when it is given no files; it was left out"
            for name in _OVERRIDES
            if name != os.path.basename(paths[0]) and os.path.exists(os.path.join(first, name))
        ]
    return Loaded(reader.draft(stack), tuple(reader.problems))


def _project_name(folder: str) -> str:
    """As compose makes it of a folder's name."""
    return re.sub(r"[^a-z0-9_-]", "", folder.lower()).lstrip("_-")


@dataclass
class _Reader:
    max_bytes: int
    services: dict[str, Fields] = field(default_factory=dict)
    name: str = ""
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def take(self, path: str, depth: int) -> None:
        """Read a file and what it includes into the project."""
        document = self._document(path)
        if document is None:
            return
        if isinstance(document.get("name"), str) and depth == 0:
            self.name = document["name"]
        for included in _included(document):
            if depth == _DEEPEST:
                self._fault(path, SchemaError("includes files in a circle, or too deeply", "/include"))
                break
            self.take(os.path.join(os.path.dirname(path), included), depth + 1)
        services = document.get("services")
        if not isinstance(services, dict):
            if not _included(document):
                self._fault(path, SchemaError("has no services", "/services"))
            return
        for name, fields in services.items():
            if name_fault(name) is not None or "/" in name:
                self._fault(path, SchemaError(f"{name_fault(name) or 'the name ' + repr(name) + ' has a slash'}", ""))
                continue
            if not isinstance(fields, dict | None):
                self._fault(path, SchemaError(f"the service {name!r} is no mapping", f"/services/{name}"))
                continue
            whole = self._extended(path, name, fields or {}, services, 0)
            self.services[name] = _over(self.services.get(name, {}), whole)

    def draft(self, stack: str) -> Draft:
        """The project's services as an inventory has them."""
        prefix = f"{stack}/" if stack else ""
        ends = {
            name
            for fields in self.services.values()
            for name, how in _mentioned(fields)
            if how == "service_completed_successfully"
        }
        drafted = []
        for name, fields in sorted(self.services.items()):
            drafted.append(
                DraftService(
                    prefix + name,
                    image=_text(fields.get("image")),
                    container=_container(fields),
                    depends_on=tuple(self._dependencies(name, fields)),
                    oneshot=_oneshot(name in ends, fields),
                    disabled=_disabled(fields),
                )
            )
            self._note(name, fields)
        return Draft(tuple(drafted), tuple(self.notes))

    def _dependencies(self, name: str, fields: Fields) -> Iterator[str]:
        """The services it cannot do without, sorted."""
        for other in sorted({one for one, _ in _mentioned(fields)}):
            if other in self.services:
                yield other
            else:
                self.notes.append(f"{name} depends on {other}, which none of the files has; left out")

    def _note(self, name: str, fields: Fields) -> None:
        if "$" in (_text(fields.get("image")) or ""):
            self.notes.append(f"{name} has a variable, which is kept as text")
        called = _text(fields.get("container_name"))
        if called != _container(fields):
            self.notes.append(
                f"{name} has the container_name {called}, a variable; left out, its labels tell which it is"
            )
        mode = fields.get("network_mode")
        if isinstance(mode, str) and mode.startswith("container:"):
            self.notes.append(f"{name} uses the network of {mode}, which may be a service of another project")

    def _extended(self, path: str, name: str, fields: Fields, siblings: Mapping[str, Any], depth: int) -> Fields:
        """The fields of a service, over those of what it extends."""
        what = fields.get("extends")
        if what is None:
            return fields
        way: Fields = what if isinstance(what, dict) else {"service": what}
        base, file = _text(way.get("service")), _text(way.get("file"))
        if base is None or depth == _DEEPEST:
            self._fault(path, SchemaError(f"{name!r} extends something that cannot be told", f"/services/{name}"))
            return fields
        if file is not None:
            path = os.path.join(os.path.dirname(path), file)
            services = (self._document(path) or {}).get("services")
            siblings = services if isinstance(services, dict) else {}
        found = siblings.get(base)
        if not isinstance(found, dict):
            self.notes.append(f"{name} extends {base}, which is not there")
            return fields
        return _over(self._extended(path, base, found, siblings, depth + 1), fields)

    def _document(self, path: str) -> Fields | None:
        try:
            text = read_text(path, self.max_bytes)
            tree = yamltree.parse(text)
            if not isinstance(tree, yamltree.Mapping):
                raise SchemaError("is no mapping", "", 1, 1)
            twice = yamltree.first_duplicate(tree)
            if twice is not None:
                raise SchemaError(f"has the key {twice.key.text!r} twice", "", twice.key.line, twice.key.column)
        except FileNotFoundError:
            self._fault(path, InputError("is not there"))
        except InputError as error:
            self._fault(path, error)
        else:
            if "!reset" in text or "!override" in text:
                self.notes.append(f"{os.path.basename(path)} uses !reset or !override, which are not followed")
            document: Fields = yamlplain.plain(tree)
            return document
        return None

    def _fault(self, path: str, error: InputError) -> None:
        self.problems.append(problem_of(printable_path(path), error, Level.ERROR))


def _included(document: Fields) -> list[str]:
    """``include:`` in its three forms: a path, a mapping with ``path``, and that with a list of paths."""
    found: list[str] = []
    for entry in _list(document.get("include")):
        path = entry.get("path") if isinstance(entry, dict) else entry
        found += [one for one in _list(path) if isinstance(one, str)]
    return found


def _mentioned(fields: Fields) -> Iterator[tuple[str, str]]:
    """(service, condition) of everything that a service needs to be there before it."""
    needs = fields.get("depends_on")
    if isinstance(needs, dict):
        for name, how in needs.items():
            if not isinstance(how, dict) or how.get("required", True) is not False:
                yield name, str(how.get("condition", "")) if isinstance(how, dict) else ""
    else:
        yield from ((name, "") for name in _list(needs) if isinstance(name, str))
    for key in ("network_mode", "ipc", "pid"):
        mode = fields.get(key)
        if isinstance(mode, str) and mode.startswith("service:"):
            yield mode.removeprefix("service:"), ""
    for link in [*_list(fields.get("links")), *_list(fields.get("volumes_from"))]:
        if isinstance(link, str) and not link.startswith("container:"):
            yield link.partition(":")[0], ""


def _over(base: Fields, more: Fields) -> Fields:
    """What a later file, or who extends, makes of a service: mappings and lists are joined, the rest is replaced."""
    joined = dict(base)
    for key, value in more.items():
        if key == "depends_on" and key in base:
            joined[key] = _as_mapping(base[key]) | _as_mapping(value)
        elif key in ("profiles", "links", "volumes_from") and key in base:
            joined[key] = [*_list(base[key]), *_list(value)]
        else:
            joined[key] = value
    return joined


def _container(fields: Fields) -> str | None:
    """The name that its container bears; None where only compose knows, since a variable stands for it."""
    name = _text(fields.get("container_name"))
    return None if name is None or "$" in name else name


def _as_mapping(value: Any) -> Fields:
    return value if isinstance(value, dict) else {one: {} for one in _list(value) if isinstance(one, str)}


def _oneshot(waited_for: bool, fields: Fields) -> OneshotReason | None:
    if waited_for:
        return OneshotReason.WAITED_FOR
    return OneshotReason.NO_RESTART if fields.get("restart") in ("no", False) else None


def _disabled(fields: Fields) -> DisabledReason | None:
    if fields.get("profiles"):
        return DisabledReason.PROFILE
    return DisabledReason.NO_REPLICAS if _no_replicas(fields) else None


def _no_replicas(fields: Fields) -> bool:
    deploy = fields.get("deploy")
    return fields.get("scale") == 0 or (isinstance(deploy, dict) and deploy.get("replicas") == 0)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None

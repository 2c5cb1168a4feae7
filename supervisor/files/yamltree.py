"""YAML 1.2 core values with their places, built in one guarded walk over libyaml's events.

Guards come before construction: a nested or aliased bomb is refused while it is still a stream of events (libyaml's
own composer crashes the process on 30 000 nested brackets). Scalars keep the text as written, so that a name such as
``on``, ``8080`` or ``22:22`` stays what somebody typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from supervisor.core.text import place_in
from supervisor.errors import MalformedError

MAX_DEPTH = 64
MAX_TAGS = 100
MAX_ALIASES = 100_000
MAX_EXPANDED = 200_000
"""Values that aliases may stand for in one file, counted as if they were written out."""

_TAG_LINE = re.compile("(?:^|[\n\r\x85\u2028\u2029])%TAG")
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,4000}|0o[0-7]{1,4000}|0x[0-9a-fA-F]{1,4000}", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII
)
_STR_TAGS = ("tag:yaml.org,2002:str", "!")
_CORE = "tag:yaml.org,2002:"


Raw = Any
"""A node as it is kept: libyaml's own event for a scalar, which costs nothing more, or a Sequence or Mapping."""


class Scalar:
    """A scalar: ``text`` as written (quotes and escapes taken off), ``plain`` when it was not quoted."""

    __slots__ = ("_event",)

    def __init__(self, event: yaml.ScalarEvent) -> None:
        self._event: Any = event

    @property
    def text(self) -> str:
        text: str = self._event.value
        return text

    @property
    def plain(self) -> bool:
        return bool(self._event.implicit[0])

    @property
    def tag(self) -> str | None:
        tag: str | None = self._event.tag
        return tag

    @property
    def line(self) -> int:
        """1-based, like all places."""
        return int(self._event.start_mark.line) + 1

    @property
    def column(self) -> int:
        return int(self._event.start_mark.column) + 1

    @property
    def value(self) -> Any:
        """None, bool, int, float or str by the YAML 1.2 core schema; an unknown tag leaves the text."""
        tag, text = self._event.tag, self._event.value
        if tag in _STR_TAGS or (tag is None and not self._event.implicit[0]):
            return text
        if tag is not None and not tag.startswith(_CORE):
            return text
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if _INT.fullmatch(text):
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if _FLOAT.fullmatch(text):
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        return text


class Sequence:
    """A list; ``start`` is the event that began it, and has its place.

    Of it and everything in it: ``size`` counts the values, ``height`` the levels, those behind aliases too;
    ``doubled`` says that a mapping has a key twice.
    """

    size = 1
    height = 1
    doubled = False

    def __init__(self, start: Any, raw: list[Raw]) -> None:
        self.start = start
        self.raw = raw

    @property
    def line(self) -> int:
        return int(self.start.start_mark.line) + 1

    @property
    def column(self) -> int:
        return int(self.start.start_mark.column) + 1

    @property
    def items(self) -> list[Node]:
        return [node_of(one) for one in self.raw]


class Entry(NamedTuple):
    """A key as written and its value; ``merged`` entries came by ``<<``."""

    key: Scalar
    value: Node
    merged: bool = False


class Mapping:
    """A mapping by the text of its keys. ``duplicates`` are the later keys of the same text, left out of it."""

    size = 1
    height = 1
    doubled = False

    def __init__(self, start: Any, raw: dict[str, tuple[yaml.ScalarEvent, Raw, bool]], duplicates: list[Entry]) -> None:
        self.start = start
        self.raw = raw
        self.duplicates = duplicates

    @property
    def line(self) -> int:
        return int(self.start.start_mark.line) + 1

    @property
    def column(self) -> int:
        return int(self.start.start_mark.column) + 1

    def __getitem__(self, name: str) -> Entry:
        key, value, merged = self.raw[name]
        return Entry(Scalar(key), node_of(value), merged)

    def get(self, name: str) -> Entry | None:
        return self[name] if name in self.raw else None

    def items(self) -> Iterator[tuple[str, Entry]]:
        for name, (key, value, merged) in self.raw.items():
            yield name, Entry(Scalar(key), node_of(value), merged)


Node = Scalar | Sequence | Mapping


def node_of(raw: Raw) -> Node:
    """A node as it is worked with."""
    return Scalar(raw) if type(raw) is yaml.ScalarEvent else raw


def parse(text: str) -> Node | None:
    """The single document in ``text``, or None when there is none. MalformedError says what is wrong and where."""
    if text.count("%TAG") > MAX_TAGS and len(_TAG_LINE.findall(text)) > MAX_TAGS:
        # libyaml compares each with all before it, which for a megabyte of them takes minutes, and no thread runs.
        raise MalformedError(f"has more than {MAX_TAGS} %TAG directives", 1, 1)
    loader = yaml.CSafeLoader(text)
    try:
        return _Builder(loader).document()
    except yaml.MarkedYAMLError as error:
        place = _mended_at(text, error)
        what = " ".join(part for part in (error.context, error.problem) if part) or "cannot be parsed"
        raise MalformedError(f"is no YAML: {what}", *place) from None
    except yaml.reader.ReaderError as error:
        position = error.position if isinstance(error.position, int) else 0
        line, column = place_in(text, position)
        character = error.character if isinstance(error.character, int) else ord(error.character[:1] or "?")
        raise MalformedError(f"contains the character U+{character:04X}: {error.reason}", line, column) from None
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise MalformedError(f"is no YAML: {error}") from None
    finally:
        loader.dispose()


def _mended_at(text: str, error: yaml.MarkedYAMLError) -> tuple[int | None, int | None]:
    """Where to look: what was begun and not ended is found at the end of the file, but is mended where it began."""
    body = text.rstrip("\n")
    end = place_in(body, len(body))
    marks = [mark for mark in (error.problem_mark, error.context_mark) if mark is not None]
    places = [(mark.line + 1, mark.column + 1) for mark in marks]
    return next((place for place in places if place[0] <= end[0]), end if places else (None, None))


def plain(node: Node) -> Any:
    """The tree as ordinary values; keys are the text as written."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {name: plain(entry.value) for name, entry in node.items()}


def place(node: Node, pointer: str) -> tuple[int, int] | None:
    """Line and column of a JSON pointer; a mapping's entry is at its key when its value is a collection."""
    here: Node = node
    found = node.line, node.column
    for part in parts(pointer):
        entry = here.get(part) if isinstance(here, Mapping) else None
        if entry is not None:
            here = entry.value
            found = (here.line, here.column) if isinstance(here, Scalar) else (entry.key.line, entry.key.column)
        elif isinstance(here, Sequence) and part.isdecimal() and int(part) < len(here.raw):
            here = here.items[int(part)]
            found = here.line, here.column
        else:
            return None
    return found


def escape(part: str) -> str:
    """One reference token of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


def parts(pointer: str) -> list[str]:
    """The reference tokens of a JSON pointer as they were before they were escaped."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def first_duplicate(node: Node) -> Entry | None:
    """The first duplicate key anywhere in the tree."""
    if isinstance(node, Scalar) or not node.doubled:
        return None
    if isinstance(node, Mapping):
        if node.duplicates:
            return node.duplicates[0]
        values = [entry.value for _, entry in node.items() if not entry.merged]
    else:
        values = node.items
    return next((found for value in values if (found := first_duplicate(value)) is not None), None)


class _Builder:
    def __init__(self, loader: Any) -> None:
        self._next = loader.get_event
        self._anchors: dict[str, Raw] = {}
        self._aliases = 0
        self._expanded = 0

    def document(self) -> Node | None:
        self._next()  # the stream's start
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        node = node_of(self._raw(self._next(), 0))
        self._next()  # the document's end
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise _error(event, "holds more than one document; write one file each")
        # "---" alone, or nothing but comments.
        return None if isinstance(node, Scalar) and node.plain and node.text == "" and node.tag is None else node

    def _raw(self, event: Any, depth: int) -> Raw:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            if event.anchor is not None:
                self._anchors[event.anchor] = event
            return event
        if kind is yaml.AliasEvent:
            return self._alias(event, depth)
        if depth >= MAX_DEPTH:
            raise _error(event, f"is nested deeper than {MAX_DEPTH} levels")
        node = self._mapping(event, depth) if kind is yaml.MappingStartEvent else self._sequence(event, depth)
        # Only now: an alias to a collection inside itself finds no anchor.
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any, depth: int) -> Raw:
        self._aliases += 1
        node = self._anchors.get(event.anchor)
        if node is None:
            raise _error(event, f"uses the alias *{event.anchor[:60]}, which no finished value before it defines")
        scalar = type(node) is yaml.ScalarEvent
        self._expanded += 1 if scalar else node.size
        if self._aliases > MAX_ALIASES or self._expanded > MAX_EXPANDED:
            raise _error(event, "uses aliases that stand for too many values")
        # Otherwise aliases to aliases would build what the depth's limit forbids.
        if depth + (0 if scalar else node.height) > MAX_DEPTH:
            raise _error(event, f"is nested deeper than {MAX_DEPTH} levels by its aliases")
        return node

    def _sequence(self, event: Any, depth: int) -> Sequence:
        items: list[Raw] = []
        node = Sequence(event, items)
        following, below = self._next, depth + 1
        while type(event := following()) is not yaml.SequenceEndEvent:
            # A plain scalar is what is met most by far: no call for it.
            if type(event) is yaml.ScalarEvent and event.anchor is None:
                items.append(event)
                continue
            item = self._raw(event, below)
            items.append(item)
            _count(node, item)
        node.size += len(items)
        return node

    def _mapping(self, event: Any, depth: int) -> Mapping:
        raw: dict[str, tuple[yaml.ScalarEvent, Raw, bool]] = {}
        duplicates: list[Entry] = []
        node = Mapping(event, raw, duplicates)
        merge: Entry | None = None
        following, below = self._next, depth + 1
        scalar, end = yaml.ScalarEvent, yaml.MappingEndEvent
        while type(key := following()) is not end:
            if type(key) is not scalar or key.anchor is not None:
                start, key = key, self._raw(key, below)
                if type(key) is not scalar:
                    raise _error(start, "has a key that is no text")
            value = following()
            if type(value) is not scalar or value.anchor is not None:
                value = self._raw(value, below)
                _count(node, value)
            name, pair = key.value, (key, value, False)
            if name == "<<" and key.implicit[0]:
                entry = Entry(Scalar(key), node_of(value))
                if merge is not None:
                    duplicates.append(entry)
                merge = entry
            elif raw.setdefault(name, pair) is not pair:
                duplicates.append(Entry(Scalar(key), node_of(value)))
        node.size += len(raw) + len(duplicates)
        node.doubled |= bool(duplicates)
        if merge is not None:
            node.size += 1
            self._merge(node, merge)
        return node

    def _merge(self, node: Mapping, merge: Entry) -> None:
        sources = merge.value.items if isinstance(merge.value, Sequence) else [merge.value]
        for source in sources:
            if not isinstance(source, Mapping):
                message = "merges (<<) something that is no mapping"
                raise MalformedError(message, merge.key.line, merge.key.column)
            # Bounded like aliases: merging in a chain of growing mappings multiplies too.
            self._expanded += source.size
            if self._expanded > MAX_EXPANDED:
                raise MalformedError("merges (<<) too many values", merge.key.line, merge.key.column)
            for name, (key, value, _) in source.raw.items():
                if name not in node.raw:
                    node.raw[name] = (key, value, True)


def _count(node: Sequence | Mapping, value: Raw) -> None:
    """Take what is in ``value``, beyond itself, into what ``node`` counts."""
    if type(value) is not yaml.ScalarEvent:
        node.size += value.size - 1
        if value.height >= node.height:
            node.height = value.height + 1
        if value.doubled:
            node.doubled = True


def _error(event: Any, message: str) -> MalformedError:
    return MalformedError(message, event.start_mark.line + 1, event.start_mark.column + 1)

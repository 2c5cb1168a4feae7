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
from supervisor.files.pointers import parts

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
        return line_of(self._event)

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


class _Collection:
    """What lists and mappings have in common; ``start`` is the event that began it, and has its place.

    ``doubled`` says that it, or something in it, has a key twice. ``extent``, once measured, are the values that it is
    made of and the levels that it has, those behind aliases too.
    """

    doubled = False
    extent: tuple[int, int] | None = None
    twice: list[tuple[yaml.ScalarEvent, Raw]] | tuple[()] = ()
    start: Any

    @property
    def line(self) -> int:
        return int(self.start.start_mark.line) + 1

    @property
    def column(self) -> int:
        return int(self.start.start_mark.column) + 1


class Sequence(_Collection):
    """A list."""

    def __init__(self, start: Any, raw: list[Raw]) -> None:
        self.start = start
        self.raw = raw

    @property
    def items(self) -> list[Node]:
        return [node_of(item) for item in self.raw]

    @property
    def inner(self) -> list[Raw]:
        """The values in it."""
        return self.raw


class Pair(NamedTuple):
    """A key as written and its value; ``merged`` entries came by ``<<``."""

    key: Scalar
    value: Node
    merged: bool = False


class Mapping(_Collection):
    """A mapping by the text of its keys. ``twice`` has the later keys of the same text, left out of it."""

    merges: tuple[Raw, ...] = ()

    def __init__(self, start: Any, raw: dict[str, tuple[yaml.ScalarEvent, Raw, bool]]) -> None:
        self.start = start
        self.raw = raw

    @property
    def duplicates(self) -> list[Pair]:
        return [Pair(Scalar(key), node_of(value)) for key, value in self.twice]

    @property
    def inner(self) -> list[Raw]:
        """The values in it as they are written: what is merged as a whole, and not what came of it."""
        own = (value for _, value, merged in self.raw.values() if not merged)
        return [*own, *(value for _, value in self.twice), *self.merges]

    def __getitem__(self, name: str) -> Pair:
        key, value, merged = self.raw[name]
        return Pair(Scalar(key), node_of(value), merged)

    def get(self, name: str) -> Pair | None:
        return self[name] if name in self.raw else None

    def items(self) -> Iterator[tuple[str, Pair]]:
        for name, (key, value, merged) in self.raw.items():
            yield name, Pair(Scalar(key), node_of(value), merged)


Node = Scalar | Sequence | Mapping


def node_of(raw: Raw) -> Node:
    """A node as it is worked with."""
    return Scalar(raw) if type(raw) is yaml.ScalarEvent else raw


def line_of(raw: Raw) -> int:
    """Where a scalar stands, 1-based like all places."""
    return _line(raw.start_mark)


def is_null(raw: Raw) -> bool:
    """Whether it is a scalar that says nothing: ``~``, ``null``, or no text at all."""
    return type(raw) is yaml.ScalarEvent and Scalar(raw).value is None


def placed(raw: Raw) -> tuple[str, int, int] | None:
    """Text, line and column of a scalar; None for anything else."""
    if type(raw) is not yaml.ScalarEvent:
        return None
    mark: Any = raw.start_mark
    return raw.value, _line(mark), mark.column + 1


_LINES = tuple(range(1, 4097))


def _line(mark: Any) -> int:
    """The numbers of lines, kept by the thousand, are one object each for all files."""
    line: int = mark.line
    return _LINES[line] if line < len(_LINES) else line + 1


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
        raise MalformedError(f"is not YAML: {what}", *place) from None
    except yaml.reader.ReaderError as error:
        position = error.position if isinstance(error.position, int) else 0
        line, column = place_in(text, position)
        character = error.character if isinstance(error.character, int) else ord(error.character[:1] or "?")
        raise MalformedError(f"contains the character U+{character:04X}: {error.reason}", line, column) from None
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise MalformedError(f"is not YAML: {error}") from None
    finally:
        loader.dispose()


def _mended_at(text: str, error: yaml.MarkedYAMLError) -> tuple[int | None, int | None]:
    """Where to look: what was begun and not ended is found at the end of the file, but is mended where it began."""
    body = text.rstrip("\n")
    end = place_in(body, len(body))
    marks = [mark for mark in (error.problem_mark, error.context_mark) if mark is not None]
    places = [(mark.line + 1, mark.column + 1) for mark in marks]
    return next((place for place in places if place[0] <= end[0]), end if places else (None, None))


def place(node: Node, pointer: str) -> tuple[int, int] | None:
    """Line and column of a JSON pointer; a mapping's entry is at its key when its value is a collection."""
    here: Node = node
    at = node.line, node.column
    for part in parts(pointer):
        entry = here.get(part) if isinstance(here, Mapping) else None
        if entry is not None:
            here = entry.value
            at = (here.line, here.column) if isinstance(here, Scalar) else (entry.key.line, entry.key.column)
        elif isinstance(here, Sequence) and part.isdecimal() and int(part) < len(here.raw):
            here = node_of(here.raw[int(part)])
            at = here.line, here.column
        else:
            return None
    return at


def first_duplicate(node: Node) -> Pair | None:
    """The first duplicate key anywhere in the tree."""
    if isinstance(node, Scalar) or not node.doubled:
        return None
    if node.twice:
        key, value = node.twice[0]
        return Pair(Scalar(key), node_of(value))
    return next((twice for inner in node.inner if (twice := first_duplicate(node_of(inner))) is not None), None)


class _Builder:
    def __init__(self, loader: Any) -> None:
        self._next = loader.get_event
        self._anchors: dict[str, Raw] = {}
        self._aliases = 0
        self._expanded = 0
        self._doubled = False

    def document(self) -> Node | None:
        self._next()  # the stream's start
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        raw = self._raw(self._next(), 0)
        if self._doubled:
            _mark_doubled(raw)
        node = node_of(raw)
        self._next()  # the document's end
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise _error(event, "holds more than one document; write one file each")
        # "---" alone, or nothing but comments.
        return None if isinstance(node, Scalar) and node.plain and node.text == "" and node.tag is None else node

    def _raw(self, event: Any, depth: int) -> Raw:
        kind = type(event)
        if kind is yaml.SequenceStartEvent:
            node: Raw = self._sequence(event, depth)
        elif kind is yaml.MappingStartEvent:
            node = self._mapping(event, depth)
        elif kind is yaml.AliasEvent:
            return self._alias(event, depth)
        else:
            node = event
        # Only now: an alias to a collection inside itself finds no anchor.
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any, depth: int) -> Raw:
        self._aliases += 1
        node = self._anchors.get(event.anchor)
        if node is None:
            raise _error(event, f"uses the alias *{event.anchor[:60]}, which no finished value before it defines")
        size, height = _extent(node)
        self._expanded += size
        if self._aliases > MAX_ALIASES or self._expanded > MAX_EXPANDED:
            raise _error(event, "uses aliases that stand for too many values")
        # Otherwise aliases to aliases would build what the depth's limit forbids.
        if depth + height > MAX_DEPTH:
            raise _error(event, f"is nested deeper than {MAX_DEPTH} levels by its aliases")
        return node

    def _sequence(self, event: Any, depth: int) -> Sequence:
        if depth >= MAX_DEPTH:
            raise _too_deep(event)
        items: list[Raw] = []
        following, scalar = self._next, yaml.ScalarEvent
        while type(item := following()) is not yaml.SequenceEndEvent:
            # A plain scalar is what is met most by far: no call for it.
            if type(item) is not scalar or item.anchor is not None:
                item = self._raw(item, depth + 1)
            items.append(item)
        return Sequence(event, items)

    def _mapping(self, event: Any, depth: int) -> Mapping:
        if depth >= MAX_DEPTH:
            raise _too_deep(event)
        raw: dict[str, tuple[yaml.ScalarEvent, Raw, bool]] = {}
        node = Mapping(event, raw)
        merge: tuple[yaml.ScalarEvent, Raw] | None = None
        following, scalar, end = self._next, yaml.ScalarEvent, yaml.MappingEndEvent
        while type(key := following()) is not end:
            if type(key) is not scalar or key.anchor is not None:
                start, key = key, self._raw(key, depth + 1)
                if type(key) is not scalar:
                    raise _error(start, "has a key that is not text")
            value = following()
            if type(value) is not scalar or value.anchor is not None:
                value = self._raw(value, depth + 1)
            name, pair = key.value, (key, value, False)
            if name == "<<" and key.implicit[0]:
                if merge is not None:
                    self._double(node, key, value)
                merge = key, value
            elif raw.setdefault(name, pair) is not pair:
                self._double(node, key, value)
        if merge is not None:
            self._merge(node, *merge)
        return node

    def _double(self, node: Mapping, key: yaml.ScalarEvent, value: Raw) -> None:
        """The key is there already."""
        node.twice = node.twice or []
        node.twice.append((key, value))
        self._doubled = True

    def _merge(self, node: Mapping, key: yaml.ScalarEvent, merged: Raw) -> None:
        node.merges = (merged,)
        for source in merged.raw if type(merged) is Sequence else [merged]:
            if type(source) is not Mapping:
                raise _error(key, "merges (<<) something that is not a mapping")
            # Bounded like aliases: merging in a chain of growing mappings multiplies too.
            self._expanded += _extent(source)[0]
            if self._expanded > MAX_EXPANDED:
                raise _error(key, "merges (<<) too many values")
            for name, (inner, value, _) in source.raw.items():
                if name not in node.raw:
                    node.raw[name] = (inner, value, True)


def _extent(raw: Raw) -> tuple[int, int]:
    """How many values, and how many levels of them: measured where an alias or a merge repeats them, and once."""
    if type(raw) is yaml.ScalarEvent:
        return 1, 0
    if raw.extent is None:
        inner = [_extent(value) for value in raw.inner]
        raw.extent = 1 + sum(size for size, _ in inner), 1 + max((height for _, height in inner), default=0)
    extent: tuple[int, int] = raw.extent
    return extent


def _mark_doubled(raw: Raw) -> bool:
    """Tell the collections that have a key twice, and those that they are in."""
    if type(raw) is yaml.ScalarEvent:
        return False
    inner = [_mark_doubled(value) for value in raw.inner]
    raw.doubled = bool(raw.twice) or any(inner)
    return bool(raw.doubled)


def _too_deep(event: Any) -> MalformedError:
    return _error(event, f"is nested deeper than {MAX_DEPTH} levels")


def _error(event: Any, message: str) -> MalformedError:
    return MalformedError(message, event.start_mark.line + 1, event.start_mark.column + 1)

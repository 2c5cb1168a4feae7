"""What somebody means who writes a subject short, and what was meant where nothing is called so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from supervisor.core.model.subjects import IncidentRef, NodeRef, ServiceRef, parse_subject

if TYPE_CHECKING:
    from supervisor.core.judge.reconcile import Judgement

_KINDS = ("node", "service", "incident", "input", "source")
_MANY = 1000
"""A word that means nothing is compared with so many; among more there is no hint."""
_NAMED = 3
"""So many subjects of one name are named in a hint."""
_LONG = 200
"""A name has no more characters; a longer text is not compared with anything."""


def look_up(
    text: str,
    subjects: Iterable[str],
    fingerprints: Mapping[str, str],
    knows: Callable[[str], bool],
) -> tuple[str, ...]:
    """The subjects that ``text`` may mean: none, one, or the services on several nodes that are called so.

    The first that exists: a full subject, a fingerprint (``fingerprints`` gives its subject), a node, NODE/SERVICE, an
    incident, the only service of that name, an input. ``subjects`` are all that are known by name; ``knows`` tells of
    more, such as a service of a node whose file cannot be read.
    """
    if knows(text):
        return (text,)
    if text in fingerprints:
        return (fingerprints[text],)
    kinds = ("node", "service", "incident") if "/" in text else ("node", "incident")
    for kind in kinds:
        if knows(f"{kind}:{text}"):
            return (f"{kind}:{text}",)
    services = sorted(subject for subject in subjects if _name(subject) == text)
    if services:
        return tuple(services)
    return (f"input:{text}",) if knows(f"input:{text}") else ()


def look_up_in(judgement: Judgement, text: str) -> tuple[str, ...]:
    """``look_up`` among all that the inventory and the world know."""
    from supervisor.core.judge.explain import explain  # who looks among the log's subjects judges nothing

    def knows(subject: str) -> bool:
        ref = parse_subject(subject)
        return ref is not None and explain(judgement, ref) is not None

    fingerprints = {known.fingerprint: str(known.subject) for known in judgement.recommendations}
    return look_up(text, subjects_of(judgement), fingerprints, knows)


def subjects_of(judgement: Judgement) -> Iterator[str]:
    """All nodes, services and incidents that the inventory or the world has a name for."""
    desired, actual = judgement.picture.desired, judgement.picture.actual
    for name in desired.nodes.keys() | actual.nodes.keys():
        yield str(NodeRef(name))
        node = desired.nodes.get(name)
        declared = () if node is None else (*node.services, *node.broken)
        for service in {*declared, *actual.facts(name).services}:
            yield str(ServiceRef(name, service))
    for ident in actual.incidents:
        yield str(IncidentRef(ident))


def near_subject(text: str, subjects: Iterable[str]) -> str:
    """``; did you mean …?`` for the subject whose short or full form is nearest, or nothing.

    Case does not count, nor do the prefixes (``service:``), which make everything alike.
    """
    if len(text) > _LONG:
        return ""
    kind, word = _split(text)
    meant: dict[str, list[str]] = {}
    for subject in subjects:
        if kind in (None, _split(subject)[0]):
            for form in _forms(subject):
                meant.setdefault(form, []).append(subject)
    from difflib import get_close_matches  # only who misspells pays for it

    wanted = word.casefold()
    for near in (wanted, *get_close_matches(wanted, compared(wanted, meant), 1, 0.75)):
        if near in meant:
            whole = [subject for subject in meant[near] if _short(subject) == near]
            return f"; did you mean {' or '.join(sorted(whole or meant[near])[:_NAMED])}?"
    return ""


def compared(word: str, words: Iterable[str]) -> list[str]:
    """The words that are worth comparing with a word: all if they are few, else those like it; none if still many."""
    few = sorted(words)
    if len(few) > _MANY:
        few = [other for other in few if other[:1] == word[:1] and abs(len(other) - len(word)) <= 2]
    return few if len(few) <= _MANY else []


def _forms(subject: str) -> set[str]:
    """How somebody may write a subject: without its kind, and a service by its name or the last part of it."""
    short, name = _short(subject), _name(subject)
    return {short} if name is None else {short, name.casefold(), name.casefold().rpartition("/")[2]}


def _short(subject: str) -> str:
    return _split(subject)[1].casefold()


def _name(subject: str) -> str | None:
    """The name of a service, without its node."""
    return subject.partition("/")[2] if subject.startswith("service:") else None


def _split(subject: str) -> tuple[str | None, str]:
    """The kind and what follows; no kind when it is not one of ours."""
    kind, colon, rest = subject.partition(":")
    return (kind, rest) if colon and kind in _KINDS else (None, subject)

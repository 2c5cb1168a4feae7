"""What is written: a node's own document, made of what its sources gave; and of what was written before.

The document is the observer's only memory: the restarts it has seen, and which sources there have been.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from supervisor.core.instant import Duration, Instant, format_duration, format_instant, parse_instant
from supervisor.core.model.desired import DesiredService
from supervisor.core.text import printable
from supervisor.files.names import name_fault
from supervisor.observe.identity import identify
from supervisor.observe.sighting import Reached, Sighting
from supervisor.observe.sources import could_have

_DETAIL_LIMIT = 200
CRASH_LOOP = 2
"""Restarts within the window that make a crash loop; a single one may be an accident that is over."""
_WORST = ("failed", "unhealthy", "stopped", "unknown", "created", "starting", "absent", "completed", "ok")


@dataclass(frozen=True, slots=True)
class Look:
    """What one look gave: sightings of the sources that answered, and why the others did not, by the source's name."""

    at: Instant
    sightings: tuple[Sighting, ...] = ()
    answered: frozenset[str] = frozenset()
    failed: Mapping[str, str] = field(default_factory=dict)


def node_document(
    look: Look, services: Mapping[str, DesiredService], previous: Mapping[str, Any], window: Duration
) -> dict[str, Any]:
    """The document ``nodes/<node>.json``; ``previous`` is the one before, ``window`` the time a crash loop is told by.

    A service is left out only when every source that could have it has answered, and has it not.
    """
    identified = identify(services, look.sightings)
    entries = {name: _entry(name, seen, look.at, previous, window) for name, seen in identified.services.items()}
    for name in sorted({*services, *_services(previous)} - set(entries)):
        why = _unknown(services.get(name), _services(previous).get(name, {}), look)
        if why is not None:
            entries[name] = {"status": "unknown", "detail": _detail(why), **_memory(_services(previous).get(name, {}))}
    return {
        "observed_at": format_instant(look.at),
        "status": "online",
        "services": {name: entries[name] for name in sorted(entries)},
        "sources": {
            name: _detail(look.failed[name]) if name in look.failed else "ok"
            for name in sorted({*look.answered, *look.failed})
        },
    }


def reachability_document(found: Mapping[str, Reached], previous: Mapping[str, Any], now: Instant) -> dict[str, Any]:
    """The document ``reachability/<node>.json`` of the nodes that were looked for; ``previous`` is the one before."""
    earlier = previous.get("nodes")
    nodes = {}
    for name in sorted(found):
        before = earlier.get(name) if isinstance(earlier, dict) else None
        same = isinstance(before, dict) and before.get("status") == found[name].status
        since = _moment(before.get("since")) if isinstance(before, dict) and same else None
        nodes[name] = {
            "status": found[name].status,
            # Nobody says since when: it is the first look that found it so.
            "since": format_instant(now if since is None or since > now else since),
            "detail": _detail(found[name].detail),
        }
    return {"observed_at": format_instant(now), "nodes": nodes}


def sources_of(previous: Mapping[str, Any]) -> tuple[str, ...]:
    """The sources that were there when ``previous`` was written: one that is gone now does not answer."""
    sources = previous.get("sources")
    return tuple(sorted(sources)) if isinstance(sources, dict) else ()


def silent_sources(previous: Mapping[str, Any]) -> frozenset[str]:
    """The sources that had failed when ``previous`` was written."""
    sources = previous.get("sources")
    return (
        frozenset(name for name, word in sources.items() if word != "ok") if isinstance(sources, dict) else frozenset()
    )


def _entry(
    name: str, seen: tuple[Sighting, ...], now: Instant, previous: Mapping[str, Any], window: Duration
) -> dict[str, Any]:
    worst = min(seen, key=lambda one: (_WORST.index(one.status), one.source, one.name))
    status, since, detail = worst.status, worst.since, worst.detail
    if len(seen) > 1:
        alike = sum(one.status == worst.status for one in seen)
        detail = f"{alike} of {len(seen)}: {detail}"
    before = _services(previous).get(name, {})
    if status == "starting" and since is None:
        # Nobody says since when: it is the first look that found it so.
        earlier = _moment(before.get("since")) if before.get("status") == "starting" else None
        since = earlier if earlier is not None and earlier <= now else now
    counted = [one.restarts for one in seen if one.restarts is not None]
    restarts = sum(counted) if counted else None
    gap = now - (_moment(previous.get("observed_at")) or now)
    restarted = _restarted(before, restarts, now, window, gap)
    if len(restarted) >= CRASH_LOOP and status in ("ok", "starting", "unhealthy", "failed"):
        detail = f"crash loop: restarted again and again within {format_duration(window)}; now {detail}"
        status, since = "unhealthy", restarted[0]
    return {
        "status": status,
        **({"since": format_instant(since)} if since is not None and since <= now else {}),
        "detail": _detail(detail),
        **({"restarts": restarts} if restarts is not None else {}),
        **({"restarted_at": [format_instant(one) for one in restarted]} if restarted else {}),
        "source": worst.source,
        "raw": {key: _detail(value) if isinstance(value, str) else value for key, value in worst.raw.items()},
    }


def _restarted(
    before: Mapping[str, Any], restarts: int | None, now: Instant, window: Duration, gap: Duration
) -> list[Instant]:
    """When restarts were seen, as far as that is within the window; the last few are enough to tell.

    ``gap`` is the time since the look before: of restarts in a longer one than the window, its share counts.
    """
    known = before.get("restarts")
    if restarts is None or not isinstance(known, int) or restarts < known:
        # Seen for the first time, or made anew: what it counted before is of another time.
        return []
    earlier = [moment for moment in map(_moment, _list(before, "restarted_at")) if moment is not None]
    risen = min((restarts - known) * window // max(window, gap), CRASH_LOOP)
    return [one for one in (*earlier, *[now] * risen) if now - window <= one <= now][-CRASH_LOOP:]


def _unknown(declared: DesiredService | None, before: Mapping[str, Any], look: Look) -> str | None:
    """Why it cannot be told whether a service that was not seen is there; None when it is not."""
    if declared is None:
        source = before.get("source")
        return f"{source} {look.failed[source]}" if isinstance(source, str) and source in look.failed else None
    if not declared.enabled:
        return None
    could = {source for source in look.answered | look.failed.keys() if could_have(source, declared)}
    missing = sorted(could & look.failed.keys())
    if missing:
        return f"{missing[0]} {look.failed[missing[0]]}"
    return None if could else "no source that could have it was found on this machine"


def _memory(before: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry must not forget while its source does not answer."""
    return {key: before[key] for key in ("restarts", "restarted_at", "source") if key in before}


def _services(document: Mapping[str, Any]) -> dict[str, Any]:
    services = document.get("services")
    if not isinstance(services, dict):
        return {}
    return {name: one for name, one in services.items() if isinstance(one, dict) and name_fault(name) is None}


def _list(entry: Mapping[str, Any], key: str) -> Iterable[Any]:
    value = entry.get(key)
    return value if isinstance(value, list) else []


def _moment(value: Any) -> Instant | None:
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _detail(text: str) -> str:
    """Engines' text on its way into a document: one short line that can be printed."""
    text = printable(text)
    return text if len(text) <= _DETAIL_LIMIT else text[: _DETAIL_LIMIT - 1] + "…"

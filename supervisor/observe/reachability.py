"""What is written of other nodes: which of them answer this machine, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supervisor.core.instant import Instant, format_instant
from supervisor.observe.document import short
from supervisor.observe.memory import moment
from supervisor.observe.sighting import Reached

_SEVERAL = 2
CUT_OFF = Reached("unknown", "reaches nobody: is this machine cut off?")


def reaches_nobody(reached: Mapping[str, Reached]) -> bool:
    """Is there none of several that answers? Then the fault may be this machine's own."""
    return len(reached) >= _SEVERAL and all(node.status != "online" for node in reached.values())


def believed(reached: Mapping[str, Reached], previous: Mapping[str, Any], gateway: bool) -> dict[str, Reached]:
    """What is believed of the nodes; ``gateway`` is whether this machine's own gateway answers.

    Who reaches none of several, and has reached one before or does not even reach its gateway, knows nothing of them.
    """
    if reaches_nobody(reached) and (not gateway or _last_reached(previous) is not None):
        return dict.fromkeys(reached, CUT_OFF)
    return dict(reached)


def reachability_document(
    reached: Mapping[str, Reached], previous: Mapping[str, Any], now: Instant, *, silent: Mapping[str, Reached]
) -> dict[str, Any]:
    """The document ``reachability/<node>.json``; ``previous`` is the one before.

    It speaks of the ``silent`` alone, which have no document of their own that knows better.
    """
    answers = any(node.status == "online" for node in reached.values())
    last = now if answers else _last_reached(previous)
    return {
        "observed_at": format_instant(now),
        **({"last_reached": format_instant(last)} if last is not None else {}),
        "nodes": {name: _node(silent[name], _before(previous, name), now) for name in sorted(silent)},
    }


def _node(node: Reached, before: Mapping[str, Any], now: Instant) -> dict[str, str]:
    since = moment(before.get("since")) if before.get("status") == node.status else None
    # Nobody says since when: it is so since the first look that saw it so.
    known = now if since is None or since > now else since
    return {"status": node.status, "since": format_instant(known), "detail": short(node.detail)}


def _before(previous: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    nodes = previous.get("nodes")
    before = nodes.get(name) if isinstance(nodes, dict) else None
    return before if isinstance(before, dict) else {}


def _last_reached(previous: Mapping[str, Any]) -> Instant | None:
    """When any node was last reached, as far as the document before knows."""
    return moment(previous.get("last_reached"))

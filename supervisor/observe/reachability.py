"""What is written of other nodes: which of them answer this machine, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supervisor.core.instant import Instant, format_instant
from supervisor.observe.document import short
from supervisor.observe.memory import moment
from supervisor.observe.sighting import Reached


def reachability_document(reached: Mapping[str, Reached], previous: Mapping[str, Any], now: Instant) -> dict[str, Any]:
    """The document ``reachability/<node>.json`` of the nodes that were looked for; ``previous`` is the one before."""
    earlier = previous.get("nodes")
    nodes = {}
    for name in sorted(reached):
        before = earlier.get(name) if isinstance(earlier, dict) else None
        same = isinstance(before, dict) and before.get("status") == reached[name].status
        since = moment(before.get("since")) if isinstance(before, dict) and same else None
        nodes[name] = {
            "status": reached[name].status,
            # Nobody says since when: it is the first look that found it so.
            "since": format_instant(now if since is None or since > now else since),
            "detail": short(reached[name].detail),
        }
    return {"observed_at": format_instant(now), "nodes": nodes}

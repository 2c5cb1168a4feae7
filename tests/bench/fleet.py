"""A synthetic fleet in the formats of ``docs/formats.md``: the same arguments give the same bytes.

Node k is the same in fleets of any number of nodes, so that what one file costs can be compared across sizes.

    python -m tests.bench.fleet OUT --size 5x20|100x50|1000x100|NxM [--drift 0.02] [--seed 1] [--at TIME]

Writes ``hosts/<node>/services.yaml``, ``world/nodes/<node>.json``, ``world/deployments/<node>.json``,
``world/incidents.json`` and ``truth.json``: the subjects that must carry a recommendation at ``--at``, and their
actions.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import pathlib
import random
from dataclasses import dataclass, field
from typing import Any

HOMELAB, LARGE, HUGE = "5x20", "100x50", "1000x100"
AT = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)

_WORDS = """
traefik authelia plex jellyfin sonarr radarr prowlarr bazarr nextcloud postgres redis mariadb immich paperless grafana
prometheus loki vaultwarden gitea forgejo adguard unbound homeassistant mosquitto zigbee2mqtt nodered frigate influxdb
minio syncthing restic ntfy uptime-kuma homepage
"""
_NAMES = _WORDS.split()


@dataclass
class Node:
    """One node's inventory and world, and what must be recommended for it."""

    name: str
    inventory: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    deployments: list[dict[str, str]] = field(default_factory=list)
    incidents: list[dict[str, str]] = field(default_factory=list)
    truth: dict[str, str] = field(default_factory=dict)


def stamp(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def build(index: int, count: int, drift: float = 0.02, seed: int = 1, now: dt.datetime = AT) -> Node:
    """Node ``index`` with ``count`` services, of which about ``drift`` are sick."""
    rng = random.Random(f"{seed}/{index}")
    node = Node(f"node{index:04d}")
    names = [f"{_NAMES[i % len(_NAMES)]}{i // len(_NAMES) or ''}" for i in range(count)]
    lines = ["services:"]
    world: dict[str, Any] = {}
    down: set[str] = set()
    offline = rng.random() < drift
    # The order of the dice is part of the format: it is what makes fleets of all versions the same.
    for i, name in enumerate(names):
        dependencies = sorted(rng.sample(names[:i], k=min(i, rng.choice((0, 0, 1, 2))))) if i else []
        lines += [
            f"  {name}:",
            f"    image: registry.example/{name}:1.{rng.randrange(99)}.{rng.randrange(9)}",
            f"    kind: {rng.choice(('container', 'systemd'))}",
            f"    ports: [{8000 + i}]",
            f"    url: https://{name}.{node.name}.example",
        ]
        if rng.random() < 0.1:
            lines.append("    critical: true")
        if dependencies:
            lines.append(f"    depends_on: [{', '.join(dependencies)}]")
        sick, blocked = rng.random() < drift, any(dependency in down for dependency in dependencies)
        record = {
            "status": "ok",
            "since": stamp(now - dt.timedelta(hours=rng.randrange(1, 900))),
            "detail": f"running on {node.name}",
        }
        failures = rng.choice((1, 2, 3, 4)) if rng.random() < drift / 2 else 0
        if rng.random() < 0.05 or failures:
            node.deployments += [
                {
                    "id": f"{node.name}-{name}-{attempt}",
                    "node": node.name,
                    "service": name,
                    "status": "failed" if failures else "succeeded",
                    "at": stamp(now - dt.timedelta(hours=12 - attempt)),
                }
                for attempt in range(failures or 1)
            ]
        missing = sick and rng.random() < 0.5
        if sick:
            record["status"] = rng.choice(("unhealthy", "failed", "exited", "restarting"))
            down.add(name)
        if not missing:
            world[name] = record
        if sick or failures:
            action = "diagnostics" if failures >= 3 else "deploy" if missing else "redeploy"
            node.truth[f"service:{node.name}/{name}"] = "delay_deployment" if blocked else action
        if rng.random() < 0.005:
            node.incidents.append(
                {
                    "id": f"INC-{index:04d}-{i:03d}",
                    "title": f"{name} on {node.name} was slow",
                    "status": "active",
                    "severity": "minor",
                    "node": node.name,
                    "service": name,
                    "opened_at": stamp(now - dt.timedelta(hours=5)),
                }
            )
    if offline:
        node.truth = {f"node:{node.name}": "failover_review"}
    node.truth |= {f"incident:{incident['id']}": "review_incident" for incident in node.incidents}
    node.inventory = "\n".join(lines) + "\n"
    node.document = {
        "observed_at": stamp(now - dt.timedelta(seconds=20)),
        "status": "offline" if offline else "online",
        "services": world,
    }
    return node


def write(out: pathlib.Path, size: str, drift: float = 0.02, seed: int = 1, now: dt.datetime = AT) -> dict[str, str]:
    """A fleet of ``size`` (nodes x services) below ``out``; what must be recommended, by subject."""
    nodes, services = map(int, size.split("x"))
    incidents: list[dict[str, str]] = []
    truth: dict[str, str] = {}
    for folder in ("world/nodes", "world/deployments"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for index in range(nodes):
        node = build(index, services, drift, seed, now)
        (out / "hosts" / node.name).mkdir(parents=True, exist_ok=True)
        (out / "hosts" / node.name / "services.yaml").write_text(node.inventory)
        (out / "world/nodes" / f"{node.name}.json").write_text(json.dumps(node.document, indent=1) + "\n")
        deployments = {"observed_at": node.document["observed_at"], "deployments": node.deployments}
        (out / "world/deployments" / f"{node.name}.json").write_text(json.dumps(deployments) + "\n")
        incidents += node.incidents
        truth |= node.truth
    fleet = {"observed_at": stamp(now), "incidents": incidents}
    (out / "world/incidents.json").write_text(json.dumps(fleet) + "\n")
    (out / "truth.json").write_text(json.dumps(truth, indent=1, sort_keys=True) + "\n")
    return truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--size", default=HOMELAB)
    parser.add_argument("--drift", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at", type=dt.datetime.fromisoformat, default=AT)
    arguments = parser.parse_args()
    write(arguments.out, arguments.size, arguments.drift, arguments.seed, arguments.at)


if __name__ == "__main__":
    main()

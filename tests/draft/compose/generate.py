"""Compose projects made up from a seed: everything that decides something in a draft, in every form it is written."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

NAMES = ("a", "b", "c", "d", "e", "f")
_CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")


@dataclass(frozen=True)
class Tagged:
    """A value with one of compose's own tags."""

    tag: str
    value: Any


def flow(value: Any) -> str:
    """A value as YAML in one line."""
    if isinstance(value, Tagged):
        return f"{value.tag} {flow(value.value)}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return json.dumps(value)


class Generator:
    """One project: ``files`` by path, ``given`` those that are named to compose."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.files: dict[str, str] = {}
        self.given: list[str] = []
        # Compose takes no project whose scale and deploy.replicas contradict each other.
        self._scaled = self._chance(0.4)
        self._variables = {"TAG": "7", "EMPTY": "", "POLICY": "no", "PART": "x", "FILE": "base.yml"}
        self._make()

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _make(self) -> None:
        self.files["proj/base.yml"] = flow({"services": {"base": self._service("base", (), whole=True)}})
        self.files["proj/sub/base.yml"] = flow({"services": {"base": self._service("base", (), whole=True)}})
        self.files["proj/sub/inner.yml"] = flow(
            {
                "services": {
                    "inner": self._service("inner", (), whole=True, extends=[{"file": "base.yml", "service": "base"}])
                }
            }
        )
        self.files["proj/nets.yml"] = flow({"networks": {"edge": {}}})
        for number in range(self._random.choice((1, 1, 2, 3))):
            path = f"proj/{'sub/' if number and self._chance(0.3) else ''}c{number}.yml"
            self.given.append(path)
            self.files[path] = self._file(number)
        self._env()

    def _file(self, number: int) -> str:
        document: dict[str, Any] = {}
        if self._chance(0.3):
            document["name"] = self._random.choice(("films", "Films", "${PART}y", "${NONE:-tv}", "x.y"))
        if number == 0 and self._chance(0.5):
            document["include"] = self._random.sample(
                [
                    "nets.yml",
                    self._random.choice(
                        [
                            "sub/inner.yml",
                            {"path": "sub/inner.yml"},
                            {"path": ["sub/inner.yml"], "project_directory": "."},
                            {"path": ["nets.yml", "sub/inner.yml"]},
                            "${NONE:-sub/inner.yml}",
                        ]
                    ),
                ],
                self._random.choice((1, 2)),
            )
        names = NAMES if number == 0 else self._random.sample(NAMES, self._random.randint(0, 4))
        services: dict[str, Any] = {}
        for name in sorted(names):
            before = NAMES[: NAMES.index(name)]
            extends: list[Any] = [{"file": "base.yml", "service": "base"}, {"file": "${FILE}", "service": "base"}]
            extends += [there for there in before if there in services and number == 0]
            services[name] = self._service(name, before, whole=number == 0, extends=extends)
        if number == 0 and self._chance(0.2):
            # Two documents of one file.
            half = dict(list(services.items())[3:])
            first = dict(list(services.items())[:3])
            return f"{flow({**document, 'services': first})}\n---\n{flow({'services': half})}\n"
        return flow({**document, "services": services} if services or self._chance(0.5) else document) + "\n"

    def _service(
        self, name: str, before: tuple[str, ...], *, whole: bool, extends: list[Any] | None = None
    ) -> dict[str, Any]:
        service: dict[str, Any] = (
            {"image": f"{name}:{self._random.randint(1, 9)}"} if whole or self._chance(0.2) else {}
        )
        chosen: dict[str, Any] = {
            "restart": self._random.choice(
                ("no", "always", "unless-stopped", "on-failure", "${POLICY}", "${NONE:-always}")
            ),
            "container_name": self._random.choice((f"my-{name}", "${PART}-" + name)),
            "profiles": self._random.choice(([], [""], ["x"], ["x", "y"], ["${PART}"])),
            "deploy": self._random.choice(
                (
                    {"replicas": 0},
                    {"replicas": 1},
                    {"restart_policy": {"condition": "none"}},
                    {"restart_policy": {}},
                    {"restart_policy": {"condition": "any"}, "replicas": 1},
                    {"resources": {}},
                )
            ),
            "scale": self._random.choice((0, 1, "0", "${TAG}")),
            "depends_on": self._depends_on(before),
            "links": [f"{other}:alias" if self._chance(0.5) else other for other in before[:1]],
            "volumes_from": [*(f"{other}:ro" for other in before[1:2]), f"container:of-{self._random.random()}"],
            "ipc": f"service:{before[0]}" if before else "host",
            "pid": f"service:{before[-1]}" if before else "host",
        }
        for key, share in (
            ("scale", 0.15),
            ("deploy", 0.3),
            ("links", 0.15),
            ("volumes_from", 0.1),
            ("ipc", 0.1),
            ("pid", 0.1),
        ):
            if self._chance(share):
                service[key] = chosen[key]
        for key in ("restart", "container_name", "profiles", "depends_on"):
            if self._chance(0.4):
                service[key] = chosen[key]
        if before and not service.keys() & {"links"} and self._chance(0.1):
            service["network_mode"] = f"service:{self._random.choice(before)}"
        service.pop("deploy" if self._scaled else "scale", None)
        if service.keys() & {"scale", "deploy"} or name in ("base", "inner"):
            service.pop("container_name", None)
        if extends and self._chance(0.25):
            pick = self._random.choice(extends)
            service["extends"] = pick if isinstance(pick, dict) else self._random.choice((pick, {"service": pick}))
            if not isinstance(pick, dict):
                service["container_name"] = f"my-{name}"
        if not whole:
            for key in list(service):
                if key != "extends" and self._chance(0.15):
                    service[key] = Tagged(self._random.choice(("!reset", "!override")), service[key])
        return service

    def _depends_on(self, before: tuple[str, ...]) -> Any:
        others = self._random.sample(before, self._random.randint(0, min(3, len(before))))
        if self._chance(0.4):
            return others
        return {other: self._how() for other in others}

    def _how(self) -> dict[str, Any]:
        how: dict[str, Any] = {"condition": self._random.choice(_CONDITIONS)}
        if self._chance(0.4):
            how["required"] = self._chance(0.5)
        if self._chance(0.3):
            how["restart"] = True
        return how

    def _env(self) -> None:
        lines = [f"{key}={value}" for key, value in self._variables.items()]
        if self._chance(0.3):
            lines.append(
                self._random.choice(
                    ("COMPOSE_PROFILES=x", "COMPOSE_PROFILES=x,y", "COMPOSE_PROFILES=*", "export COMPOSE_PROFILES='y'")
                )
            )
        if self._chance(0.2):
            lines.append(self._random.choice(("COMPOSE_PROJECT_NAME=mine", 'COMPOSE_PROJECT_NAME="${PART}" # mine')))
        self.files["proj/.env"] = "\n".join(lines) + "\n"

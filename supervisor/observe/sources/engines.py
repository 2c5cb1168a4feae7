"""Container engines behind their API socket: Docker Engine, and Podman in its own dialect.

Only GET requests, of three kinds: the version, the list, and one inspection a container. Lists are not trusted for
more than identifiers: Podman's hide ``unhealthy``. What an engine answers is bounded in size and in time.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from supervisor.core.instant import SECOND
from supervisor.core.model.desired import DesiredService
from supervisor.errors import AwayError, SourceError
from supervisor.files.settings import Key
from supervisor.observe.containers import sighting, unreadable
from supervisor.observe.deadline import Deadline
from supervisor.observe.sighting import Sighting
from supervisor.observe.sources.source import Opened, SourceKind

AUTO = "auto"
"""In place of a list of engines: those of the usual places that are there."""
_NONE = "none"
USUAL = ("/run/docker.sock", "/run/podman/podman.sock")
_ANSWER_LIMIT = 16 << 20
_CONTAINER_LIMIT = 5000
_CHUNK = 1 << 16
_ID = re.compile(r"[0-9a-f]{12,64}")
# Podman 4 and 5 both understand this version of its own dialect.
_LIBPOD = "/v4.0.0/libpod"


class AnswerError(SourceError):
    """The engine understood the question and refused the answer; it may well answer the next one."""


class Engine:
    """The engine behind one socket."""

    def __init__(self, path: str) -> None:
        self.name = path

    def look(self, services: Mapping[str, DesiredService], deadline: Deadline) -> tuple[Sighting, ...]:  # noqa: ARG002 - containers have names
        talk = _Talk(self.name, deadline)
        try:
            return tuple(self._look(talk))
        except TimeoutError:
            raise SourceError(deadline.missed()) from None
        except PermissionError as error:
            raise SourceError(f"cannot be reached: {error.strerror or error}") from error
        except OSError as error:
            raise AwayError(f"cannot be reached: {error.strerror or error}") from error
        except http.client.HTTPException as error:
            raise AwayError(f"does not speak HTTP as it should: {type(error).__name__}") from error
        finally:
            talk.close()

    def _look(self, talk: _Talk) -> list[Sighting]:
        version = talk.get("/version")
        components = version.get("Components") if isinstance(version, dict) else None
        parts = components if isinstance(components, list) else []
        names = [part.get("Name") for part in parts if isinstance(part, dict)]
        prefix = _LIBPOD if "Podman Engine" in names else ""
        listed = talk.get(f"{prefix}/containers/json?all=true")
        if not isinstance(listed, list):
            raise SourceError("gave no list of containers")
        if len(listed) > _CONTAINER_LIMIT:
            raise SourceError(f"has {len(listed)} containers, more than {_CONTAINER_LIMIT}")
        seen = (self._inspect(talk, prefix, container) for container in listed)
        return [container for container in seen if container is not None]

    def _inspect(self, talk: _Talk, prefix: str, listed: Any) -> Sighting | None:
        identifier = listed.get("Id") if isinstance(listed, dict) else None
        if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
            raise SourceError("gave a container without an identifier")
        try:
            inspected = talk.get(f"{prefix}/containers/{identifier}/json", absent=True)
        except AnswerError as error:
            return unreadable(self.name, listed, str(error))
        if inspected is None:
            # It went away between the list and now.
            return None
        if not isinstance(inspected, dict):
            raise SourceError(f"gave nothing of container {identifier[:12]}")
        seen = sighting(self.name, inspected)
        if seen is not None and not seen.name:
            raise SourceError(f"gave no name of container {identifier[:12]}")
        return seen


class _Talk(http.client.HTTPConnection):
    """A conversation over a Unix socket that ends when the look must."""

    def __init__(self, path: str, deadline: Deadline) -> None:
        super().__init__("localhost")
        self._path = path
        self._deadline = deadline

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._hurry()
        self.sock.connect(self._path)

    def get(self, path: str, *, absent: bool = False) -> Any:
        """The JSON value at ``path``; None for 404 where the thing may be ``absent``."""
        if self.sock is not None:
            self._hurry()
        self.request("GET", path, headers={"Accept": "application/json"})
        response = self.getresponse()
        body = self._read(response)
        if response.status == 404 and absent:
            return None
        if response.status != 200:
            raise AnswerError(f"answered {response.status} to GET {path.partition('?')[0]}")
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise SourceError(f"gave no JSON for {path.partition('?')[0]}") from None

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            self._hurry()
            part = response.read1(_CHUNK)
            if not part:
                # The last part does not always do this, and the next request waits for it.
                response.close()
                return b"".join(parts)
            parts.append(part)
            size += len(part)
            if size > _ANSWER_LIMIT:
                raise SourceError(f"answered more than {_ANSWER_LIMIT >> 20} MiB")

    def _hurry(self) -> None:
        """What waits now may wait until the deadline, and no longer."""
        left = self._deadline.left() / SECOND
        if left <= 0:
            raise TimeoutError
        # After the last part of an answer that ends the conversation there is no socket any more.
        if self.sock is not None:
            self.sock.settimeout(left)


def _engines(text: str) -> tuple[str, ...] | None:
    """The setting: None stands for ``auto``."""
    if text == AUTO:
        return None
    paths = text.split() if text != _NONE else []
    for path in paths:
        if not path.startswith("/"):
            raise ValueError(f"{path[:60]!r} is not an absolute path of a socket; write {AUTO}, {_NONE}, or paths")
    return tuple(dict.fromkeys(paths))


def sockets(given: Sequence[str] | None, earlier: Sequence[str], usual: Sequence[str]) -> tuple[str, ...]:
    """The sockets to look through: those that are given, else those of the usual places and of earlier looks."""
    if given is not None:
        return tuple(given)
    there = (path for path in usual if os.path.exists(path))
    # One that was there and is gone does not answer; that is not the same as being without.
    return tuple(dict.fromkeys((*there, *(name for name in earlier if _is_engine(name)))))


def _is_engine(source: str) -> bool:
    return source.startswith("/")


def _start(settings: Mapping[str, Any], earlier: Sequence[str]) -> Opened:
    return Opened(tuple(Engine(path) for path in sockets(settings["engines"], earlier, USUAL)))


KIND = SourceKind(
    key="container",
    settings=(
        Key("engines", AUTO, _engines, "API sockets of container engines: auto, none, or paths with blanks between"),
    ),
    owns=_is_engine,
    could_have=lambda service: True,  # noqa: ARG005 - any name may be a container's
    start=_start,
)

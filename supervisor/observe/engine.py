"""Container engines behind their API socket: Docker Engine, and Podman in its own dialect.

Only GET requests, of three kinds: the version, the list, and one inspection a container. Lists are not trusted for
more than identifiers: Podman's hide ``unhealthy``. What an engine answers is bounded in size and in time.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Callable, Mapping
from typing import Any

from supervisor.core.instant import SECOND, Duration
from supervisor.core.model.desired import DesiredService
from supervisor.observe.containers import sighting, unreadable
from supervisor.observe.sighting import Sighting, SourceError

_ANSWER_LIMIT = 16 << 20
_CONTAINER_LIMIT = 5000
_CHUNK = 1 << 16
_ID = re.compile(r"[0-9a-f]{12,64}")
# Podman 4 and 5 both understand this version of its own dialect.
_LIBPOD = "/v4.0.0/libpod"


class AnswerError(SourceError):
    """The engine understood the question and refused the answer; it may well answer the next one."""


class Engine:
    """The engine behind one socket; ``timeout`` is for a whole look, ``monotonic`` gives nanoseconds too."""

    def __init__(self, path: str, timeout: Duration, monotonic: Callable[[], int]) -> None:
        self.name = path
        self._timeout = timeout
        self._monotonic = monotonic

    def look(self, services: Mapping[str, DesiredService]) -> tuple[Sighting, ...]:  # noqa: ARG002 - containers have names
        talk = _Talk(self.name, self._monotonic, self._monotonic() + self._timeout)
        try:
            return tuple(self._look(talk))
        except TimeoutError:
            raise SourceError(f"did not answer within {self._timeout / SECOND:g} s") from None
        except OSError as error:
            raise SourceError(f"cannot be reached: {error.strerror or error}") from error
        except http.client.HTTPException as error:
            raise SourceError(f"does not speak HTTP as it should: {type(error).__name__}") from error
        finally:
            talk.close()

    def _look(self, talk: _Talk) -> list[Sighting]:
        version = talk.get("/version")
        components = version.get("Components") if isinstance(version, dict) else None
        names = [one.get("Name") for one in components if isinstance(one, dict)] if isinstance(components, list) else []
        prefix = _LIBPOD if "Podman Engine" in names else ""
        listed = talk.get(f"{prefix}/containers/json?all=true")
        if not isinstance(listed, list):
            raise SourceError("gave no list of containers")
        if len(listed) > _CONTAINER_LIMIT:
            raise SourceError(f"has {len(listed)} containers, more than {_CONTAINER_LIMIT}")
        found = (self._inspect(talk, prefix, one) for one in listed)
        return [one for one in found if one is not None]

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
    """A conversation over a Unix socket that ends at a moment of the monotonic clock."""

    def __init__(self, path: str, monotonic: Callable[[], int], deadline: int) -> None:
        super().__init__("localhost")
        self._path = path
        self._monotonic = monotonic
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
        left = (self._deadline - self._monotonic()) / SECOND
        if left <= 0:
            raise TimeoutError
        # After the last part of an answer that ends the conversation there is no socket any more.
        if self.sock is not None:
            self.sock.settimeout(left)

"""Container engines behind their API: Docker Engine, and Podman in its own dialect.

Only GET requests, of three kinds: the version, the list, and one inspection a container. Lists are not trusted for
more than identifiers: Podman's hide ``unhealthy``. What an engine answers is bounded in size and in time.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

from supervisor.core.instant import SECOND
from supervisor.core.model.desired import DesiredService
from supervisor.errors import AwayError, SourceError
from supervisor.files.settings import Key
from supervisor.observe.containers import sighting, unreadable
from supervisor.observe.deadline import Deadline
from supervisor.observe.reach import parse_address
from supervisor.observe.sighting import Sighting
from supervisor.observe.sources.source import Opened, SourceKind

AUTO = "auto"
"""In place of a list of engines: those of the usual places that are there."""
_NONE = "none"
_TCP, _TLS = "tcp://", "tls://"
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
    """The engine at one address: the path of a socket, ``tcp://HOST:PORT`` or ``tls://HOST:PORT``.

    ``certificates`` is the folder with what TLS needs, named as Docker's client has it; None: what the system trusts.
    """

    def __init__(self, address: str, certificates: str | None = None) -> None:
        self.name = address
        self._certificates = certificates

    def look(self, services: Mapping[str, DesiredService], deadline: Deadline) -> tuple[Sighting, ...]:  # noqa: ARG002 - containers have names
        talk = _Talk(self.name, self._certificates, deadline)
        try:
            return tuple(self._look(talk))
        except TimeoutError:
            raise SourceError(deadline.missed()) from None
        except (PermissionError, ssl.SSLError) as error:
            raise SourceError(f"cannot be reached: {_why(error)}") from error
        except OSError as error:
            raise AwayError(f"cannot be reached: {_why(error)}") from error
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
    """A conversation that ends when the look must."""

    def __init__(self, address: str, certificates: str | None, deadline: Deadline) -> None:
        super().__init__("localhost")
        self._address = address
        self._certificates = certificates
        self._deadline = deadline

    def connect(self) -> None:
        if _is_socket(self._address):
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            self._hurry()
            self.sock.connect(self._address)
            return
        secured, host, port = _parts(self._address)
        self.sock = socket.create_connection((host, port), self._deadline.left() / SECOND or None)
        if secured:
            self._hurry()
            self.sock = _trust(self._certificates).wrap_socket(self.sock, server_hostname=host)

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


def _trust(certificates: str | None) -> ssl.SSLContext:
    """What is trusted, and who we are: ``ca.pem``, ``cert.pem`` and ``key.pem``, as far as they are there."""
    if certificates is None:
        return ssl.create_default_context()
    authority, certificate, key = (os.path.join(certificates, f"{name}.pem") for name in ("ca", "cert", "key"))
    context = ssl.create_default_context(cafile=authority)
    if os.path.exists(certificate):
        context.load_cert_chain(certificate, key)
    return context


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return error.strerror or str(error)


# --- addresses --------------------------------------------------------------------------------------------------------


def _is_socket(address: str) -> bool:
    return address.startswith("/")


def _is_engine(source: str) -> bool:
    return source.startswith(("/", _TCP, _TLS))


def _parts(address: str) -> tuple[bool, str, int]:
    """Whether it is secured, host and port of an address that is not a socket's; ValueError when it is none."""
    secured = address.startswith(_TLS)
    parsed = parse_address(address.removeprefix(_TLS).removeprefix(_TCP))
    if parsed is None or not address.startswith((_TCP, _TLS)):
        raise ValueError(f"{address[:60]!r} is not an address")
    return secured, *parsed


def _engines(text: str) -> tuple[str, ...] | None:
    """The setting: None stands for ``auto``."""
    if text == AUTO:
        return None
    addresses = [address.removeprefix("unix://") for address in text.split()] if text != _NONE else []
    for address in addresses:
        try:
            if not _is_socket(address):
                _parts(address)
        except ValueError:
            raise ValueError(
                f"{address[:60]!r} is not an absolute path of a socket; "
                f"write {AUTO}, {_NONE}, paths, tcp://HOST:PORT or tls://HOST:PORT"
            ) from None
    return tuple(dict.fromkeys(addresses))


def _folder(text: str) -> str | None:
    if text != _NONE and not text.startswith("/"):
        raise ValueError(f"{text[:60]!r} is not an absolute path of a folder; write {_NONE} or a path")
    return None if text == _NONE else text


def addresses(given: Sequence[str] | None, earlier: Sequence[str], usual: Sequence[str]) -> tuple[str, ...]:
    """The engines to look at, each once: those that are given, else those of the usual places and of earlier looks."""
    if given is not None:
        return _distinct(given)
    there = (path for path in usual if os.path.exists(path))
    # One that was there and is gone does not answer; that is not the same as being without.
    return _distinct([*there, *filter(_is_socket, earlier)])


def _distinct(sockets: Sequence[str]) -> tuple[str, ...]:
    """One name for each engine: podman-docker, for one, makes Docker's socket a link to Podman's."""
    names: dict[object, str] = {}
    for address in sockets:
        engine = _behind(address)
        # The name that is no link stays the same when links come and go.
        if engine not in names or os.path.realpath(address) == address:
            names[engine] = address
    return tuple(names.values())


def _behind(address: str) -> object:
    """What is the same for two names of one socket: device and inode, or where the name leads when nothing is there."""
    if not _is_socket(address):
        return address
    try:
        status = os.stat(address)
    except OSError:
        return os.path.realpath(address)
    return status.st_dev, status.st_ino


def _start(settings: Mapping[str, Any], earlier: Sequence[str]) -> Opened:
    certificates = settings["engine_certificates"]
    return Opened(tuple(Engine(address, certificates) for address in addresses(settings["engines"], earlier, USUAL)))


KIND = SourceKind(
    key="container",
    settings=(
        Key(
            "engines",
            AUTO,
            _engines,
            "container engines: auto, none, or sockets, tcp:// and tls://, with blanks between",
        ),
        Key("engine_certificates", _NONE, _folder, "folder with ca.pem, cert.pem and key.pem for engines at tls://"),
    ),
    owns=_is_engine,
    could_have=lambda service: True,  # noqa: ARG005 - any name may be a container's
    start=_start,
)

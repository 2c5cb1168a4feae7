"""What the observer's tests share: an engine that answers as it is told, and a small world around an observer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from supervisor.observe.observer import Observer
from supervisor.observe.settings import ObserverSettings, load_observer_settings
from supervisor.process.clock import Clock

ID = "ab" * 32
CONTAINER = {"Name": "/web", "State": {"Status": "running"}}
Answer = Callable[[str], bytes]


GOOD: dict[str, Any] = {"version": {}, "listed": [{"Id": ID}], "inspected": CONTAINER}


class Fake:
    """A server on a Unix socket; ``answer`` turns a path into raw bytes."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        folder.mkdir(exist_ok=True)
        self.path = str(folder / "engine.sock")
        self.asked: list[str] = []
        self._hangs = False
        self._answer = answer
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while request := connection.recv(65536):
                path = request.split(b" ")[1].decode()
                assert request.startswith(b"GET ")
                self.asked.append(path)
                if self._hangs:
                    continue
                answer = self._answer(path)
                connection.sendall(answer)
                if b"Connection: close" in answer:
                    return

    def hang(self) -> None:
        """From now on it takes connections and questions, and answers nothing."""
        self._hangs = True

    def close(self) -> None:
        self._socket.close()


def http(body: bytes, status: int = 200, *more: str) -> bytes:
    head = (f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", *more, "", "")
    return "\r\n".join(head).encode() + body


def engine(version: Any = None, listed: Any = None, inspected: Any = None, status: int = 200) -> Answer:
    """One that answers as told; in JSON, unless given bytes."""

    def answer(path: str) -> bytes:
        value, code = (version, 200) if path == "/version" else (listed, 200)
        if path.endswith("/json"):
            value, code = inspected, status
        return http(value if isinstance(value, bytes) else json.dumps(value).encode(), code)

    return answer


class Here:
    """An engine, an inventory, a world folder, and an observer of node ``nas``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.containers: dict[str, Any] = {"web": CONTAINER}
        self.engine = Fake(folder, self._answer)
        self.settings = load_observer_settings(
            {
                "inventory": str(folder / "hosts"),
                "world": str(folder / "world"),
                "node": "nas",
                "engines": self.engine.path,
                "systemd": "false",
                "timeout": "2s",
            },
            {},
        )
        self.observer = Observer(self.settings, Clock())

    def _answer(self, path: str) -> bytes:
        names = {f"{number:064x}": value for number, value in enumerate(self.containers.values(), 1)}
        identifier = path.removesuffix("/json").rpartition("/")[2]
        if identifier in names:
            return http(json.dumps(names[identifier]).encode())
        return engine(**GOOD | {"listed": [{"Id": identifier} for identifier in names]})(path)

    def with_engines(self, *paths: str) -> ObserverSettings:
        return replace(self.settings, sources={**self.settings.sources, "engines": paths})

    def declare(self, text: str, node: str = "nas") -> None:
        folder = self.folder / "hosts" / node
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "services.yaml").write_text(text)

    def look(self, observer: Observer | None = None) -> dict[str, str]:
        """Words by service after a look."""
        (observer or self.observer).look()
        return {name: entry["status"] for name, entry in self.document()["services"].items()}

    def document(self, path: str = "nodes/nas.json") -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "world" / path).read_text())
        return document

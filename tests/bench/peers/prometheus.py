"""Prometheus and Alertmanager, each second: two metrics, one rule, and a webhook that is called at once."""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
import urllib.request
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.bench.peers.given import Given
from tests.bench.peers.install import Programs, attempt, debian
from tests.bench.peers.peer import PATIENCE, Peer, Process

_RULES = """
groups:
  - name: fleet
    rules:
      - alert: Drift
        expr: desired unless on(node, service) (actual == 1)
"""

_SCRAPING = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
scrape_configs:
  - job_name: fleet
    static_configs: [{{targets: ["127.0.0.1:{bench}"]}}]
"""

# Each alert is its own group, so that none waits for the news of another.
_ALERTING = """
route: {{receiver: bench, group_by: ["..."], group_wait: 0s, group_interval: 1s, repeat_interval: 4h}}
receivers:
  - name: bench
    webhook_configs: [{{url: "http://127.0.0.1:{bench}/", send_resolved: true, max_alerts: 0}}]
"""


def metrics(given: Given) -> str:
    """A fleet as Prometheus reads it."""
    lines = ["# TYPE desired gauge"]
    lines += [f'desired{{node="{node}",service="{name}"}} 1' for node, names in given.desired.items() for name in names]
    lines += ["# TYPE actual gauge"]
    lines += [
        f'actual{{node="{node}",service="{name}"}} {well:d}'
        for node, services in given.actual.items()
        for name, well in services.items()
    ]
    return "\n".join(lines) + "\n"


class _Server(ThreadingHTTPServer):
    """Gives out the metrics, and takes in the news with the moments at which they came."""

    daemon_threads = True

    def __init__(self, text: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.metrics = text.encode()
        self.news: queue.Queue[tuple[float, dict[str, Any]]] = queue.Queue()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(self.server.metrics)

    def do_POST(self) -> None:
        moment = time.monotonic()
        self.server.news.put((moment, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self._answer(b"")

    def _answer(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class Prometheus:
    """Both processes, on the loopback interface alone."""

    def __init__(self, programs: Programs, root: Path, folder: Path) -> None:
        self._given = Given(root)
        self._programs = programs
        self._folder = folder
        self._server = _Server(metrics(self._given))
        self._stack = ExitStack()
        self._ports = {"bench": self._server.server_port, "prometheus": _port(), "alertmanager": _port()}
        self._processes: list[Process] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self._server.server_close)
            threading.Thread(target=self._server.serve_forever, daemon=True).start()
            stack.callback(self._server.shutdown)
            for name, text in (("rules", _RULES), ("prometheus", _SCRAPING), ("alertmanager", _ALERTING)):
                content = text if name == "rules" else text.format(**self._ports)
                (self._folder / f"{name}.yml").write_text(content)
            self._start(stack, "prometheus-alertmanager", "alertmanager", "--storage.path", "--cluster.listen-address=")
            self._start(stack, "prometheus", "prometheus", "--storage.tsdb.path")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack, program: str, name: str, storage: str, *more: str) -> None:
        listen = f"--web.listen-address=127.0.0.1:{self._ports[name]}"
        argv = [self._programs.path(program), f"--config.file={name}.yml", f"{storage}={self._folder}/{name}"]
        argv = self._programs.at_home([*argv, listen, "--log.level=warn", *more])
        process = Process(self._folder, argv, self._programs.environ(), name)
        self._processes.append(stack.enter_context(process))
        process.wait(lambda: self._ask(name, "/-/ready") is not None)

    def change(self, relative: str, text: str) -> float:
        with suppress(queue.Empty):
            while True:
                self._server.news.get_nowait()
        moment = self._given.change(relative, text)
        self._server.metrics = metrics(self._given).encode()
        waiting = {(name, "firing") for name in moment.failed} | {(name, "resolved") for name in moment.recovered}
        deadline, at = moment.at + PATIENCE, moment.at
        while waiting:
            try:
                at, news = self._server.news.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise RuntimeError(f"no call after {relative} changed") from None
            waiting -= {(_name(alert), alert["status"]) for alert in news["alerts"]}
        return at - moment.at

    def drifted(self) -> set[str]:
        answer = json.loads(self._ask("prometheus", "/api/v1/alerts") or "")
        return {_name(alert) for alert in answer["data"]["alerts"] if alert["state"] == "firing"}

    def used(self) -> float:
        return sum(process.used() for process in self._processes)

    def resident(self) -> float:
        return sum(process.resident() for process in self._processes)

    def _ask(self, name: str, path: str) -> bytes | None:
        """What a process answers; None when it is not ready."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._ports[name]}{path}", timeout=5) as answer:
                data: bytes = answer.read()
                return data
        except OSError:
            return None


def _name(alert: dict[str, Any]) -> str:
    return f"{alert['labels']['node']}/{alert['labels']['service']}"


def _install(scratch: Path) -> Programs:
    programs = debian(scratch, "prometheus", "prometheus", "prometheus-alertmanager")
    # Debian's Alertmanager looks for its templates in /usr/share, and nowhere else.
    attempt(programs.at_home(["true"]))
    return programs


def _port() -> int:
    """A port of the loopback interface that was free just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


PEER = Peer(
    "Prometheus",
    _install,
    daemon=Prometheus,
    notes=["Prometheus stands for Prometheus and Alertmanager together; it has no command for one pass."],
)

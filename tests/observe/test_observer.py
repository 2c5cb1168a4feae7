"""The whole observer: settings, inventory, sources, documents, and what goes wrong on the way."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import supervisor
from supervisor.core.instant import SECOND
from supervisor.errors import ConfigError, ObserverError
from supervisor.files.world.load import load_world
from supervisor.observe.observer import Observer
from supervisor.observe.settings import ObserverSettings, load_observer_settings
from supervisor.process.clock import Clock
from tests.acceptance.harness import PATIENCE, environment
from tests.observe.test_engine import CONTAINER, GOOD, Fake, engine, http
from tests.systemd.machine import until


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
        names = {f"{number:064x}": one for number, one in enumerate(self.containers.values(), 1)}
        identifier = path.removesuffix("/json").rpartition("/")[2]
        if identifier in names:
            return http(json.dumps(names[identifier]).encode())
        return engine(**GOOD | {"listed": [{"Id": one} for one in names]})(path)

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


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


def test_what_runs_is_written_and_can_be_read(here: Here) -> None:
    here.declare("services:\n  web:\n  db:\n")
    assert here.look() == {"web": "ok"}
    world = load_world(str(here.folder / "world"), 1 << 20)
    assert world.problems == ()
    assert sorted(world.value.nodes["nas"].services) == ["web"]
    schema = json.loads((Path(supervisor.__file__).parent / "schemas" / "world.json").read_text())
    jsonschema.validate(here.document(), schema)
    assert here.observer.notices == []


def test_hostile_names_make_a_document_that_can_be_read(here: Here) -> None:
    nasty = ["\x1b[2J", "a\nb", "\u202e", "\udcff", "x" * 10_000, "..", "", "a/../b", "\0", "web\u0085"]
    for number, name in enumerate(nasty):
        label = {"com.docker.compose.project": name, "com.docker.compose.service": name, "x": name}
        here.containers[f"{number}"] = {
            "Name": f"/fine{number}",
            "State": {"Status": name},
            "Config": {"Labels": label},
        }
        if name:
            here.containers[f"{number} too"] = {"Name": name, "State": {"Status": "running"}}
    seen = here.look()
    assert {"web", *(f"fine{number}" for number in range(len(nasty)))} <= seen.keys()
    world = load_world(str(here.folder / "world"), 1 << 20)
    assert world.problems == ()
    assert set(world.value.nodes["nas"].services) == set(seen)
    assert (here.folder / "world" / "nodes" / "nas.json").read_text().replace("\n", "").isprintable()


def test_a_source_that_is_gone_makes_its_services_unknown_also_after_a_restart(here: Here) -> None:
    here.declare("services:\n  web:\n")
    here.containers["stray"] = {"Name": "stray", "State": {"Status": "running"}}
    assert here.look() == {"stray": "ok", "web": "ok"}
    os.unlink(here.engine.path)
    assert here.look() == {"stray": "unknown", "web": "unknown"}
    assert here.observer.notices == [f"{here.engine.path} cannot be reached: No such file or directory"]
    assert here.look(Observer(here.settings, Clock())) == {"stray": "unknown", "web": "unknown"}


def test_of_several_engines_each_speaks_for_its_own(here: Here, tmp_path: Path) -> None:
    (tmp_path / "rootless").mkdir()
    other = Here(tmp_path / "rootless")
    other.containers = {"db": {"Name": "db", "State": {"Status": "running"}}}
    both = Observer(replace(here.settings, engines=(here.engine.path, other.engine.path)), Clock())
    here.declare("services:\n  web:\n  db:\n")
    assert here.look(both) == {"db": "ok", "web": "ok"}
    assert {name: entry["source"] for name, entry in here.document()["services"].items()} == {
        "db": other.engine.path,
        "web": here.engine.path,
    }
    os.unlink(other.engine.path)
    assert here.look(both) == {"db": "unknown", "web": "ok"}


class Trickle(Fake):
    """An engine that begins its answer and never comes to an end, always one byte within the time-out."""

    calls = 0
    over = False

    def _talk(self, connection: socket.socket) -> None:
        self.calls += 1
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 x\r\nX: ")
            while not self.over:
                connection.sendall(b"a")
                time.sleep(0.01)


def test_an_engine_that_never_comes_to_an_end_is_cut_off_and_not_asked_twice(here: Here, tmp_path: Path) -> None:
    (tmp_path / "slow").mkdir()
    slow = Trickle(tmp_path / "slow", lambda _: b"")
    both = Observer(replace(here.settings, engines=(here.engine.path, slow.path), timeout=SECOND // 2), Clock())
    for _ in range(2):
        assert here.look(both) == {"web": "ok"}
        assert both.notices[-1] == f"{slow.path} does not answer"
    assert slow.calls == 1
    slow.over = True
    until(lambda: here.look(both) == {"web": "ok"} and slow.calls > 1, "it is asked again")


def test_among_the_usual_sockets_one_that_was_seen_before_is_missed(here: Here, tmp_path: Path) -> None:
    assert here.look() == {"web": "ok"}
    automatic = Observer(replace(here.settings, engines=None), Clock())
    assert here.look(automatic) == {"web": "ok"}
    os.unlink(here.engine.path)
    assert here.look(automatic) == {"web": "unknown"}


def test_a_broken_inventory_does_not_rename_what_it_named(here: Here) -> None:
    here.declare("services:\n  site: {container: web}\n")
    assert here.look() == {"site": "ok"}
    here.declare("services:\n  site: {container: web\n")
    assert here.look() == {"site": "ok"}
    assert here.observer.notices == ["the inventory cannot be used as it is; the names it gave before hold"]
    here.declare("services:\n  page: {container: web}\n")
    assert here.look() == {"page": "ok"}
    assert here.observer.notices == []


def test_without_an_inventory_things_have_their_own_names(here: Here) -> None:
    assert here.look() == {"web": "ok"}
    assert here.observer.notices == ["without an inventory that can be used, everything has its own name"]


def test_with_nothing_to_look_at_nothing_is_claimed(here: Here) -> None:
    blind = Observer(replace(here.settings, engines=()), Clock())
    blind.look()
    assert not (here.folder / "world").exists()
    assert blind.notices == [
        "without an inventory that can be used, everything has its own name",
        "there is nothing to look at: no engine's socket, and no systemd",
    ]


def test_a_document_that_cannot_be_written_is_said(here: Here) -> None:
    here.look()
    path = here.folder / "world" / "nodes" / "nas.json"
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(ObserverError, match=r"^cannot write .*/nas\.json: it is a symbolic link, not a regular file$"):
        here.look()


def test_a_document_that_somebody_broke_is_written_anew(here: Here) -> None:
    here.look()
    (here.folder / "world" / "nodes" / "nas.json").write_text("[" * 100_000)
    assert here.look() == {"web": "ok"}
    assert "cannot be read" in here.observer.notices[-1]


# --- other nodes ------------------------------------------------------------------------------------------------------

NODES = "node: {address: 'nowhere.invalid:22'}\n"


def reached(here: Here) -> dict[str, str]:
    here.look()
    nodes = here.document("reachability/nas.json")["nodes"]
    return {name: one["status"] for name, one in nodes.items()}


def test_other_nodes_with_an_address_are_looked_for(here: Here) -> None:
    here.declare("services:\n  web:\n")
    here.declare(NODES, "nuc")
    here.declare("services:\n", "pi")
    assert reached(here) == {"nuc": "unknown"}
    assert load_world(str(here.folder / "world"), 1 << 20).problems == ()
    # None is left to look for: what was said of them is taken back.
    here.declare("services:\n", "nuc")
    assert reached(here) == {}


def test_a_node_with_a_document_of_its_own_speaks_for_itself(here: Here) -> None:
    here.declare(NODES, "nuc")
    own = here.folder / "world" / "nodes" / "nuc.json"
    own.parent.mkdir(parents=True)
    own.write_text('{"status": "online"}')
    assert reached(here) == {}


# --- the process ------------------------------------------------------------------------------------------------------


def observe(here: Here, *arguments: str) -> list[str]:
    options = {
        "--inventory": here.settings.inventory,
        "--world": here.settings.world,
        "--node": "nas",
        "--engines": here.engine.path,
        "--systemd": "false",
    }
    words = [word for pair in options.items() for word in pair]
    return [sys.executable, "-m", "supervisor", "observe", *words, *arguments]


def once(here: Here) -> subprocess.CompletedProcess[str]:
    command = observe(here, "--once")
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=PATIENCE, check=False)


def test_once_for_cron(here: Here) -> None:
    here.declare("services:\n  web:\n")
    done = once(here)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    os.unlink(here.engine.path)
    done = once(here)
    said = f"runtime-supervisor observe: {here.engine.path} cannot be reached: No such file or directory\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", said)
    assert here.document()["services"]["web"]["status"] == "unknown"


def test_the_process_looks_again_and_at_once_on_sighup(here: Here) -> None:
    with subprocess.Popen(observe(here, "--interval", "1h"), stderr=subprocess.PIPE, env=environment()) as process:
        path = here.folder / "world" / "nodes" / "nas.json"
        until(path.exists, "the first document")
        first = here.document()["observed_at"]
        process.send_signal(signal.SIGHUP)
        until(lambda: here.document()["observed_at"] != first, "a look")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_heartbeats_go_on_between_two_looks(here: Here, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE)
        environ = environment(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="300000")
        with subprocess.Popen(observe(here, "--interval", "1h"), stderr=subprocess.PIPE, env=environ) as process:
            heard: list[bytes] = []
            while heard.count(b"WATCHDOG=1") < 4:
                heard.append(systemd.recv(4096))
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
    assert heard[0].startswith(b"STATUS=last look ")
    assert heard.count(b"READY=1") == 1


# --- settings ---------------------------------------------------------------------------------------------------------


def settings(**flags: str) -> ObserverSettings:
    return load_observer_settings(flags, {})


def test_settings_have_their_own_prefix_and_file(tmp_path: Path) -> None:
    file = tmp_path / "observer.yaml"
    file.write_text("interval: 20s\ntimeout: 3s\n")
    environ = {"RUNTIME_SUPERVISOR_OBSERVER_TIMEOUT": "4s", "RUNTIME_SUPERVISOR_WORLD": "/elsewhere"}
    got = load_observer_settings({}, environ, str(file))
    assert (got.interval, got.timeout, got.world) == (20 * 10**9, 4 * 10**9, "/opt/homelab/world")
    assert settings(engines="none").engines == ()
    assert settings(engines="/a /b /a").engines == ("/a", "/b")
    assert settings().engines is None
    assert settings().units == ()
    assert settings(units="a.service b*.timer").units == ("a.service", "b*.timer")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"engines": "docker.sock"}, "engines (flag --engines): 'docker.sock' is no absolute path of a socket"),
        ({"units": "--now"}, "units (flag --units): '--now' is no unit"),
        ({"systemd": "yes"}, "systemd (flag --systemd): 'yes' is neither true nor false"),
        ({"node": "a/b"}, "node (flag --node): the node name 'a/b' has a slash"),
        ({"interval": "0s"}, "interval (flag --interval): must be longer than 0s"),
    ],
)
def test_wrong_settings_are_refused(flags: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        settings(**flags)
    assert message in str(error.value)

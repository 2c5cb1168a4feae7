"""The whole observer: settings, inventory, sources, documents, and what goes wrong on the way."""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import supervisor
from supervisor.core.instant import SECOND
from supervisor.errors import ObserverError
from supervisor.files.world.load import load_world
from supervisor.observe.marks import Marks
from supervisor.observe.observer import Observer
from supervisor.observe.sources import engines
from supervisor.process.clock import Clock
from tests.observe.lab import CONTAINER, Fake, Here
from tests.systemd.machine import until


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
    both = Observer(here.with_engines(here.engine.path, other.engine.path), Clock())
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
    pause = threading.Event()

    def _talk(self, connection: socket.socket) -> None:
        self.calls += 1
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 x\r\nX: ")
            while not self.over:
                connection.sendall(b"a")
                self.pause.wait(0.01)


def test_an_engine_that_never_comes_to_an_end_is_cut_off_and_not_asked_twice(here: Here, tmp_path: Path) -> None:
    (tmp_path / "slow").mkdir()
    slow = Trickle(tmp_path / "slow", lambda _: b"")
    both = Observer(replace(here.with_engines(here.engine.path, slow.path), timeout=SECOND // 2), Clock())
    for _ in range(2):
        assert here.look(both) == {"web": "ok"}
        assert both.notices[-1] == f"{slow.path} does not answer"
    assert slow.calls == 1
    slow.over = True
    until(lambda: here.look(both) == {"web": "ok"} and slow.calls > 1, "it is asked again")


def test_among_the_usual_sockets_one_that_was_seen_before_is_missed(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The machine's own engine is nobody's test.
    monkeypatch.setattr(engines, "USUAL", ())
    assert here.look() == {"web": "ok"}
    automatic = Observer(replace(here.settings, sources={**here.settings.sources, "engines": None}), Clock())
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
    # So nothing is told of the names that only an inventory has.
    assert here.document()["inventory"] is False
    here.declare("services:\n  site: {container: web}\n")
    assert here.look() == {"site": "ok"}
    assert "inventory" not in here.document()
    # A node that the inventory does not have is known to have no names in it.
    here.declare("services:\n", "other")
    (here.folder / "hosts" / "nas" / "services.yaml").unlink()
    here.look()
    assert "inventory" not in here.document()


def test_an_inventory_file_that_gives_no_names_is_as_good_as_none(here: Here) -> None:
    here.declare("services: [\n")
    here.look()
    assert here.document()["inventory"] is False


def test_a_name_that_could_be_two_is_said_with_its_place(here: Here) -> None:
    here.declare("services:\n  web:\n  db:\n")
    for stack in ("media", "wiki"):
        labels = {"com.docker.compose.project": stack, "com.docker.compose.service": "db"}
        here.containers[stack] = CONTAINER | {"Name": f"/{stack}-db-1", "Config": {"Labels": labels}}
    assert here.look()["db"] == "unknown"
    said = "hosts/nas/services.yaml:3: db: media/db and wiki/db could be it: say which in the inventory"
    assert here.observer.notices == [said]


def test_another_machine_of_the_same_name_is_said_and_its_memory_is_not_ours(here: Here) -> None:
    here.declare("services:\n  web:\n")
    ours = Observer(here.settings, Clock(), marks=Marks("a", "1"))
    theirs = Observer(here.with_engines("/absent/theirs.sock"), Clock(), marks=Marks("b", "2"))
    here.look(ours)
    assert ours.notices == []
    here.look(theirs)
    said = "another machine writes nodes/nas.json: set node: in observer.yaml on one of them"
    assert theirs.notices[-1] == said
    assert here.look(ours) == {"web": "ok"}
    assert ours.notices == [said]
    assert (here.document()["machine"], here.document()["writer"]) == ("a", "1")
    # The socket that only the other machine has is not missed here.
    assert list(here.document()["sources"]) == [here.engine.path]


def test_with_nothing_to_look_at_nothing_is_claimed(here: Here) -> None:
    blind = Observer(here.with_engines(), Clock())
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


def test_a_document_that_somebody_broke_is_written_again(here: Here) -> None:
    here.look()
    (here.folder / "world" / "nodes" / "nas.json").write_text("[" * 100_000)
    assert here.look() == {"web": "ok"}
    assert "cannot be read" in here.observer.notices[-1]


# --- other nodes ------------------------------------------------------------------------------------------------------

NODES = "node: {address: 'nowhere.invalid:22'}\n"


def test_who_reaches_none_of_several_asks_whether_it_is_cut_off_itself(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.declare("services:\n  web:\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        here.declare(f"node: {{address: '{address}'}}\n", "nuc")
        # No TCP connection leads to a group of machines.
        here.declare("node: {address: '224.0.0.1:22'}\n", "pi")
        assert reached(here) == {"nuc": "online", "pi": "unknown"}
        assert here.observer.notices == []
    here.declare(NODES, "nuc")
    assert reached(here) == {"nuc": "unknown", "pi": "unknown"}
    assert (
        here.document("reachability/nas.json")["nodes"]["nuc"]["detail"] == "reaches nobody: is this machine cut off?"
    )
    assert here.observer.notices == ["this machine reaches nobody: is this machine cut off?"]


def reached(here: Here) -> dict[str, str]:
    here.look()
    nodes = here.document("reachability/nas.json")["nodes"]
    return {name: value["status"] for name, value in nodes.items()}


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

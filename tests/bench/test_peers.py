"""What peers are told of a fleet is the same fleet, and ours finds the same in it; without any of the peers."""

from __future__ import annotations

import datetime as dt
import re
import time
from pathlib import Path

import pytest

from tests.bench import commands, fleet
from tests.bench.daemons import Flipping
from tests.bench.peers import ansible, cfengine, monit, ours, prometheus
from tests.bench.peers.given import Given
from tests.bench.peers.install import SkippedError, attempt


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet")
    fleet.write(folder, "30x20", drift=0.1, now=dt.datetime.now(dt.UTC))
    return folder


def said(output: str = "", complaints: str = "") -> commands.Took:
    return commands.Took(0, 0, output, complaints)


def test_what_peers_are_told_has_the_drift_that_ours_finds(root: Path) -> None:
    command = ours.command(root)
    failed = Given(root).failed
    assert ours.drifted(commands.run(command.argv)) == failed
    assert not all(Given(root).actual.values()), "the fleet should have a node that is offline"


def test_prometheus_metrics_hold_the_same_drift(root: Path) -> None:
    given = Given(root)
    samples = re.findall(r'^(\w+)\{node="(\S+)",service="(\S+)"\} (\d)$', prometheus.metrics(given), re.MULTILINE)
    desired = {f"{node}/{name}" for metric, node, name, _ in samples if metric == "desired"}
    well = {f"{node}/{name}" for metric, node, name, value in samples if metric == "actual" and value == "1"}
    assert len(desired) == 600
    assert desired - well == given.failed


def test_monit_lacks_the_files_of_the_same_drift(root: Path, tmp_path: Path) -> None:
    given = Given(root)
    text = monit.write(given, tmp_path, "/bin/false", "/bin/true").read_text()
    checked = dict(re.findall(r'^check file "(\S+)" with path (\S+)$', text, re.MULTILINE))
    assert len(checked) == 600
    assert {name for name, path in checked.items() if not Path(path).exists()} == given.failed


def test_a_change_tells_what_it_turned(tmp_path: Path) -> None:
    fleet.write(tmp_path, "2x5")
    given, flipping = Given(tmp_path), Flipping(tmp_path, "node0001")
    before, began = given.failed, time.monotonic()
    worse, better = (given.change(*flipping.document()) for _ in range(2))
    assert (worse.failed, worse.recovered) == ({"node0001/traefik"}, set())
    assert (better.failed, better.recovered) == (set(), {"node0001/traefik"})
    assert began <= worse.at <= better.at
    assert given.failed == before == Given(tmp_path).failed


def test_what_peers_say_is_read() -> None:
    names = {"node0000/traefik", "node0001/uptime-kuma1"}
    assert ansible.drifted(said('"msg": [\n  "drift node0000/traefik",\n "drift node0001/uptime-kuma1"\n]')) == names
    assert cfengine.drifted(said("R: drift node0000/traefik\nR: drift node0001/uptime-kuma1\n")) == names
    lines = [f"'{name}' file doesn't exist\n'{name}' exec: '/bin/true'\n" for name in sorted(names)]
    assert monit.drifted(said(complaints="".join(lines))) == names


def test_what_cannot_be_installed_is_skipped_with_the_reason() -> None:
    with pytest.raises(SkippedError, match=r"^sh: no such package$"):
        attempt(["sh", "-c", "echo no such package >&2; exit 100"])
    with pytest.raises(SkippedError, match=r"^no-such-command: .*No such file"):
        attempt(["no-such-command"])


def test_a_command_is_run_to_its_end_with_its_children() -> None:
    took = commands.run(["sh", "-c", "echo well; sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done' & wait"])
    assert took.output == "well\n"
    assert took.processor > 0
    assert took.wall > 0
    with pytest.raises(RuntimeError, match="ended with 3: broken"):
        commands.run(["sh", "-c", "echo broken >&2; exit 3"])

"""Least privilege, shown: a probe in the place of the daemon, within the same unit."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.systemd.machine import NAME, Homelab

OBSERVER = f"{NAME}-observer.service"
UNITS = (f"{NAME}.service", f"{NAME}-logrotate.service", OBSERVER)
INSTALLED = "/usr/local/lib/systemd/system"
WORST = dict.fromkeys(UNITS, 0.5) | {OBSERVER: 1.5}
"""Of `systemd-analyze security`, where an unprotected service has 9.6. The observer needs the network."""


@pytest.mark.parametrize("unit", [*UNITS, f"{NAME}-logrotate.timer"])
def test_systemd_finds_nothing_to_say_about_the_unit(homelab: Homelab, unit: str) -> None:
    done = homelab.machine.run("systemd-analyze", "verify", f"{INSTALLED}/{unit}")
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("unit", UNITS)
def test_the_exposure_is_low(homelab: Homelab, unit: str) -> None:
    said = homelab.machine.run("systemd-analyze", "security", "--offline=yes", f"{INSTALLED}/{unit}").stdout
    match = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert match is not None
    assert float(match[1]) <= WORST[unit]
    print(f"{unit}: {match[1]}")


@pytest.mark.parametrize("unit", UNITS)
def test_every_directive_has_its_reason(homelab: Homelab, unit: str) -> None:
    """A comment above it, or above the group without blank lines that it belongs to."""
    text = homelab.machine.path(f"{INSTALLED}/{unit}").read_text()
    for paragraph in text.split("\n\n"):
        lines = [
            line for line in paragraph.splitlines() if not line.startswith(("[", "Description=", "Documentation="))
        ]
        assert not lines or lines[0].startswith("#") or lines == ["WantedBy=multi-user.target"], paragraph


def _probe(homelab: Homelab) -> dict[str, Any]:
    machine = homelab.machine
    shutil.copy(Path(__file__).with_name("probe.py"), homelab.folder / "probe.py")
    for folder in ("/tmp", "/opt/homelab"):
        machine.run("cp", "/usr/bin/true", f"{folder}/true")
        machine.run("chmod", "755", f"{folder}/true")
    for home in ("/root", "/home/alice"):
        machine.run("sh", "-c", f"mkdir -p {home} && echo secret > {home}/secret && chmod 755 {home}")
    homelab.drop_in(
        "Type=oneshot", "Restart=no", "WatchdogSec=0", "ExecStart=", "ExecReload=",
        "ExecStart=/opt/runtime-supervisor/venv/bin/python -I /opt/homelab/probe.py",
    )  # fmt: skip
    machine.systemctl("start", NAME)
    probed: dict[str, Any] = json.loads(machine.path("/tmp/probe.json").read_text())
    return probed


def test_the_service_can_do_what_it_must_and_nothing_else(homelab: Homelab) -> None:
    probed = _probe(homelab)
    assert {name for name, outcome in probed["must"].items() if outcome != "allowed"} == set()
    assert {name for name, outcome in probed["must_not"].items() if outcome == "allowed"} == set()
    assert probed["writable"] == ["/tmp"]
    assert probed["executable"] == []
    # journald has several in its folder; the folder as a whole, so that a restarted journald is reached, too.
    assert {name for name in probed["sockets"] if not name.startswith("/run/systemd/journal/")} == {
        "/run/systemd/notify"
    }
    assert probed["status"] == {
        **dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), "0000000000000000"),
        "NoNewPrivs": "1",
        "Seccomp": "2",
    }
    assert probed["processes"] == "own"
    print(f"{len(probed['must_not'])} of {len(probed['must_not'])} denied: {', '.join(sorted(probed['must_not']))}")


def test_the_probe_is_honest(homelab: Homelab) -> None:
    """Without the unit around it, root may do nearly all of this."""
    _probe(homelab)
    homelab.machine.run("unshare", "--mount", "/opt/runtime-supervisor/venv/bin/python", "-I", "/opt/homelab/probe.py")
    probed = json.loads(homelab.machine.path("/tmp/probe.json").read_text())
    allowed = [name for name, outcome in probed["must_not"].items() if outcome == "allowed"]
    assert len(allowed) > len(probed["must_not"]) / 2
    assert "/tmp/true" in probed["executable"]
    assert "/etc" in probed["writable"]

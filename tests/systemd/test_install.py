"""`make install` and `make uninstall`, by the files before and after."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.systemd.machine import NAME, Machine, until

STAGE = "/var/stage"


@pytest.fixture(scope="module")
def bare() -> Iterator[Machine]:
    """A booted system that has never seen the project."""
    with Machine() as booted:
        yield booted


def test_uninstalling_leaves_nothing_but_the_user(bare: Machine) -> None:
    before = bare.files()
    said = bare.make("install")
    *_, first, second, third = [line.partition("#")[0].strip() for line in said.splitlines()]
    assert first == f"{NAME} inventory init --from-compose FILE ..."
    assert (second, third) == (f"systemctl enable --now {NAME}-observer", f"systemctl enable --now {NAME}")
    assert bare.path("/opt/homelab/hosts").is_dir()
    assert bare.path("/opt/homelab/world").is_dir()
    bare.systemctl("enable", "--now", NAME)
    bare.systemctl("start", f"{NAME}-logrotate.service", f"{NAME}-observer.service")
    said = bare.make("uninstall")
    assert said.splitlines() == [
        f"kept: the user {NAME}, who owns the files in /tmp (userdel {NAME})",
        f"kept: the user {NAME}-observer, who owns what it wrote (userdel {NAME}-observer)",
    ]
    left = bare.files() - before
    users = {f"/etc/{name}{mark}" for name in ("passwd", "shadow", "group", "gshadow") for mark in ("", "-")}
    written = {"/tmp/agent-events.log", "/tmp/supervisor-checkpoint.json", "/tmp/supervisor-checkpoint.json.lock"}
    observed = {name for name in left if name.startswith("/opt/homelab")}
    assert any(name.startswith("/opt/homelab/world/nodes/") for name in observed)
    assert left - users - observed == written | ({"/etc/.pwd.lock"} & left)
    assert not before - bare.files()
    assert bare.show("LoadState") == "not-found"
    assert bare.make("uninstall") == f"nothing of {NAME} is installed\n"
    for path in written:
        bare.path(path).unlink()
    shutil.rmtree(bare.path("/opt/homelab"))


def test_installing_twice_is_installing_once(bare: Machine) -> None:
    bare.make("install")
    once = bare.files()
    bare.make("install")
    assert bare.files() == once
    bare.make("uninstall")


def test_an_edited_configuration_is_kept_and_said(bare: Machine) -> None:
    bare.make("install")
    edited = bare.path(f"/etc/{NAME}/supervisor.yaml")
    edited.write_text("stale_after: 10m\n")
    said = bare.make("install")
    assert f"kept as edited: /etc/{NAME}/supervisor.yaml" in said
    assert edited.read_text() == "stale_after: 10m\n"
    assert f"kept as edited: /etc/{NAME}/supervisor.yaml" in bare.make("uninstall")
    assert [path.name for path in edited.parent.iterdir()] == ["supervisor.yaml"]
    edited.unlink()
    edited.parent.rmdir()


def test_a_stage_touches_nothing_else_and_works_at_its_last_place(bare: Machine) -> None:
    before = bare.files()
    bare.make("install", f"DESTDIR={STAGE}")
    outside = {name for name in bare.files() - before if not name.startswith(STAGE)}
    assert outside == set()
    mentions = bare.run("grep", "-rlF", f"{STAGE}/", STAGE, check=False).stdout
    assert mentions == ""
    bare.run("cp", "-a", f"{STAGE}/.", "/")
    bare.run("systemd-sysusers")
    bare.run("systemd-tmpfiles", "--create")
    bare.systemctl("daemon-reload")
    assert bare.run(NAME, "--version").stdout.startswith(NAME)
    bare.systemctl("start", NAME)
    until(lambda: bare.show("ActiveState") == "active", "it runs")
    bare.make("uninstall", f"DESTDIR={STAGE}")
    assert not bare.run("find", STAGE, "-mindepth", "1").stdout
    bare.make("uninstall")
    assert bare.show("LoadState") == "not-found"


def test_a_python_that_the_service_could_not_see_is_refused(bare: Machine) -> None:
    bare.run("sh", "-c", "mkdir -p /root/own/bin && cp /usr/bin/python3 /root/own/bin/")
    refused = bare.run(
        *("make", "-C", f"/usr/src/{NAME}", "install", f"DESTDIR={STAGE}", "PYTHON=/root/own/bin/python3"), check=False
    )
    assert refused.returncode != 0
    assert "ProtectHome=" in refused.stderr

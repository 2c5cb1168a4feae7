"""The walks of ``docs/architecture.md``: a real daemon, traced, makes every hop in the order that is written there."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.harness import Daemon, Lab

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
HOP = re.compile(r"^\d+\. `([\w/]+\.py:\w+)` \w", re.MULTILINE)
TRACE = '''\
"""Python imports this at its start: every call of a function of ours becomes a line."""
import sys, threading

calls = open({file!r}, "a", buffering=1)


def hook(frame, event, argument):
    if event == "call" and "/supervisor/" in frame.f_code.co_filename:
        calls.write(f"{{frame.f_code.co_filename.rpartition('/supervisor/')[2]}}:{{frame.f_code.co_name}}\\n")


threading.setprofile(hook)
sys.setprofile(hook)
'''


def walk(title: str) -> list[str]:
    """The hops of a walk."""
    (section,) = [part for part in PAGE.split("\n### ") if part.startswith(f"{title}\n")]
    return HOP.findall(section.partition("\n## ")[0])


def first_missed(hops: list[str], calls: list[str]) -> str | None:
    """The first hop that was not made after the hops before it."""
    rest = iter(calls)
    return next((hop for hop in hops if hop not in rest), None)


def a_document(lab: Lab, _: Daemon) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")


def a_services_file(lab: Lab, _: Daemon) -> None:
    lab.declare("nas", "services:\n  traefik:\n  jellyfin:\n  sonarr:\n")


def a_sighup(_: Lab, daemon: Daemon) -> None:
    daemon.send(signal.SIGHUP)


@pytest.mark.parametrize(
    ("title", "happens"),
    [
        ("A world document is renamed into place", a_document),
        ("A services.yaml is renamed into place", a_services_file),
        ("A SIGHUP", a_sighup),
    ],
)
def test_a_walk_is_what_the_daemon_does(tmp_path: Path, title: str, happens: Callable[[Lab, Daemon], None]) -> None:
    hops = walk(title)
    assert len(hops) > 5
    hook, file = tmp_path / "hook", tmp_path / "calls"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(TRACE.format(file=str(file)))
    lab = Lab(tmp_path / "lab")
    with Daemon(lab, environ={"PYTHONPATH": f"{hook}:{ROOT}"}) as daemon:
        daemon.wait_for(lambda: bool(daemon.passes()))
        before = len(file.read_text().splitlines())
        happens(lab, daemon)
        daemon.wait_for(lambda: first_missed(hops, file.read_text().splitlines()[before:]) is None)


def test_every_walk_of_the_page_is_walked() -> None:
    walks = PAGE.partition("## Three walks")[2].partition("\n## ")[0]
    assert walks.count("\n### ") == 3
    assert len(HOP.findall(walks)) == sum(line[0].isdigit() for line in walks.splitlines() if line)

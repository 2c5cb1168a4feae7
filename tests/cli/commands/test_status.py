"""What is open, and how old that is."""

from __future__ import annotations

import json
import os
import time

from tests.acceptance.harness import Lab


def test_status_shows_what_is_open(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    lab.command("reconcile")
    assert "redeploy  service:nas/traefik" in lab.command("status").stdout
    status = json.loads(lab.command("status", "-o", "json").stdout)
    assert (status["summary"], [entry["action"] for entry in status["open"]]) == ("degraded", ["redeploy"])


def test_status_of_a_pass_that_is_three_intervals_old_is_unknown(lab: Lab) -> None:
    lab.command("reconcile")
    lock = lab.folder / "checkpoint.json.lock"
    for age, code in ((170, 0), (190, 1), (-190, 1)):
        os.utime(lock, (time.time() - age, time.time() - age))
        assert lab.command("status").returncode == code
    lock.unlink()
    assert lab.command("status").stdout.startswith("unknown: no pass is known")

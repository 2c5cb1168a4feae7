"""Every problem with its place, and the exit code of errors and warnings."""

from __future__ import annotations

import json
import re

import pytest

from tests.acceptance.harness import Lab


def test_check_names_file_line_and_column(lab: Lab) -> None:
    lab.declare("nas", "services:\n  traefik:\n    critical: yes\n  web:\n    depends_on: [trafik]\n")
    done = lab.command("check")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "hosts/nas/services.yaml:3:15: error: critical must be true or false, not the text 'yes'",
        (
            "hosts/nas/services.yaml:5:18: warning: 'web' depends on 'trafik': no such service; "
            "did you mean traefik?; entry ignored"
        ),
    ]


def test_check_strict_fails_on_a_warning(lab: Lab) -> None:
    lab.declare("nas", "services: {traefik: {depends_on: [nobody]}}\n")
    assert lab.command("check").returncode == 0
    assert lab.command("check", "--strict").returncode == 1


def test_check_gives_problems_as_json(lab: Lab) -> None:
    (lab.folder / "world" / "more.json").write_text("{")
    (problem,) = json.loads(lab.command("check", "-o", "json").stdout)["problems"]
    assert (problem["file"], problem["line"], problem["level"]) == ("world/more.json", 1, "error")


def test_status_without_a_checkpoint_says_so(lab: Lab) -> None:
    done = lab.command("status")
    assert done.returncode == 1
    assert "no checkpoint at" in done.stderr


@pytest.mark.parametrize("folder", ["--inventory", "--world"])
@pytest.mark.parametrize("name", ["check", "explain"])
def test_a_folder_that_is_not_there_is_said(lab: Lab, folder: str, name: str) -> None:
    done = lab.command(name, folder, "/does/not/exist", *(["nas"] if name == "explain" else []))
    assert done.returncode == 1
    said = done.stderr if name == "explain" else done.stdout
    assert re.search(r"error: .*/does/not/exist", said)

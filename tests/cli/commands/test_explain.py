"""Why, and why not, for a subject however it is written."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.harness import Lab


@pytest.mark.parametrize("subject", ["service:nas/traefik", "nas/traefik", "traefik"])
def test_explain_says_why(lab: Lab, subject: str) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    lines = lab.command("explain", subject).stdout.splitlines()
    assert lines[0] == "service:nas/traefik: unhealthy: its status is 'failed'"
    assert "=> 7. the service is unhealthy: applies: traefik on nas is unhealthy ('failed')" in lines
    assert "  hosts/nas/services.yaml:2  /services/traefik = traefik" in lines
    assert "  world/nodes/nas.json:1  /services/traefik/status = failed" in lines


def test_explain_says_why_not(lab: Lab) -> None:
    lines = lab.command("explain", "traefik").stdout.splitlines()
    assert lines[0] == "service:nas/traefik: healthy: its status is 'ok'"
    assert [line[3:].partition(".")[0] for line in lines if line[3:4].isdigit()] == [str(row) for row in range(1, 11)]
    assert not [line for line in lines if line.startswith("=>")]


def test_explain_takes_a_fingerprint(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    lab.command("reconcile")
    fingerprint = lab.events()[0]["data"]["fingerprint"]
    assert lab.command("explain", fingerprint).stdout.startswith("service:nas/traefik: unhealthy")


def test_explain_says_which_input_cannot_be_used(lab: Lab) -> None:
    (lab.folder / "world" / "more.json").write_text("{")
    done = lab.command("explain", "nas/traefik")
    assert done.returncode == 1
    assert done.stdout.startswith("service:nas/traefik: healthy")
    assert done.stderr.startswith("runtime-supervisor: world/more.json:1:2: error: ")
    done = lab.command("explain", "nobody")
    assert done.stderr.splitlines()[1] == "runtime-supervisor: unknown subject 'nobody'; not every input can be read"


def test_explain_asks_what_was_meant(lab: Lab) -> None:
    done = lab.command("explain", "nas/trafik")
    assert done.returncode == 1
    assert "did you mean service:nas/traefik?" in done.stderr


def test_explain_names_all_that_a_name_may_mean(lab: Lab) -> None:
    lab.declare("nuc", "services: {traefik: }\n")
    done = lab.command("explain", "traefik")
    assert (done.returncode, done.stdout) == (1, "")
    said = "cannot explain 'traefik': it is on several nodes; write one of nas/traefik, nuc/traefik"
    assert done.stderr == f"runtime-supervisor: {said}\n"


@pytest.mark.parametrize(("text", "hint"), [("NAS", "; did you mean node:nas?"), ("inc-9", ""), ("/", "")])
def test_explain_gives_no_far_fetched_hint(lab: Lab, text: str, hint: str) -> None:
    done = lab.command("explain", text)
    assert done.returncode == 1
    assert done.stderr == f"runtime-supervisor: unknown subject {text!r}{hint}\n"


def test_explain_for_programs_has_the_same_rows(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    done = lab.command("explain", "traefik", "-o", "json")
    explained = json.loads(done.stdout)
    assert (done.returncode, explained["subject"]) == (0, "service:nas/traefik")
    assert [row["situation"] for row in explained["rows"] if row["decides"]] == ["the service is unhealthy"]
    assert {"row", "situation", "applies", "decides", "because"} == explained["rows"][0].keys()
    assert {place["file"] for place in explained["evidence"]} == {"hosts/nas/services.yaml", "world/nodes/nas.json"}

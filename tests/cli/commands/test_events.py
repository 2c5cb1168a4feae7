"""Our lines of the log, by subject, type and age."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.harness import Lab


def test_events_are_filtered(lab: Lab) -> None:
    lab.log.write_text('{"somebody": "else"}\nnot json at all\n')
    lab.observe("nas", traefik="failed", jellyfin="exited")
    lab.command("reconcile")
    done = lab.command("events", "--subject", "service:nas/traefik", "-o", "json")
    assert [json.loads(line)["subject"] for line in done.stdout.splitlines()] == ["service:nas/traefik"]
    done = lab.command("events", "--type", "summary_changed")
    assert "unknown -> unstable" in done.stdout
    assert lab.command("events", "--since", "1d").stdout.count("\n") == 3


@pytest.mark.parametrize("arguments", [(), ("-o", "json"), ("--subject", "nas")])
def test_without_a_log_there_are_no_events(lab: Lab, arguments: tuple[str, ...]) -> None:
    done = lab.command("events", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no events\n")


def test_a_subject_of_the_log_may_be_written_short(lab: Lab) -> None:
    lab.declare("nuc", "node: {always_on: true}\nservices: {jellyfin: }\n")
    lab.observe("nas", traefik="failed", jellyfin="exited")
    lab.observe("nuc", jellyfin="failed")
    lab.command("reconcile")
    fingerprint = lab.events()[0]["data"]["fingerprint"]

    def subjects(text: str) -> list[str]:
        done = lab.command("events", "--subject", text, "-o", "json")
        return [json.loads(line)["subject"] for line in done.stdout.splitlines()]

    # jellyfin on nas waits for traefik, which is the only traefik; nuc has another jellyfin.
    assert subjects("traefik") == subjects("nas/traefik") == subjects("service:nas/traefik") == ["service:nas/traefik"]
    assert subjects(fingerprint) == [lab.events()[0]["subject"]]
    done = lab.command("events", "--subject", "jellyfin")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "runtime-supervisor: cannot tell what 'jellyfin' means: it is on several nodes; "
        "write one of nas/jellyfin, nuc/jellyfin\n"
    )
    done = lab.command("events", "--subject", "trafik")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "no event is about 'trafik'; did you mean service:nas/traefik?\nno events\n"


def test_an_event_that_says_odd_things_is_shown_all_the_same(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="exited")
    lab.command("reconcile")
    event = lab.events()[-1]
    odd: list[dict[str, object]] = [{"counts": [1], "to": ["x"]}, {"counts": "many"}, {}]
    with lab.log.open("a") as log:
        log.writelines(json.dumps({**event, "data": data}) + "\n" for data in odd)
    done = lab.command("events")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(" summary_changed ") == 1 + len(odd)

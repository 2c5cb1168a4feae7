"""What an operator finds in the journal: priorities that can be filtered by, fields that can be searched for."""

from __future__ import annotations

from tests.systemd.machine import NAME, Homelab, until


def test_warnings_show_what_matters_and_only_that(homelab: Homelab) -> None:
    homelab.observe(traefik="ok", jellyfin="failed")
    homelab.start()
    homelab.machine.systemctl("reload", NAME)
    shown = homelab.machine.journal("-u", NAME, "-p", "warning")
    assert any("service:nas/jellyfin" in line["MESSAGE"] for line in shown)
    assert not any(line.get("SUPERVISOR_EVENT") == "pass" for line in shown)
    everything = homelab.machine.journal("-u", NAME)
    passes = [line for line in everything if line.get("SUPERVISOR_EVENT") == "pass"]
    # The second pass changed nothing, and is a line of debug.
    assert [(line["PRIORITY"], line["SUPERVISOR_TRIGGER"]) for line in passes] == [("6", "start")]
    assert passes[0]["MESSAGE"].endswith("degraded: 1 node, 2 services, 1 recommendation; 2 events")


def test_nominal_life_has_no_warning(homelab: Homelab) -> None:
    homelab.start()
    homelab.machine.systemctl("reload", NAME)
    homelab.machine.systemctl("restart", NAME)
    homelab.machine.systemctl("stop", NAME)
    assert homelab.machine.journal("-u", NAME, "-p", "warning") == []


def test_an_event_has_its_fields(homelab: Homelab) -> None:
    homelab.observe(traefik="ok", jellyfin="failed")
    homelab.start()
    homelab.machine.run("journalctl", "--sync")
    (line,) = homelab.machine.journal("-t", NAME, "SUPERVISOR_SUBJECT=service:nas/jellyfin")
    event = next(event for event in homelab.events() if event["subject"] == "service:nas/jellyfin")
    assert line["MESSAGE"] == f"service:nas/jellyfin: {event['data']['reason']} (redeploy)"
    assert line["SUPERVISOR_TYPE"] == event["type"]
    assert line["SUPERVISOR_ACTION"] == event["data"]["action"]
    assert line["SUPERVISOR_EMIT_REASON"] == event["data"]["emit_reason"]
    assert line["SUPERVISOR_FINGERPRINT"] == event["data"]["fingerprint"]
    assert line["SUPERVISOR_PASS"] == "1"  # noqa: S105 - the number of a pass
    assert line["PRIORITY"] == "4"
    assert line["_SYSTEMD_UNIT"] == f"{NAME}.service"


def test_a_name_forges_nothing(homelab: Homelab) -> None:
    word = "failed\n<0>kernel: on fire\nPRIORITY=0\n\x1b[31m"
    homelab.observe(traefik="ok", jellyfin=word)
    homelab.start()
    until(lambda: ("reconcile_required", "service:nas/jellyfin") in homelab.subjects(), "the event")
    lines = homelab.machine.journal("-u", NAME)
    assert lines
    assert all(line["PRIORITY"] != "0" for line in lines)
    assert all(isinstance(line["MESSAGE"], str) and line["MESSAGE"].isprintable() for line in lines)
    assert not any(line["MESSAGE"].startswith("kernel:") for line in lines)

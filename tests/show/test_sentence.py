"""Events and verdicts as people read them."""

from __future__ import annotations

import pytest

from supervisor.show.sentence import ambiguous_sentence, counted, event_sentence, verdict_sentence

REDEPLOY = {"reason": "traefik on nas is unhealthy ('failed')", "action": "redeploy", "emit_reason": "first_seen"}


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        ("reconcile_required", REDEPLOY, "service:nas/a: traefik on nas is unhealthy ('failed') (redeploy)"),
        (
            "reconcile_required",
            {**REDEPLOY, "emit_reason": "repeated"},
            "service:nas/a is still open: traefik on nas is unhealthy ('failed') (redeploy)",
        ),
        ("reconcile_resolved", {"resolution": "cleared"}, "service:nas/a is resolved: it is over"),
        (
            "reconcile_resolved",
            {"resolution": "replaced"},
            "service:nas/a is resolved: another recommendation takes its place",
        ),
        (
            "reconcile_resolved",
            {"resolution": "inhibited", "inhibited_by": "node:nas"},
            "service:nas/a is resolved: node:nas explains it",
        ),
        ("reconcile_resolved", {"resolution": "removed"}, "service:nas/a is resolved: it is no longer expected"),
        ("summary_changed", {"from": "nominal", "to": "degraded"}, "the summary was nominal and is now degraded"),
    ],
)
def test_an_event_is_a_sentence_that_names_its_subject(kind: str, data: dict[str, str], sentence: str) -> None:
    assert event_sentence(kind, "service:nas/a", data) == sentence


def test_a_verdict_counts_in_the_singular_too() -> None:
    counts = {"nodes": 1, "services": 41, "recommendations": 0}
    assert verdict_sentence("nominal", counts) == "nominal: 1 node, 41 services, 0 recommendations"
    assert counted(2, "event") == "2 events"


def test_all_services_of_a_name_are_named_as_they_can_be_written() -> None:
    services = ("service:nas/media/db", "service:nuc/media/db")
    assert ambiguous_sentence(services) == "it is on several nodes; write one of nas/media/db, nuc/media/db"

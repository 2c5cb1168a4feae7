"""What is announced, and the reason that log and event show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from supervisor.core.announce.emissions import Emission, EmitReason, number, plan_emissions
from supervisor.core.announce.events import LINE_LIMIT, event_line
from supervisor.core.announce.ledger import Ledger, OpenEntry, fold
from supervisor.core.instant import SECOND, format_instant
from supervisor.core.judge.reconcile import Judgement, reconcile
from supervisor.core.model.actual import Actual, Document, NodeReport, Observation, ServiceReport, ServiceReports
from supervisor.core.model.desired import Desired, DesiredNode, DesiredService
from supervisor.core.model.findings import Thresholds
from supervisor.core.model.statuses import node_word, service_word
from supervisor.core.state.world_union import merge

NOW = 1_800_000_000 * SECOND
HOUR = 3600 * SECOND


def world(status: str = "online", now: int = NOW, **services: str) -> Actual:
    document = Document("world/nodes/nas.json", now, "", "nas", lambda _: 1)
    reports = {name: ServiceReport(word, service_word(word), None, document, "") for name, word in services.items()}
    node = NodeReport(status, node_word(status), None, document, "/status")
    return merge([Observation(document, {"nas": node}, {"nas": ServiceReports.of(reports)}, lists_services=True)])


def inventory(*names: str) -> Desired:
    services = {name: DesiredService(name, f"/services/{name}", 1) for name in names}
    return Desired({"nas": DesiredNode("nas", "hosts/nas/services.yaml", services=services)})


def judged(desired: Desired, actual: Actual, now: int = NOW) -> Judgement:
    return reconcile(desired, actual, Thresholds(), now)


class Story:
    """Passes one after another."""

    def __init__(self) -> None:
        self.ledger = Ledger()

    def tell(self, judgement: Judgement, now: int = NOW, repeat: int = 4 * HOUR) -> list[tuple[str, str, str]]:
        emissions = plan_emissions(self.ledger, judgement, now, repeat)
        self.ledger = fold(self.ledger, number(emissions, self.ledger, "/runtime-supervisor/x", now))
        return [(emission.type.value, emission.subject, self.why(emission)) for emission in emissions]

    @staticmethod
    def why(emission: Emission) -> str:
        return str(emission.data().get("resolution", emission.reason.value))


@pytest.fixture
def story() -> Story:
    story = Story()
    assert story.tell(judged(inventory("web"), world(web="failed"))) == [
        ("reconcile_required", "service:nas/web", "first_seen"),
        ("summary_changed", "summary", "changed"),
    ]
    return story


def test_what_is_open_is_said_once(story: Story) -> None:
    assert story.tell(judged(inventory("web"), world(web="failed")), NOW + SECOND) == []


def test_what_is_healthy_again_is_cleared(story: Story) -> None:
    assert story.tell(judged(inventory("web"), world(web="ok"))) == [
        ("reconcile_resolved", "service:nas/web", "cleared"),
        ("summary_changed", "summary", "changed"),
    ]


def test_a_resolution_carries_what_it_ends(story: Story) -> None:
    later = NOW + HOUR
    emissions = plan_emissions(story.ledger, judged(inventory("web"), world(now=later, web="ok"), later), later, 0)
    data = emissions[0].data()
    (entry,) = story.ledger.open.values()
    assert data == {
        "fingerprint": entry.fingerprint,
        "subject": "service:nas/web",
        "action": "redeploy",
        "severity": "warning",
        "reason": entry.recommendation()["reason"],
        "first_seen": format_instant(NOW),
        "resolution": "cleared",
        "emit_reason": "resolved",
        "summary": "nominal",
    }


def test_a_resolution_of_what_somebody_else_wrote_under_our_name_fits_its_line(story: Story) -> None:
    odd = {"fingerprint": "0" * 16, "subject": "node:gone", "action": 5, "severity": "x" * 60_000, "reason": "y" * 5000}
    entry = OpenEntry.of(odd, NOW, NOW)
    story.ledger = replace(story.ledger, open={entry.fingerprint: entry})
    emissions = plan_emissions(story.ledger, judged(inventory("web"), world(web="ok")), NOW, 0)
    data = emissions[0].data()
    assert (data["resolution"], data.get("action"), data.get("severity")) == ("removed", None, None)
    (event, _) = number(emissions, story.ledger, "/runtime-supervisor/x", NOW)
    assert len(event_line(event)) < LINE_LIMIT


def test_another_recommendation_takes_the_place_of_the_old(story: Story) -> None:
    assert story.tell(judged(inventory("web"), world(), NOW)) == [
        ("reconcile_resolved", "service:nas/web", "replaced"),
        ("reconcile_required", "service:nas/web", "changed"),
    ]


def test_what_another_subject_explains_is_inhibited_by_it(story: Story) -> None:
    emissions = plan_emissions(story.ledger, judged(inventory("web"), world("offline")), NOW, 0)
    resolved = next(emission for emission in emissions if emission.subject == "service:nas/web")
    assert (resolved.data()["resolution"], resolved.data()["inhibited_by"]) == ("inhibited", "node:nas")


def test_what_is_no_longer_expected_is_removed(story: Story) -> None:
    assert story.tell(judged(inventory(), world(web="failed")))[0] == (
        "reconcile_resolved",
        "service:nas/web",
        "removed",
    )


def test_what_goes_stale_is_not_resolved(story: Story) -> None:
    said = story.tell(judged(inventory("web"), world(web="failed"), NOW + HOUR), NOW + HOUR)
    assert said == [("reconcile_blocked", "input:world", "first_seen"), ("summary_changed", "summary", "changed")]
    assert {entry.subject for entry in story.ledger.open.values()} == {"service:nas/web", "input:world"}


def test_what_stays_open_is_repeated_after_the_interval(story: Story) -> None:
    later = NOW + 4 * HOUR
    judgement = judged(inventory("web"), world(now=later, web="failed"), later)
    assert story.tell(judgement, later - 1) == []
    assert story.tell(judgement, later) == [("reconcile_required", "service:nas/web", "repeated")]
    assert story.tell(judgement, later + 1) == []


def test_what_is_repeated_was_first_seen_when_it_was_first_seen(story: Story) -> None:
    later = NOW + 4 * HOUR
    story.tell(judged(inventory("web"), world(now=later, web="failed"), later), later)
    (entry,) = story.ledger.open.values()
    assert (entry.first_seen, entry.last_event) == (NOW, later)


def test_a_clock_that_had_jumped_ahead_does_not_silence_repeats(story: Story) -> None:
    before = NOW - HOUR
    judgement = judged(inventory("web"), world(now=before, web="failed"), before)
    assert story.tell(judgement, before) == [("reconcile_required", "service:nas/web", "repeated")]


def test_a_node_that_may_be_off_now_is_removed_and_not_cleared() -> None:
    story = Story()
    story.tell(judged(inventory("web"), world("offline")))
    sometimes = Desired({"nas": inventory("web").nodes["nas"]._replace(always_on=False)})
    assert story.tell(judged(sometimes, world("offline")))[0] == ("reconcile_resolved", "node:nas", "removed")


def test_nothing_is_repeated_with_an_interval_of_none(story: Story) -> None:
    later = NOW + 1000 * HOUR
    assert story.tell(judged(inventory("web"), world(now=later, web="failed"), later), later, repeat=0) == []


def test_what_is_unannounced_is_announced_again(story: Story) -> None:
    story.ledger = story.ledger.unannounced()
    assert story.tell(judged(inventory("web"), world(web="failed"))) == [
        ("reconcile_required", "service:nas/web", "first_seen")
    ]


def test_a_nominal_start_is_no_news() -> None:
    assert Story().tell(judged(inventory("web"), world(web="ok"))) == []


def test_reasons_are_words_for_people() -> None:
    assert [reason.value for reason in EmitReason] == ["first_seen", "changed", "repeated", "resolved"]


def test_of_several_entries_of_a_subject_only_the_recommended_one_stays(story: Story) -> None:
    """As after a log that somebody shortened: the same subject is open twice."""
    stale = OpenEntry.of({"fingerprint": "0" * 16, "subject": "service:nas/web", "action": "deploy"}, NOW, NOW)
    story.ledger = replace(story.ledger, open={**story.ledger.open, stale.fingerprint: stale})
    assert story.tell(judged(inventory("web"), world(web="failed"))) == [
        ("reconcile_resolved", "service:nas/web", "replaced")
    ]
    assert [entry.recommendation()["action"] for entry in story.ledger.open.values()] == ["redeploy"]


def test_events_are_numbered_behind_the_last_one_of_the_ledger(story: Story) -> None:
    emissions = plan_emissions(story.ledger, judged(inventory("web"), world(web="ok")), NOW, 0)
    events = list(number(emissions, story.ledger, "/runtime-supervisor/x", NOW))
    assert [(event["sequence"], event["type"]) for event in events] == [
        ("3", "reconcile_resolved"),
        ("4", "summary_changed"),
    ]


def test_a_change_of_the_summary_names_both_and_the_counts(story: Story) -> None:
    *_, change = plan_emissions(story.ledger, judged(inventory("web"), world(web="ok")), NOW, 0)
    data = change.data()
    assert (data["from"], data["to"], data["summary"], data["emit_reason"]) == (
        "degraded",
        "nominal",
        "nominal",
        "changed",
    )
    assert data["counts"] == {
        "nodes": 1,
        "services": 1,
        "drift": 0,
        "inhibited": 0,
        "recommendations": 0,
        "unmanaged": 0,
    }

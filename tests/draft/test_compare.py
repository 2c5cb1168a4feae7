"""What a draft has and the inventory has not."""

from __future__ import annotations

from supervisor.core.model.desired import DesiredNode, DesiredService, Mention
from supervisor.draft.compare import Lack, lack_json, lack_line, lacks, missing_services
from supervisor.draft.services import DisabledReason, Draft, DraftService, OneshotReason

OFF = DraftService("off", disabled=DisabledReason.PROFILE)


def node(*services: DesiredService) -> DesiredNode:
    return DesiredNode("nas", "hosts/nas/services.yaml", services={service.name: service for service in services})


def test_a_service_is_there_by_its_name_its_container_or_its_unit() -> None:
    declared = node(
        DesiredService("media/web", "", 1),
        DesiredService("blog", "", 1, container="ghost"),
        DesiredService("proxy", "", 1, unit="nginx.service"),
    )
    draft = Draft(
        (
            DraftService("blog/app", container="ghost"),
            DraftService("media/db"),
            DraftService("media/web"),
            DraftService("nginx", unit="nginx.service"),
        )
    )
    assert list(lacks(draft, declared)) == [Lack(DraftService("media/db"))]
    assert [lack.service.name for lack in lacks(draft, None)] == ["blog/app", "media/db", "media/web", "nginx"]


def test_a_dependency_that_is_written_in_another_way_is_there() -> None:
    web = DesiredService("media/web", "", 1, depends_on=(Mention("media/db", 1, 1), Mention("cache", 1, 1)))
    drafted = DraftService("media/web", depends_on=("cache", "db", "queue"))
    assert list(lacks(Draft((drafted,)), node(web))) == [Lack(drafted, ("queue",))]


def test_what_the_draft_does_not_expect_is_not_lacking_but_is_added() -> None:
    draft = Draft((OFF, DraftService("web")))
    assert [lack.service.name for lack in lacks(draft, node())] == ["web"]
    assert missing_services(draft, node()) == (OFF, DraftService("web"))
    assert missing_services(draft, node(DesiredService("off", "", 1))) == (DraftService("web"),)


def test_a_service_whose_declaration_is_broken_is_not_lacking() -> None:
    assert list(lacks(Draft((DraftService("web"),)), node()._replace(broken=frozenset({"web"})))) == []


def test_it_is_said_to_people_and_to_programs() -> None:
    job = DraftService("job", image="i:1", oneshot=OneshotReason.TIMER, depends_on=("db",))
    assert lack_line("nas", Lack(job)) == "service:nas/job: is not in the inventory (image i:1, oneshot)"
    assert lack_line("nas", Lack(DraftService("a"))) == "service:nas/a: is not in the inventory"
    assert lack_line("nas", Lack(job, ("db", "x"))) == "service:nas/job: depends_on lacks db, x"
    assert lack_json("nas", Lack(job)) == {
        "subject": "service:nas/job",
        "lacks": "service",
        "image": "i:1",
        "container": None,
        "unit": None,
        "depends_on": ["db"],
        "oneshot": True,
    }
    assert lack_json("nas", Lack(job, ("db",))) == {
        "subject": "service:nas/job",
        "lacks": "depends_on",
        "depends_on": ["db"],
    }

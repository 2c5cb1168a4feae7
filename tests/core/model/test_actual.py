"""The actual side: what an observation says of itself, and reports made when they are asked for."""

from __future__ import annotations

from supervisor.core.model.actual import Actual, Deployment, Document, Observation, ServiceReport, ServiceReports
from supervisor.core.model.statuses import DeploymentOutcome, ServiceWord


def document(file: str = "world/nodes/nas.json", node: str | None = "nas", line: int = 1) -> Document:
    return Document(file, 1000, "/observed_at", node, lambda _: line)


def report(status: str, word: ServiceWord, of: Document) -> ServiceReport:
    return ServiceReport(status, word, None, of, "/services/x")


def deployment(id_: str, node: str, of: Document) -> Deployment:
    return Deployment(id_, node, "web", "failed", DeploymentOutcome.FAILED, 5, of, "/deployments/0")


def test_documents_are_equal_whoever_finds_their_lines() -> None:
    assert document(line=1) == document(line=2)
    assert hash(document(line=1)) == hash(document(line=2))
    assert document() != document("world/nodes/nuc.json")
    assert document() != ("world/nodes/nas.json", 1000, "/observed_at", "nas")


def test_what_only_tells_of_deployments_observes_nothing() -> None:
    told = Observation(document(), deployments=(deployment("d", "nas", document()),))
    assert not told.observes
    assert told.mentions == frozenset()


def test_an_own_document_that_lists_no_service_observes_its_node() -> None:
    assert Observation(document(), lists_services=True).mentions == {"nas"}
    assert Observation(document("world/all.json", None), lists_services=True).mentions == frozenset()


def test_deployments_are_there_by_node_and_by_id() -> None:
    first, second, third = (
        deployment(id_, node, document()) for id_, node in (("a", "nas"), ("b", "nuc"), ("c", "nas"))
    )
    observation = Observation(document(), deployments=(first, second, third))
    assert observation.deployments_of == {"nas": [first, third], "nuc": [second]}
    assert observation.deployment == {"a": first, "b": second, "c": third}


def test_of_reports_the_later_holds_also_where_it_is_well_again() -> None:
    of = document()
    ill = ServiceReports.of({"web": report("failed", ServiceWord.UNHEALTHY, of)})
    well = ServiceReports({"web": "ok"}, {}, lambda _, status: report(status, ServiceWord.WELL, of))
    assert ServiceReports.overlaid([ill, well]).unwell == {}
    assert ServiceReports.overlaid([ill, well])["web"].status == "ok"
    assert ServiceReports.overlaid([well, ill]).unwell == {"web": ill["web"]}


def test_the_full_report_is_looked_up_only_where_it_is_not_kept() -> None:
    asked: list[str] = []

    def look_up(name: str) -> ServiceReport:
        asked.append(name)
        return report("ok", ServiceWord.WELL, document())._replace(detail="up for a day")

    kept = report("failed", ServiceWord.UNHEALTHY, document())
    reports = ServiceReports(
        {"web": "ok", "db": "failed"},
        {"db": kept},
        lambda _, status: report(status, ServiceWord.WELL, document()),
        look_up,
    )
    assert reports.full("db") is kept
    assert reports["web"].detail is None
    assert reports.full("web").detail == "up for a day"
    assert asked == ["web"]


def test_documents_that_cannot_be_used_are_none_of_the_world() -> None:
    assert list(Actual().documents) == []
    assert list(Actual({"key": Observation(document())}).documents) == [document()]

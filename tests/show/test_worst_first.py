"""What is worst, and holds up most, comes first."""

from __future__ import annotations

from supervisor.show.worst_first import Urgency, worst_first


def order(*rows: Urgency) -> list[str]:
    return [row.subject for row in worst_first(rows, lambda row: row)]


def row(
    subject: str, severity: str = "warning", *, affects: str = "", causes: str = "", seen: int | None = 0
) -> Urgency:
    return Urgency(severity, subject, affects.split(), causes.split(), seen)


def test_critical_comes_before_warning() -> None:
    assert order(row("node:a"), row("node:b", "critical")) == ["node:b", "node:a"]


def test_of_one_severity_the_one_with_the_most_services_comes_first() -> None:
    affecting = row("node:b", affects="service:b/x service:b/y node:c")
    causing = row("service:d/db")
    held_up = [row(f"service:e/{name}", causes="service:d/db node:b") for name in "xyz"]
    assert order(*held_up, row("node:a"), causing, affecting)[:2] == ["node:b", "service:d/db"]


def test_a_service_that_is_affected_and_held_up_counts_once() -> None:
    twice = row("node:b", affects="service:b/x")
    two = row("node:z", affects="service:z/x service:z/y")
    assert order(row("service:b/x", causes="node:b"), twice, two)[:2] == ["node:z", "node:b"]


def test_what_is_not_a_service_does_not_count() -> None:
    assert order(row("node:a"), row("node:b", affects="node:x input:world")) == ["node:a", "node:b"]


def test_then_the_newest_and_what_has_no_time_last() -> None:
    assert order(row("node:a", seen=None), row("node:b", seen=1), row("node:c", seen=2)) == [
        "node:c",
        "node:b",
        "node:a",
    ]


def test_then_by_subject() -> None:
    assert order(row("node:b"), row("node:a")) == ["node:a", "node:b"]

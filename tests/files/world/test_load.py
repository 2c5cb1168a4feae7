"""The world reader: an error anywhere costs the whole document, and nothing of another."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from supervisor.core.model.actual import Actual
from supervisor.files.world.load import load_world
from tests.effort import calls

LIMIT = 1 << 20


def load(folder: Path) -> tuple[Actual, list[str]]:
    loaded = load_world(str(folder), LIMIT)
    return loaded.value, [str(problem) for problem in loaded.problems]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: error: is not JSON: Expecting value"),
        ('{"a": 1', "1:8: error: is not JSON: Expecting ',' delimiter"),
        ("[]", "1:1: error: the document must be an object, not a list"),
        ('{"status": "failed",\n "status": "ok"}', "2:2: error: is not JSON: duplicate key 'status'"),
        ('{"x":\n NaN}', "2:2: error: is not JSON: NaN is not a JSON number"),
        ('{"x": 1e400}', "1:7: error: is not JSON: the number 1e400 is out of range"),
        (
            '{"x": ' + "1" * 4301 + "}",
            "1:7: error: is not JSON: the number 1111111111111111111111111111111111111111… is",
        ),
        ("[" * 100_000, " error: is nested too deeply"),
        ('{"x": "\\ud800"}', " error: is not JSON: a \\u escape is half of a surrogate pair"),
        (
            '{"observed_at": "2026-11-01T12:00:00"}',
            "1:17: error: '2026-11-01T12:00:00' has no offset: write Z or +01:00",
        ),
        ('{"observed_at": "2026-02-30T12:00:00Z"}', "1:17: error: day is out of range for month"),
        ('{"observed_at": 1}', "1:17: error: observed_at must be a time, not a number"),
        ('{"nodes": {"nas": {}}}', "1:12: error: status is missing"),
        ('{"nodes": {"nas": null}}', "1:19: error: a status must be an object, not nothing"),
        ('{"services": {"nas": null}}', "1:22: error: the services of a node must be an object or a list, not nothing"),
        ('{"x": ' + "[" * 990 + '"\\ud800"' + "]" * 990 + "}", " error: is "),
        ('{"nodes": "nas"}', "1:11: error: nodes must be an object or a list, not text"),
        ('{"nodes": [{"name": "a/b", "status": "up"}]}', "1:21: error: the node name 'a/b' has a slash"),
        ('{"services": {"nas": {"a b": "ok"}}}', "1:30: error: the name 'a b' has a blank or a character that cannot"),
        ('{"services": [{"name": "web", "status": "ok"}]}', "1:15: error: node is missing"),
        ('{"deployments": {}}', "1:2: error: deployments must be a list, not an object"),
        ('{"deployments": [{"id": 5}]}', "1:25: error: id must be text, not a number"),
        (
            '{"deployments": [{"id": "d", "node": "nas", "service": "web", "status": "failed"}]}',
            "1:18: error: at must be a time, not nothing",
        ),
        ('{"incidents": [{"id": "a", "status": "x"},\n {"id": "a", "status": "x"}]}', "2:9: error: duplicate id 'a'"),
        (
            '{"incidents": [{"id": "a\\nb", "status": "x"}]}',
            "1:23: error: the id 'a\\nb' is too long or cannot be printed",
        ),
    ],
)
def test_an_error_anywhere_costs_the_document_alone(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    (tmp_path / "good.json").write_text('{"nodes": {"nas": "online"}}')
    actual, (problems,) = load(tmp_path)
    assert problems.startswith(f"world/bad.json:{problem}")
    assert [document.ref.path for document in actual.unreadable] == ["world/bad.json"]
    assert list(actual.nodes) == ["nas"]


def test_yaml_documents_mean_the_same(tmp_path: Path) -> None:
    text = "observed_at: 2026-11-01T12:00:00Z\nservices:\n  nas:\n    web: on\n    db: {status: no}\n"
    (tmp_path / "a.yaml").write_text(text)
    actual, problems = load(tmp_path)
    assert problems == []
    reports = actual.nodes["nas"].services
    assert [(item.status, item.pointer, item.document.line(item.pointer)) for item in reports.values()] == [
        ("on", "/services/nas/web", 4),
        ("no", "/services/nas/db/status", 5),
    ]


@pytest.mark.parametrize("text", ["", "# nothing seen yet\n", "---\n", "~", "null # nothing"])
def test_a_yaml_document_of_nothing_is_unreadable_like_any_other(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    actual, problems = load(tmp_path)
    assert problems == ["world/a.yaml:1:1: error: the document must be an object, not nothing"]
    assert [document.ref.path for document in actual.unreadable] == ["world/a.yaml"]


def test_an_own_document_speaks_of_its_node(tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    deployment = {"id": "d", "service": "web", "status": "failed", "at": "2026-11-01T12:00:00Z"}
    document = {"status": "online", "services": {"web": "ok"}, "deployments": [deployment]}
    (tmp_path / "nodes" / "nas.json").write_text(json.dumps(document))
    actual, problems = load(tmp_path)
    assert (problems, [name for name, facts in actual.nodes.items() if facts.own]) == ([], ["nas"])
    assert [item.id for item in actual.nodes["nas"].deployments["web"]] == ["d"]


def test_an_own_document_cannot_speak_of_another_node(tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    deployment = {"id": "d", "node": "nuc", "service": "web", "status": "failed", "at": "2026-11-01T12:00:00Z"}
    (tmp_path / "nodes" / "nas.json").write_text(json.dumps({"deployments": [deployment]}))
    assert "names another node than 'nas'" in load(tmp_path)[1][0]


def test_without_observed_at_the_modification_time_counts(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"nodes": {"nas": "up"}}')
    os.utime(tmp_path / "a.json", ns=(1, 1_234_567_890_123_456_789))
    assert next(load(tmp_path)[0].documents).observed_at == 1_234_567_890_123_456_789


def test_names_that_writers_leave_behind_are_ignored(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name in (".a.json", "a.json~", "a.json.tmp", "a.json.swp", "a.txt", ".git/a.json"):
        (tmp_path / name).write_text("{")
    (tmp_path / "b.yml").write_text("nodes: {nas: up}")
    actual, problems = load(tmp_path)
    assert (problems, [document.file for document in actual.documents]) == ([], ["world/b.yml"])


def test_empty_documents_are_waited_for_once(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number}.json").touch()
    waits: list[int | None] = []

    def settle(modified_at: int | None) -> bool:
        waits.append(modified_at)
        return modified_at is None

    loaded = load_world(str(tmp_path), LIMIT, settle)
    assert (waits.count(None), len(loaded.problems)) == (1, 200)


def test_links_that_go_round_end(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.json").write_text('{"nodes": {"nas": "up"}}')
    (tmp_path / "sub" / "round").symlink_to(tmp_path / "sub")
    actual, problems = load(tmp_path)
    assert (problems, [document.file for document in actual.documents]) == ([], ["world/sub/a.json"])


def test_links_that_multiply_are_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    """Ten folders, each with a link to each of the others: there are ten million ways through them."""
    for results in range(10):
        (tmp_path / f"d{results}").mkdir()
        (tmp_path / f"d{results}" / "a.json").write_text('{"nodes": {"nas": "online"}}')
        for other in range(10):
            (tmp_path / f"d{results}" / f"l{other}").symlink_to(tmp_path / f"d{other}")
    loaded = []
    assert calls(lambda: loaded.append(load(tmp_path))) < 1_000_000
    ((actual, outcome),) = loaded
    assert {f"world/d{item}/a.json" for item in range(10)} <= {document.file for document in actual.documents}
    assert "world/d9/l8: error: leads to too many folders: behind links are more than 1000" in outcome
    # What is found behind a link counts wholly or not at all.
    refused = [document.ref.path for document in actual.unreadable]
    assert not any(document.file.startswith(f"{link}/") for document in actual.documents for link in refused)


def test_what_is_behind_a_link_is_read(tmp_path: Path) -> None:
    for number in range(900):
        (tmp_path / "elsewhere" / str(number)).mkdir(parents=True)
    (tmp_path / "elsewhere" / "899" / "a.json").write_text('{"nodes": {"nas": "online"}}')
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "more").symlink_to(tmp_path / "elsewhere")
    actual, problems = load(tmp_path / "world")
    assert (problems, [*actual.nodes]) == ([], ["nas"])


@pytest.mark.parametrize("kind", ["fifo", "folder", "zero", "nothing", "itself"])
def test_what_is_no_file_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.json"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"zero": "/dev/zero", "nothing": "absent", "itself": "a.json"}[kind])
    (tmp_path / "good.json").write_text('{"nodes": {"nas": "online"}}')
    actual, problems = load(tmp_path)
    assert list(actual.nodes) == ["nas"]
    # A folder may have any name: what is in it counts.
    assert len(problems) == (0 if kind == "folder" else 1)


def test_a_folder_that_cannot_be_looked_into_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"nodes": {"nas": "up"}}')
    (tmp_path / "round").symlink_to("round")
    deep = tmp_path
    for _ in range(40):
        deep /= "d"
    deep.mkdir(parents=True)
    actual, problems = load(tmp_path)
    assert [document.ref.path for document in actual.unreadable] == ["world/" + "/".join(["d"] * 33), "world/round"]
    assert problems == [
        "world/" + "/".join(["d"] * 33) + ": error: is nested deeper than 32 folders",
        "world/round: error: cannot be read: too many symbolic links",
    ]


def test_an_empty_folder_is_no_world(tmp_path: Path) -> None:
    actual, problems = load(tmp_path)
    assert actual.folder is not None
    assert problems == [f"world/: error: the world folder {tmp_path} has no document (*.json, *.yaml, *.yml)"]


def test_many_places_in_a_yaml_document_are_found_one_by_one(tmp_path: Path) -> None:
    """Each lookup steps over what is on its way, and makes nothing of the rest."""

    def looked_up(count: int) -> int:
        lines = [f"- {{id: a{number}, status: open}}\n" for number in range(count)]
        (tmp_path / "incidents.yaml").write_text("incidents:\n" + "".join(lines) + "nodes: {nas: up}\n")
        actual, problems = load(tmp_path)
        assert problems == []
        lines_found: list[int | None] = []
        incidents = list(actual.incidents.values())
        effort = calls(lambda: lines_found.extend(incident.document.line(incident.pointer) for incident in incidents))
        assert lines_found == list(range(2, count + 2))
        return effort

    assert looked_up(4000) < 11 * looked_up(400)


def test_deployments_that_two_documents_tell_of_are_laid_over_one_another_by_id(tmp_path: Path) -> None:
    at = "2026-11-23T12:00:00Z"
    words = (("new", "failed", "2026-11-23T12:00:02Z"), ("old", "pending", "2026-11-23T12:00:01Z"))

    def laid_over(count: int) -> None:
        for name, status, seen in words:
            told = [
                {"id": f"d{i}", "node": "nas", "service": f"s{i}", "status": status, "at": at} for i in range(count)
            ]
            (tmp_path / f"{name}.json").write_text(
                json.dumps({"observed_at": seen, "deployments": told, "nodes": {"nas": "up"}})
            )
        results = load_world(str(tmp_path), LIMIT * 16).value.facts("nas").deployments
        assert [item.status for several in results.values() for item in several] == ["failed"] * count

    laid_over(3)
    # Ten times as many, and they are sorted.
    assert calls(lambda: laid_over(2000)) < 15 * calls(lambda: laid_over(200))

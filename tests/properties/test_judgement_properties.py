"""What holds of every judgement, whatever the fleet."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.core.announce.report import report_json
from supervisor.core.instant import SECOND, format_instant
from supervisor.core.judge.explain import explain
from supervisor.core.judge.reconcile import Judgement
from supervisor.core.model.findings import Action, Condition, EventType, Summary
from supervisor.core.model.subjects import ServiceRef, parse_subject
from supervisor.passes.read_and_judge import judge
from supervisor.passes.recorder import Recorder
from tests.properties.fleets import NOW, Dice, Fleet, Ground, block, fleets, one_line, spread

LISTS = ("blocked_by", "root_causes", "affects", "candidates", "in_progress")
RANK = [Summary.NOMINAL, Summary.DEGRADED, Summary.UNSTABLE]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="module")
def judged(ground: Ground) -> list[tuple[int, Fleet, Judgement]]:
    """Fleets with their seeds, the smallest first, each judged once for all that asks nothing but what was found."""
    thrown = [(seed, Dice(seed).fleet()) for seed in spread(3 * settings().max_examples)]
    return [(seed, fleet, ground.judge(fleet)) for seed, fleet in thrown]


def of_every_fleet(check: Callable[[Fleet, Judgement], None]) -> Callable[..., None]:
    """A test that a check holds for all that were judged; of one for which it does not, the fleet is said."""

    def test(judged: list[tuple[int, Fleet, Judgement]]) -> None:
        for seed, fleet, judgement in judged:
            try:
                check(fleet, judgement)
            except BaseException as error:
                error.add_note(f"Dice({seed}).fleet() is {fleet}")
                raise

    test.__name__ = check.__name__
    return test


def without_places(report: dict[str, Any]) -> dict[str, Any]:
    """Lines and columns move with the keys; everything else may not."""
    report = json.loads(json.dumps(report))
    for item in (*report["drift"], *report["recommendations"]):
        for place in item["evidence"]:
            place.pop("line")
        item["evidence"].sort(key=json.dumps)
    for item in report["problems"]:
        item["message"] = item["message"].partition(" (first on line")[0]
        del item["line"], item["column"]
    report["problems"].sort(key=json.dumps)
    return report


@given(fleets())
def test_the_same_files_give_the_same_bytes(ground: Ground, fleet: Fleet) -> None:
    first = json.dumps(report_json(ground.judge(fleet).report))
    ground.write(fleet, shuffle=None)
    assert json.dumps(report_json(ground.judge(fleet).report)) == first


@given(fleets(), st.randoms(use_true_random=False))
def test_the_order_of_files_and_keys_changes_nothing_but_places(
    ground: Ground, fleet: Fleet, shuffle: random.Random
) -> None:
    plain = report_json(ground.judge(fleet).report)
    ground.write(fleet, shuffle)
    shuffled = report_json(judge(ground.settings, NOW).report)
    assert without_places(shuffled) == without_places(plain)


@given(fleets(), st.randoms(use_true_random=False))
def test_where_the_order_of_keys_moves_no_line_it_changes_no_byte(
    ground: Ground, fleet: Fleet, shuffle: random.Random
) -> None:
    plain = report_json(ground.judge(fleet, text=one_line).report)
    ground.write(fleet, shuffle, one_line)
    shuffled = report_json(judge(ground.settings, NOW).report)
    # Problems have columns, which the order of keys does move; nothing else may differ by a byte.
    del plain["problems"], shuffled["problems"]
    assert json.dumps(shuffled) == json.dumps(plain)


def listed(name: str, value: dict[str, Any]) -> str:
    """The same with every mapping of services or nodes as a list."""
    value = dict(value)
    if name.startswith("hosts/"):
        entries = value["services"].items()
        value["services"] = [{"name": key, **below} if below else key for key, below in entries]
    elif name.startswith("world/nodes/"):
        value["services"] = [{"name": key, **as_object(below)} for key, below in value["services"].items()]
    else:
        value["nodes"] = [{"name": key, **as_object(below)} for key, below in value["nodes"].items()]
        value["services"] = [
            {"node": node, "name": key, **as_object(below)}
            for node, entries in value["services"].items()
            for key, below in entries.items()
        ]
    return block(name, value)


def as_object(status: Any) -> dict[str, Any]:
    return status if isinstance(status, dict) else {"status": status}


def without_pointers(report: dict[str, Any]) -> dict[str, Any]:
    """Pointers differ between the two forms; what is judged may not."""
    report = without_places(report)
    for item in (*report["drift"], *report["recommendations"]):
        item["evidence"] = sorted((place["file"], place["value"] or "") for place in item["evidence"])
    for item in report["problems"]:
        item["message"] = ""
    return report


@given(fleets(faults=False))
def test_lists_mean_the_same_as_mappings(ground: Ground, fleet: Fleet) -> None:
    # An empty mapping of a node's services mentions the node; a list of services cannot.
    for value in fleet.world.values():
        assert isinstance(value, dict)
        if "nodes" in value:
            value["services"] = {node: entries for node, entries in value["services"].items() if entries}
    mappings = report_json(ground.judge(fleet).report)
    lists = report_json(ground.judge(fleet, text=listed).report)
    assert without_pointers(lists) == without_pointers(mappings)


@given(fleets())
def test_a_world_in_yaml_means_the_same_as_in_json(ground: Ground, fleet: Fleet) -> None:
    # Text that cannot be used need not be unusable for the same reason in both.
    world: dict[str, Any] = {path: value for path, value in fleet.world.items() if isinstance(value, dict)}
    in_json = json.dumps(report_json(ground.judge(Fleet(fleet.hosts, world)).report))
    renamed: dict[str, Any] = {path.replace(".json", ".yaml"): value for path, value in world.items()}
    in_yaml = json.dumps(report_json(ground.judge(Fleet(fleet.hosts, renamed), text=one_line_world).report))
    assert in_yaml.replace(".yaml", ".json") == in_json.replace(".yaml", ".json")


def one_line_world(name: str, value: dict[str, Any]) -> str:
    return (one_line if name.startswith("world/") else block)(name, value)


def test_the_fleets_reach_every_action_and_condition(judged: list[tuple[int, Fleet, Judgement]]) -> None:
    reached: set[str] = set()
    for _, _, judgement in judged:
        report = judgement.report
        reached.update(recommendation.action for recommendation in report.recommendations)
        reached.update(drift.condition for drift in report.drift)
        reached.update(f"inhibited {drift.condition}" for drift in report.drift if drift.inhibited_by is not None)
        reached.update(recommendation.type for recommendation in report.recommendations)
        reached.add(report.summary)
        reached.update(
            key for recommendation in report.recommendations for key in LISTS if getattr(recommendation, key)
        )
    inhibited = {f"inhibited {item}" for item in ("missing_service", "stale_observation", "invalid_input")}
    types = {EventType.REQUIRED, EventType.RECOMMENDED, EventType.BLOCKED}
    assert reached == {*Action, *Condition, *Summary, *types, *inhibited, *LISTS}


@settings(max_examples=4)
@given(fleets())
def test_nothing_around_the_process_changes_a_byte(tmp_path: Path, fleet: Fleet) -> None:
    ground = Ground(tmp_path)
    ground.write(fleet)
    command = [
        sys.executable,
        "-m",
        "supervisor",
        "reconcile",
        "--dry-run",
        "-o",
        "json",
        "--at",
        "2026-11-01T12:00:00Z",
    ]
    command += ["--inventory", str(tmp_path / "hosts"), "--world", str(tmp_path / "world")]
    outputs = set()
    for seed, zone, language, folder in (
        ("0", "UTC", "C", "/"),
        ("1", "Asia/Kathmandu", "C.UTF-8", "/tmp"),
        ("2", "America/St_Johns", "tr_TR.UTF-8", str(tmp_path)),
    ):
        environ = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language, "PYTHONPATH": os.getcwd()}
        done = subprocess.run(command, capture_output=True, cwd=folder, env=environ, check=True)
        outputs.add(done.stdout)
    assert len(outputs) == 1


@given(fleets(), fleets())
def test_recommendations_never_depend_on_the_checkpoint(ground: Ground, before: Fleet, fleet: Fleet) -> None:
    fresh = report_json(ground.judge(fleet).report)
    with Recorder(ground.settings) as recorder:
        recorder.record(ground.judge(before), NOW, 0, None)
        judgement = ground.judge(fleet)
        recorder.record(judgement, NOW, 0, None)
    assert report_json(judgement.report) == fresh


@of_every_fleet
def test_nominal_means_that_nothing_is_open(fleet: Fleet, judgement: Judgement) -> None:
    report = judgement.report
    drift = [drift for drift in report.drift if drift.inhibited_by is None]
    assert (report.summary is Summary.NOMINAL) == (not drift) == (not report.recommendations)


@of_every_fleet
def test_every_drift_is_recommended_or_inhibited_by_a_named_other(fleet: Fleet, judgement: Judgement) -> None:
    report = judgement.report
    recommended = {recommendation.subject for recommendation in report.recommendations}
    for drift in report.drift:
        if drift.inhibited_by is None:
            assert drift.subject in recommended
        else:
            assert drift.subject not in recommended
            assert drift.inhibited_by in recommended


@of_every_fleet
def test_a_subject_has_one_recommendation_and_lists_are_sorted(fleet: Fleet, judgement: Judgement) -> None:
    report = judgement.report
    subjects = [str(recommendation.subject) for recommendation in report.recommendations]
    assert subjects == sorted(set(subjects))
    assert [drift.order for drift in report.drift] == sorted({drift.order for drift in report.drift})
    for results in report.recommendations:
        for listed in (
            results.conditions,
            results.blocked_by,
            results.root_causes,
            results.affects,
            results.candidates,
        ):
            assert [str(item) for item in listed] == sorted({str(item) for item in listed})
    prints = Counter(recommendation.fingerprint for recommendation in report.recommendations)
    assert not [key for key, count in prints.items() if count > 1]


@of_every_fleet
def test_counts_count(fleet: Fleet, judgement: Judgement) -> None:
    report = judgement.report
    assert report.counts["drift"] + report.counts["inhibited"] == len(report.drift)
    assert report.counts["recommendations"] == len(report.recommendations)
    assert report.counts["unmanaged"] == len(report.unmanaged)
    assert report.counts["nodes"] == len(fleet.hosts)


def known_subjects(fleet: Fleet) -> set[str]:
    known = {"input:hosts", "input:world"}
    for node, value in fleet.hosts.items():
        known |= {f"node:{node}", f"input:hosts/{node}/services.yaml"}
        if not isinstance(value, str):
            known |= {f"service:{node}/{name}" for name in value["services"]}
    for path, value in fleet.world.items():
        known.add(f"input:world/{path}")
        if not isinstance(value, str):
            known |= {f"incident:{incident['id']}" for incident in value["incidents"]}
            own = {path[6:-5]: value["services"]} if path.startswith("nodes/") else value["services"]
            known |= {f"service:{node}/{name}" for node, names in own.items() for name in names}
    return known


@of_every_fleet
def test_no_subject_is_invented(fleet: Fleet, judgement: Judgement) -> None:
    report = judgement.report
    named = {str(drift.subject) for drift in report.drift} | set(map(str, report.unmanaged))
    named |= {str(recommendation.subject) for recommendation in report.recommendations}
    named |= {str(drift.inhibited_by) for drift in report.drift if drift.inhibited_by is not None}
    named |= {
        str(ref)
        for recommendation in report.recommendations
        for ref in (*recommendation.affects, *recommendation.candidates)
    }
    assert named <= known_subjects(fleet)
    # A dependency may name a service of a node whose inventory cannot be read.
    unreadable = tuple(f"service:{node}/" for node, value in fleet.hosts.items() if isinstance(value, str))
    for results in report.recommendations:
        for ref in map(str, (*results.blocked_by, *results.root_causes)):
            assert ref in known_subjects(fleet) or ref.startswith(unreadable)


@given(fleets())
def test_every_place_is_there(ground: Ground, fleet: Fleet) -> None:
    report = ground.judge(fleet).report
    for drift in report.drift:
        for place in drift.evidence:
            if place.line is None or place.value is None:
                continue
            line = (ground.folder / place.file).read_text().splitlines()[place.line - 1]
            assert (
                place.pointer == ""
                or place.pointer == "/node"
                or json.dumps(place.value)[1:-1] in line
                or place.value in line
            )


@given(fleets(), st.data())
def test_making_one_thing_well_never_makes_the_summary_worse(ground: Ground, fleet: Fleet, data: st.DataObject) -> None:
    judgement = ground.judge(fleet)
    services = [
        recommendation.subject
        for recommendation in judgement.report.recommendations
        if isinstance(recommendation.subject, ServiceRef)
    ]
    if not services:
        return
    chosen = data.draw(st.sampled_from(services))
    node, name = chosen.node, chosen.name
    oneshot = judgement.picture.desired.nodes[node].services[name].oneshot
    well = {"status": "completed", "since": format_instant(NOW)} if oneshot else {"status": "ok"}
    word = {"services": {node: {name: well}}}
    mended = fleet.with_document("zz.json", {"observed_at": _newest(judgement), **word})
    without_failures = Fleet(mended.hosts, {path: _without(value, node, name) for path, value in mended.world.items()})
    after = ground.judge(without_failures).report.summary
    assert RANK.index(after) <= RANK.index(judgement.report.summary)


def _newest(judgement: Judgement) -> str:
    # As new as the newest word there is, so that no node becomes fresh or stale by it.
    newest = max(document.observed_at for document in judgement.picture.actual.documents)
    return format_instant(min(newest, NOW + 300 * SECOND))


def _without(value: Any, node: str, name: str) -> Any:
    if isinstance(value, str) or "deployments" not in value:
        return value
    kept = [
        deployment for deployment in value["deployments"] if (deployment["node"], deployment["service"]) != (node, name)
    ]
    return {**value, "deployments": kept}


@of_every_fleet
def test_explain_agrees_with_the_report(fleet: Fleet, judgement: Judgement) -> None:
    for results in judgement.report.recommendations:
        explanation = explain(judgement, results.subject)
        assert explanation is not None
        (row,) = [row for row in explanation.rows if row.decides]
        assert row.because == results.reason
        assert [row.number for row in explanation.rows] == list(range(1, 11))
    for node in judgement.picture.desired.nodes.values():
        for subject in (ServiceRef(node.name, name) for name in node.services):
            assert parse_subject(str(subject)) == subject
            explanation = explain(judgement, subject)
            assert explanation is not None
            decided = [row for row in explanation.rows if row.decides]
            assert bool(decided) == (
                subject in {recommendation.subject for recommendation in judgement.report.recommendations}
            )

"""The JSON Schemas: what the program reads and writes validates against them, what it refuses does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from supervisor.cli.commands.schema import SCHEMAS
from supervisor.core.announce.report import report_json
from supervisor.core.instant import SECOND, parse_instant
from supervisor.core.model.problems import Level
from supervisor.errors import MalformedError
from supervisor.files import eventlog, yamlplain, yamltree
from supervisor.files.schemas import load_schema
from supervisor.files.settings import KEYS, load_settings
from supervisor.files.trees import TREES
from supervisor.passes.read_and_judge import judge
from supervisor.passes.recorder import Recorder

ROOT = Path(__file__).parents[1]
SCENARIOS = sorted(path.name for path in (ROOT / "tests" / "scenarios").iterdir() if path.is_dir())


def validator(name: str) -> Draft7Validator:
    return Draft7Validator(load_schema(name))


def faults(name: str, value: Any) -> list[str]:
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator(name).iter_errors(value)]


def loaded(path: Path) -> Any:
    return json.loads(path.read_text()) if path.suffix == ".json" else yaml.safe_load(path.read_text())


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_a_draft_07_schema(name: str) -> None:
    schema = load_schema(name)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("folder", ["config/homelab", "tests/real/lab", "tests/real/adrienkohlbecker-homelab"])
def test_sound_files_validate(folder: str) -> None:
    inventories = sorted((ROOT / folder / "hosts").glob("*/services.yaml"))
    documents = sorted((ROOT / folder / "world").rglob("*.json"))
    assert inventories
    assert documents
    assert [fault for path in inventories for fault in faults("inventory", loaded(path))] == []
    assert [fault for path in documents for fault in faults("world", loaded(path))] == []


READS = {tree.name: tree.reads for tree in TREES}


def unsound(folder: Path) -> set[str]:
    """The files in which the readers find an error (the schema need not see it)."""
    settings = load_settings({"inventory": str(folder / "hosts"), "world": str(folder / "world")}, {})
    report = judge(settings, parse_instant("2026-11-23T12:00:00Z")).report
    return {problem.file for problem in report.problems if problem.level is Level.ERROR}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_sound_files_of_a_scenario_validate(name: str) -> None:
    folder = ROOT / "tests" / "scenarios" / name
    passed_over = unsound(folder)
    results = []
    for path in sorted([*folder.glob("hosts/*/services.yaml"), *folder.rglob("world/**/*")]):
        file = path.relative_to(folder).as_posix()
        tree_name, _, relative = file.partition("/")
        if file in passed_over or not path.is_file() or not READS[tree_name](relative):
            continue
        tree = yamltree.parse(path.read_text())
        value = json.loads(path.read_text()) if path.suffix == ".json" else tree and yamlplain.plain(tree)
        results += [
            f"{file}: {fault}" for fault in faults("inventory" if file.startswith("hosts/") else "world", value)
        ]
    assert results == []


def test_the_schemas_see_most_of_what_the_readers_refuse() -> None:
    """A schema cannot see everything, but one that sees nothing helps nobody."""
    seen = refused = 0
    for name in SCENARIOS:
        folder = ROOT / "tests" / "scenarios" / name
        for file in unsound(folder):
            path = folder / file
            if not path.is_file():
                continue
            try:
                tree = yamltree.parse(path.read_text())
            except (MalformedError, UnicodeDecodeError):
                continue
            value = None if tree is None else yamlplain.plain(tree)
            refused += 1
            seen += bool(faults("inventory" if file.startswith("hosts/") else "world", value))
    assert refused > 10
    assert seen / refused > 0.5


def test_the_modeline_of_the_bundled_homelab_leads_to_the_schema() -> None:
    for path in (ROOT / "config" / "homelab" / "hosts").glob("*/services.yaml"):
        line = path.read_text().splitlines()[0]
        assert line.startswith("# yaml-language-server: $schema=")
        assert (path.parent / line.partition("=")[2]).resolve() == ROOT / "supervisor" / "schemas" / "inventory.json"


@pytest.mark.parametrize("name", SCENARIOS)
def test_reports_events_and_checkpoints_validate(name: str, tmp_path: Path) -> None:
    folder = ROOT / "tests" / "scenarios" / name
    wanted = json.loads((folder / "expected.json").read_text())
    given = {key: str(value) for key, value in wanted.get("settings", {}).items()}
    outputs = {"event_log": str(tmp_path / "log"), "checkpoint": str(tmp_path / "checkpoint.json")}
    inputs = {"inventory": str(folder / "hosts"), "world": str(folder / "world")}
    settings = load_settings({**inputs, **outputs, **given}, {})
    now = parse_instant(wanted["at"])
    judgement = judge(settings, now)
    assert faults("report", json.loads(json.dumps(report_json(judgement.report)))) == []
    (tmp_path / "calm" / "nas").mkdir(parents=True)
    (tmp_path / "calm" / "nas" / "services.yaml").write_text("")
    with Recorder(settings) as recorder:
        recorder.record(judgement, now, 0, "inotify")
        # An hour later everything is stale: other events.
        recorder.record(judge(settings, now + 3600 * SECOND), now + 3600 * SECOND, 1, "degraded: why")
        # And another inventory: resolutions.
        other = load_settings({**inputs, **outputs, **given, "inventory": str(tmp_path / "calm")}, {})
        recorder.record(judge(other, now + 1), now + 7200 * SECOND, 0, None)
    events = eventlog.read(str(tmp_path / "log"))[0]
    assert events
    assert [fault for event in events for fault in faults("event", event)] == []
    assert faults("checkpoint", loaded(tmp_path / "checkpoint.json")) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("inventory", {"servces": {}}),
        ("inventory", {"services": {"web": {"critical": "yes"}}}),
        ("inventory", {"services": {"a b": None}}),
        ("inventory", {"services": {"a//b": None}}),
        ("inventory", {"services": {"web": {"depends_on": "db"}}}),
        ("inventory", {"node": {"always_on": 1}}),
        ("world", {"observed_at": "2026-11-23T12:00:00"}),
        ("world", {"nodes": {"nas": {"since": "2026-11-23T12:00:00Z"}}}),
        ("world", {"deployments": [{"id": "d-1", "status": "failed"}]}),
        ("world", []),
        ("settings", {"stale_afte": "5m"}),
        ("settings", {"stale_after": "5"}),
        ("settings", {"max_input_bytes": 16}),
        ("report", {"version": 1}),
        ("event", {"specversion": "1.0"}),
        ("checkpoint", {"version": 1}),
    ],
)
def test_what_is_wrong_does_not_validate(name: str, value: Any) -> None:
    assert faults(name, value)


def test_the_settings_schema_has_every_key_with_its_default() -> None:
    schema = load_schema("settings")
    properties = schema["properties"]
    assert {key: str(entry["default"]) for key, entry in properties.items()} == {key.name: key.default for key in KEYS}

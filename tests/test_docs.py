"""The papers and the program say the same: every command, setting, action and exit code is in both."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from supervisor.cli import exits
from supervisor.core.model.findings import Action, Condition, EventType
from supervisor.files.settings import KEYS, Key, load_settings
from supervisor.observe.settings import OBSERVER, load_observer_settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
FORMATS = (ROOT / "docs" / "formats.md").read_text()
HELP = subprocess.run([sys.executable, "-m", "supervisor", "--help"], capture_output=True, text=True, check=True).stdout
COMMANDS = re.findall(r"^    (\w+) ", HELP, re.MULTILINE)


def test_there_are_nine_commands() -> None:
    assert COMMANDS == ["run", "observe", "reconcile", "check", "status", "events", "explain", "inventory", "schema"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_both_papers(command: str) -> None:
    assert f"| `{command}" in README
    assert f"`{command}" in FORMATS


def test_every_command_of_the_readme_exists() -> None:
    named = set(re.findall(r"runtime-supervisor (\w+)", README))
    assert named - {"only"} <= set(COMMANDS)


SPELLED_OUT = {"inventory": "inventory: /opt/homelab/hosts", "world": "world: /opt/homelab/world"}
"""Of the installed settings: folders do not hang on where a command is typed."""


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_setting_is_in_the_papers_with_its_default(key: object) -> None:
    name, default = key.name, key.default  # type: ignore[attr-defined]
    assert f"`{name}`" in FORMATS
    example = (ROOT / "config" / "supervisor.yaml").read_text()
    assert f"\n{SPELLED_OUT.get(name, f'#{name}: {default}')}\n" in example.replace("# ", "#")


@pytest.mark.parametrize("key", OBSERVER.keys, ids=lambda key: key.name)
def test_every_setting_of_the_observer_is_in_its_papers_with_its_default(key: Key) -> None:
    paper = (ROOT / "docs" / "observer.md").read_text()
    assert f"| `{key.name}` | `{key.default}` |" in paper
    example = (ROOT / "config" / "observer.yaml").read_text()
    assert f"\n{SPELLED_OUT.get(key.name, f'# {key.name}: {key.default}')}\n" in example


def test_the_default_configuration_of_the_observer_is_one(tmp_path: Path) -> None:
    text = (ROOT / "config" / "observer.yaml").read_text()
    given = re.sub(r"^# ?(\w+: \S+)$", r"\1", text, flags=re.MULTILINE)
    assert set(yaml.safe_load(given)) == set(OBSERVER.names)
    (tmp_path / "all.yaml").write_text(given)
    default = replace(load_observer_settings({}, {}), inventory="/opt/homelab/hosts")
    assert load_observer_settings({}, {}, str(tmp_path / "all.yaml")) == default


def test_the_default_configuration_is_one(tmp_path: Path) -> None:
    text = (ROOT / "config" / "supervisor.yaml").read_text()
    given = re.sub(r"^# ?(\w+: \S+)$", r"\1", text, flags=re.MULTILINE)
    assert set(yaml.safe_load(given)) == {key.name for key in KEYS}
    (tmp_path / "all.yaml").write_text(given)
    default = load_settings({}, {})._replace(inventory="/opt/homelab/hosts")
    assert load_settings({}, {}, str(tmp_path / "all.yaml")) == default


@pytest.mark.parametrize("word", [*Action, *EventType, *Condition])
def test_every_word_of_the_judgement_is_in_the_formats(word: str) -> None:
    assert f"`{word}`" in FORMATS


def test_every_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|    )make ([a-z-]+)", README)) <= targets


def test_every_link_of_the_papers_leads_somewhere() -> None:
    for paper in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)\)", paper.read_text()):
            assert (paper.parent / link).exists(), f"{paper.name}: {link}"


@pytest.mark.parametrize("paper", ["README.md", "docs/formats.md"])
def test_each_exit_code_is_in_both_papers_with_what_it_means(paper: str) -> None:
    """README has ``64 wrong usage`` in a sentence, the formats a row of a table."""
    text = " ".join((ROOT / paper).read_text().split())
    means = {
        exits.DONE: "done",
        exits.FAILED: "failed",
        exits.USAGE: "wrong usage",
        exits.LOCKED: "another supervisor holds this checkpoint",
        exits.NOT_PERMITTED: "not permitted",
        exits.SETTINGS: "wrong settings",
    }
    for code, meaning in means.items():
        assert f"{code} {meaning}" in text or f"| {code} | {meaning}" in text


def test_every_fault_of_the_paper_can_be_repeated_and_every_one_repeated_is_in_it() -> None:
    paper = (ROOT / "docs" / "reliability.md").read_text()
    named = set(re.findall(r"-k (test_\w+)", paper))
    tests = {
        name
        for path in (ROOT / "tests" / "torture").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\([^)]*figure: Figure", path.read_text(), re.MULTILINE)
    }
    assert named == tests

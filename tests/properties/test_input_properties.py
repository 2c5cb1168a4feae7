"""Whatever bytes are in an input, reading them gives a value or a problem with its place, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.core.announce.emissions import number, plan_emissions
from supervisor.core.announce.events import LINE_LIMIT, event_line
from supervisor.core.announce.ledger import Ledger
from supervisor.core.announce.report import report_json
from supervisor.core.judge.reconcile import reconcile
from supervisor.core.model.findings import Thresholds
from supervisor.core.model.problems import Level
from supervisor.errors import MalformedError
from supervisor.files import jsontext, yamlplain, yamltree
from supervisor.files import pointers as json_pointers
from supervisor.files.inventory.load import load_inventory
from supervisor.files.world.load import load_world
from tests.properties.fleets import NOW

LIMIT = 1 << 20
HOMELAB = Path(__file__).parents[2] / "config" / "homelab"
SOUND = sorted([*HOMELAB.glob("hosts/*/services.yaml"), *HOMELAB.rglob("*.json")])

GOOD_YAML = b"""\
x-small: &small {image: "a:1", ports: [22:22, 0x1F]}
node:
  failover: [nuc]
services:
  web: {<<: *small, critical: true, depends_on: [db, 'nuc/dns']}
  db:
    note: |
      two
      lines
  8080: # nothing
  on: !!str x
"""
GOOD_JSON = b"""\
{"observed_at": "2026-11-01T12:00:00.5Z", "status": "up",
 "services": {"web": "ok", "d\\u00e9": {"status": "failed", "since": "2026-11-01T11:00:00+01:00"}},
 "deployments": [{"id": "d-1", "service": "web", "status": "failed", "at": "2026-11-01T11:59:00Z", "x": -1.5e3}],
 "incidents": [{"id": "INC-1", "status": "active", "severity": null, "y": [true, {}]}]}
"""
SYNTAX = [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b": ",
    b"- ",
    b"\n",
    b"\n  ",
    b"\t",
    b"#",
    b"'",
    b'"',
    b"\\",
    b"&a",
    b"*a",
    b"<<: ",
]
SYNTAX += [
    b"!!binary ",
    b"? ",
    b"| ",
    b"---\n",
    b"%TAG",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\r",
    b"\xe2\x80\xa8",
    b"\xef\xbb\xbf",
]


@st.composite
def mutated(draw: st.DrawFn, good: bytes) -> bytes:
    """A good file with a few cuts, repeats and insertions."""
    data = good
    for _ in range(draw(st.integers(1, 4))):
        begin, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        with_what = draw(
            st.one_of(st.sampled_from(SYNTAX), st.just(b""), st.just(data[begin:end] * 2), st.binary(max_size=4))
        )
        data = data[:begin] + with_what + data[draw(st.sampled_from([begin, end])) :]
    return data


bits = st.lists(st.sampled_from(SYNTAX), max_size=30).map(b"".join)
yaml_bytes = st.one_of(mutated(GOOD_YAML), st.binary(max_size=200), st.text(max_size=60).map(str.encode), bits)
json_bytes = st.one_of(mutated(GOOD_JSON), st.binary(max_size=200), st.text(max_size=60).map(str.encode), bits)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "hosts" / "nas").mkdir(parents=True)
    (folder / "world" / "nodes").mkdir(parents=True)
    return folder


@settings(max_examples=400)
@given(inventory=yaml_bytes, own=json_bytes, shared=yaml_bytes)
def test_any_bytes_are_a_value_or_a_problem_and_are_judged(
    folder: Path, inventory: bytes, own: bytes, shared: bytes
) -> None:
    contents = {"hosts/nas/services.yaml": inventory, "world/nodes/nas.json": own, "world/fleet.yaml": shared}
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    desired, actual = load_inventory(str(folder / "hosts"), LIMIT), load_world(str(folder / "world"), LIMIT)
    assert set(desired.value.nodes) == {"nas"}
    # Each file was read or has an error, and an error is in a place that the file has.
    errors = {item.file for item in (*desired.problems, *actual.problems) if item.level is Level.ERROR}
    read = {document.file for document in actual.value.documents}
    assert {name for name in contents if name.startswith("world/")} == read | (errors - {"hosts/nas/services.yaml"})
    assert not read & errors
    assert desired.value.nodes["nas"].services_known or "hosts/nas/services.yaml" in errors
    for results in (*desired.problems, *actual.problems):
        lines = (
            contents[results.file].count(b"\n")
            + contents[results.file].count(b"\r")
            + contents[results.file].count(b"\xe2\x80")
            + 1
        )
        assert results.line is None or 1 <= results.line <= lines
        assert results.column is None or results.column >= 1
        assert results.message.isprintable()
    judgement = reconcile(desired.value, actual.value, Thresholds(), NOW, (*desired.problems, *actual.problems))
    json.dumps(report_json(judgement.report), ensure_ascii=False).encode()
    emissions = plan_emissions(Ledger(), judgement, NOW, 0)
    for event in number(emissions, Ledger(), "/runtime-supervisor/x", NOW):
        assert len(event_line(event)) <= LINE_LIMIT


@settings(max_examples=100)
@given(st.sampled_from(SOUND), st.data())
def test_a_bundled_file_that_is_bitten_is_a_value_or_a_problem(folder: Path, path: Path, data: st.DataObject) -> None:
    bitten = data.draw(mutated(path.read_bytes()))
    (folder / "hosts" / "nas" / "services.yaml").write_bytes(bitten)
    (folder / "world" / "nodes" / "nas.json").write_bytes(bitten)
    (folder / "world" / "fleet.yaml").write_bytes(bitten)
    for loaded in (load_inventory(str(folder / "hosts"), LIMIT), load_world(str(folder / "world"), LIMIT)):
        assert all(problem.message.isprintable() for problem in loaded.problems)


@given(st.one_of(yaml_bytes, json_bytes))
def test_the_parsers_refuse_in_one_line_and_with_one_error_alone(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for parse in (yamltree.parse, jsontext.parse):
        message = "read"
        try:
            parse(text)
        except MalformedError as error:
            message = error.message
        assert message
        assert "\n" not in message


# --- JSON is YAML, and what is read is what was written

characters = st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Co", "Cn"), exclude_characters="\ufeff")
texts = st.text(characters, max_size=12)
numbers = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=15,
)
layouts = st.sampled_from([None, 0, 1, 4])


@given(values, layouts)
def test_json_reads_as_what_was_written(value: Any, indent: int | None) -> None:
    for ascii_only in (True, False):
        assert jsontext.parse(json.dumps(value, indent=indent, ensure_ascii=ascii_only)) == value


@given(values, layouts)
def test_the_same_json_read_as_yaml_is_the_same_value(value: Any, indent: int | None) -> None:
    # A key written "<<" merges in YAML only when it is not quoted.
    tree = yamltree.parse(json.dumps(value, indent=indent, ensure_ascii=False))
    assert tree is not None
    assert yamlplain.plain(tree) == value


def pointers(value: Any, pointer: str = "") -> dict[str, Any]:
    results = {pointer: value}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        results |= pointers(below, f"{pointer}/{json_pointers.escape(str(key))}")
    return results


def there(text: str, line: int, column: int) -> str:
    return "\n".join(text.split("\n")[line - 1 :])[column - 1 :]


@given(values, layouts)
def test_every_value_of_a_json_text_is_found_in_its_place(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    index = jsontext.index(text)
    wanted = pointers(value)
    for pointer in wanted:
        place = index.at(pointer)
        assert place is not None
        results, _ = json.JSONDecoder().raw_decode(there(text, *place))
        key = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        below = isinstance(wanted[pointer], dict | list) and isinstance(wanted.get(pointer.rpartition("/")[0]), dict)
        # A collection below a key is found at its key.
        assert results == (key if below and pointer else wanted[pointer])


@given(values, layouts)
def test_both_parsers_find_every_value_on_the_same_line(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    tree = yamltree.parse(text)
    assert tree is not None
    index = jsontext.index(text)
    for pointer in (*pointers(value), "/nowhere"):
        assert yamltree.place(tree, pointer) == index.at(pointer) == jsontext.place(text, pointer)

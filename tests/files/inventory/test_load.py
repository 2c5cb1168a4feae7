"""The inventory reader: every problem with its place and a way out, and no fault costs more than its own part."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from supervisor.core.model.desired import Desired
from supervisor.files.inventory.load import load_inventory
from tests.effort import calls

LIMIT = 1 << 20


def load(folder: Path) -> tuple[Desired, list[str]]:
    loaded = load_inventory(str(folder), LIMIT)
    return loaded.value, [str(problem) for problem in (*loaded.problems, *loaded.hints)]


def problems(folder: Path, text: str | bytes) -> list[str]:
    (folder / "nas").mkdir(exist_ok=True)
    (folder / "nas" / "services.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return [problem.removeprefix("hosts/nas/services.yaml:") for problem in load(folder)[1]]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("services: [", "1:12: error: is not YAML: while parsing a flow node did not find expected node content"),
        ("- web", "1:1: error: must be a mapping with the keys node and services, not a list"),
        ("just text", "1:1: error: must be a mapping with the keys node and services, not the text 'just text'"),
        ("servces: {}", "1:1: error: 'servces' is not a known key; did you mean services?"),
        ("services: 5", "1:11: error: services must be a mapping or a list, not 5"),
        ("services: {a: 1, a: 2}\nservices: {}", "2:1: error: duplicate key 'services'"),
        ("services:\n  web: yes", "2:8: error: service 'web' must be a mapping or nothing, not the text 'yes'"),
        ("services:\n  web: {critical: on}", "2:19: error: critical must be true or false, not the text 'on'"),
        ("services:\n  web: {critical: }", "2:19: error: critical must be true or false, not nothing"),
        ('services:\n  web: {oneshot: "true"}', "2:18: error: oneshot must be true or false, not the text 'true'"),
        ("services: {a: {depends_on: db}}", "1:28: error: depends_on must be a list of names or a mapping with "),
        ("services: {a: {depends_on: [{}]}}", "1:29: error: depends_on must name services or nodes, not a mapping"),
        ("services: {a: {depends_on: ['a b']}}", "1:29: error: depends_on: the name 'a b' has a blank or a character"),
        ("services:\n  web:\n  db:\n  web:", "4:3: error: duplicate service 'web' (first on line 2)"),
        ("services:\n  web: {image: a, image: b}", "2:19: error: duplicate key 'image'"),
        ("services: [{image: a}]", "1:12: error: a service in a list needs a name"),
        ("services: [web, web]", "1:17: error: duplicate service 'web' (first on line 1)"),
        ("services: {../etc: }", "1:12: error: the name '../etc' has an empty, '.' or '..' part between its slashes"),
        ("services: {a//b: }", "1:12: error: the name 'a//b' has an empty, '.' or '..' part between its slashes"),
        ('services: {"a\\nb": }', "1:12: error: the name 'a\\nb' has a blank or a character that cannot be printed"),
        ('services: {"a\\u202eb": }', "1:12: error: the name 'a\\u202eb' has a blank or a character that cannot be p"),
        ("services: {" + "x" * 201 + ": }", "1:12: error: the name '" + "x" * 40 + "'… is longer than 200 characters"),
        ("node: {always_on: 1}\nservices: {}", "1:19: error: always_on must be true or false, not 1"),
        ("node: {failover: nuc}", "1:18: error: failover must be a list of names, not the text 'nuc'"),
        ("services: {a: }\n---\nservices: {}", "2:1: error: holds more than one document; write one file each"),
        (
            "services: {web: {critcal: true}}",
            "1:18: warning: unknown key 'critcal'; it is ignored; did ",
        ),
        (b"services: {\xff: }", "1:12: error: is not UTF-8 at byte 11"),
        ("services: {}".encode("utf-16"), "1:1: error: is not UTF-8 at byte 0 (it looks like UTF-16)"),
        (b"services: {}\n\0", "2:1: error: contains a NUL character"),
        ("services: {\x1b: }", "1:12: error: contains the character U+001B: "),
        ("a: " + "[" * 30_000, "1:67: error: is nested deeper than 64 levels"),
    ],
)
def test_a_problem_names_its_place_and_the_way_out(tmp_path: Path, text: str | bytes, problem: str) -> None:
    (results,) = problems(tmp_path, text)
    assert results.startswith(problem)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "---",
        "services:",
        "services: {}",
        "services: []",
        "~",
        "node:",
        "x-a: 1\nservices:\n",
        "\ufeffservices: {}",
    ],
)
def test_nothing_is_a_node_without_services(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == []
    node = load(tmp_path)[0].nodes["nas"]
    assert (dict(node.services), node.services_known) == ({}, True)


AWKWARD = [
    "on",
    "no",
    "yes",
    "null",
    "~",
    "8080",
    "0755",
    "1.10",
    "22:22",
    "2026-01-01",
    "2024-13-45",
    "1e3",
    ".inf",
    "true",
    "=",
    "3dprint-loader",
    "wazuh.manager",
    "app@stack1.web.service",
    "mnt-nas\\x2dmedia.service",
    "café",
    "a/b/c",
]


@pytest.mark.parametrize("name", [*AWKWARD, "x" * 200])
def test_a_name_is_the_text_as_written(tmp_path: Path, name: str) -> None:
    assert problems(tmp_path, f"services:\n  {name}: {{oneshot: true}}\n") == []
    (service,) = load(tmp_path)[0].nodes["nas"].services.values()
    assert (service.name, service.line) == (name, 2)
    assert problems(tmp_path, f"services:\n- {name}\n- name: web\n") == []
    assert set(load(tmp_path)[0].nodes["nas"].services) == {name, "web"}


def test_line_ends_of_windows_are_line_ends(tmp_path: Path) -> None:
    assert problems(tmp_path, "services:\r\n  web:\r\n  db: {critical: 1}\r\n") == [
        "3:18: error: critical must be true or false, not 1"
    ]


def test_anchors_aliases_and_merge_keys_work(tmp_path: Path) -> None:
    text = (
        "x-all: &all {critical: true, oneshot: true}\nservices:\n"
        "  a: *all\n  b: {<<: *all, critical: false}\n  c: {<<: [{oneshot: false}, *all]}\n"
    )
    assert problems(tmp_path, text) == []
    services = load(tmp_path)[0].nodes["nas"].services.values()
    assert [(service.name, service.critical, service.oneshot) for service in services] == [
        ("a", True, True),
        ("b", False, True),
        ("c", True, False),
    ]


def bomb(line: str, width: int) -> str:
    """Nine lines, each of which names the one before ``width`` times."""
    lines = [line.format(i=i, before=", ".join([f"*a{i - 1}"] * width), one=f"*a{i - 1}") for i in range(1, 9)]
    return "a0: &a0 {x: 1}\n" + "\n".join(lines)


BOMBS = {
    "aliases": bomb("a{i}: &a{i} [{before}]", 10),
    "merges": bomb("a{i}: &a{i} {{<<: [{before}], k{i}: {one}}}", 30),
    "itself": "a: &a [*a]",
    "height": "".join(f"a{i}: &a{i} {'[' * 60}{f'*a{i - 1}' if i else ''}{']' * 60}\n" for i in range(30)),
    "lists": "[" * 100_000,
    "mappings": "{a: " * 100_000,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert ": error: " in problem
    assert not load(tmp_path)[0].nodes["nas"].services_known


def test_one_broken_service_costs_itself_alone(tmp_path: Path) -> None:
    problems(tmp_path, "node: {critical: 5}\nservices:\n  a: {critical: 1}\n  b:\n  c: {critical: true}\n")
    node = load(tmp_path)[0].nodes["nas"]
    assert (sorted(node.services), sorted(node.broken), node.critical) == (["b", "c"], ["a"], True)


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def make_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5 << 30)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (make_fifo, "error: cannot be read: it is a FIFO"),
        (make_socket, "error: cannot be read: "),
        (lambda path: path.symlink_to("/dev/zero"), "error: cannot be read: it is a device"),
        (lambda path: path.mkdir(), "error: cannot be read: it is a folder"),
        (lambda path: path.symlink_to(path.name), "error: cannot be read: too many symbolic links"),
        (lambda path: path.symlink_to("absent"), "error: is a symbolic link to nothing"),
        (make_huge, "error: is too large: 5368709120 bytes, and max_input_bytes is 1048576"),
        (lambda path: path.write_text("x: " + "y" * LIMIT), "error: is too large: 1048579 bytes"),
    ],
)
def test_what_is_no_file_is_named_and_costs_its_node_alone(tmp_path: Path, make: object, said: str) -> None:
    for node in ("nas", "nuc"):
        (tmp_path / node).mkdir()
    (tmp_path / "nuc" / "services.yaml").write_text("services: {web: }")
    make(tmp_path / "nas" / "services.yaml")  # type: ignore[operator]
    desired, problems = load(tmp_path)
    assert len(problems) == 1
    assert problems[0].startswith(f"hosts/nas/services.yaml: {said}")
    assert not desired.nodes["nas"].services_known
    assert list(desired.nodes["nuc"].services) == ["web"]


def test_what_is_beside_the_nodes_is_no_node(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "services.yaml").write_text("[")
    assert problems(tmp_path, "services:") == []
    assert list(load(tmp_path)[0].nodes) == ["nas"]


def test_another_suffix_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "nuc").mkdir()
    (tmp_path / "nuc" / "services.yml").write_text("services: {web: }")
    problems(tmp_path, "services:")
    assert load(tmp_path)[1] == ["hosts/nuc/services.yml: warning: is not read: rename it to services.yaml"]


def test_folders_that_cannot_be_nodes_are_said(tmp_path: Path) -> None:
    for name in (b"caf\xe9", b"a b", b"line\nbreak"):
        os.mkdir(os.path.join(os.fsencode(tmp_path), name))
        with open(os.path.join(os.fsencode(tmp_path), name, b"services.yaml"), "w") as file:
            file.write("services:")
    desired, problems = load(tmp_path)
    assert dict(desired.nodes) == {}
    assert sorted(item.partition(": error")[0] for item in problems) == [
        "hosts/a b/services.yaml",
        "hosts/caf\\xe9/services.yaml",
        "hosts/line\\nbreak/services.yaml",
    ]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    desired, problems = load(tmp_path / "absent")
    assert desired.folder is not None
    assert problems == [
        (
            f"hosts/: error: nothing is expected yet: there is no inventory folder {tmp_path}/absent; "
            "mount it, or draft a first one: runtime-supervisor inventory init --from-compose FILE"
        )
    ]


def test_a_folder_without_a_node_says_that_nothing_is_expected_yet_and_what_to_type(tmp_path: Path) -> None:
    desired, problems = load(tmp_path)
    assert desired.folder is not None
    assert problems == [
        (
            f"hosts/: error: nothing is expected yet: the inventory folder {tmp_path} has no <node>/services.yaml; "
            "mount it, or draft a first one: runtime-supervisor inventory init --from-compose FILE"
        )
    ]


def test_every_prefix_of_a_file_is_a_value_or_a_problem(tmp_path: Path) -> None:
    text = (
        "x-a: &a {critical: true}\nnode:\n  failover: [nuc]\nservices:\n"
        "  web:\n    <<: *a\n    depends_on: [db, 'x']\n  db: {image: \"a:1\"}\n"
    )
    for end in range(len(text)):
        for problem in problems(tmp_path, text[:end]):
            assert ": error: " in problem or ": warning: " in problem


def test_unknown_keys_by_the_hundred_thousand_are_passed_over(tmp_path: Path) -> None:
    """Comparing each with the known ones would take minutes; of the first thousand a near miss is said."""

    def passed_over(count: int) -> None:
        keys = "".join(f"    k{number}: 1\n" for number in range(count))
        assert problems(tmp_path, f"services:\n  web:\n    critcal: true\n{keys}") == [
            "3:5: warning: unknown key 'critcal'; it is ignored; did you mean critical?"
        ]

    # Of the second ten thousand each takes a fraction of what the first thousand took.
    assert calls(lambda: passed_over(20_000)) < 3 * calls(lambda: passed_over(10_000))


def test_what_is_said_of_a_file_does_not_hang_on_those_before_it(tmp_path: Path) -> None:
    keys = "".join(f"    a{number}: 1\n" for number in range(999))
    text = f"services:\n  web:\n{keys}    critcal: true\n    zz: 1\n    oneshoot: true\n"
    once = problems(tmp_path, text)
    assert len(once) == 1
    assert problems(tmp_path, text) == once

"""What is probably not what somebody meant: said by check, with its place, and judged by nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.files.inventory.load import load_inventory

LIMIT = 1 << 20


def hints(folder: Path, text: str) -> list[str]:
    (folder / "nas").mkdir(exist_ok=True)
    (folder / "nas" / "services.yaml").write_text(text)
    loaded = load_inventory(str(folder), LIMIT)
    assert loaded.problems == ()
    assert {hint.level for hint in loaded.hints} <= {"warning"}
    return [str(hint).removeprefix("hosts/nas/services.yaml:").replace(" warning: ", " ") for hint in loaded.hints]


CARRIED = "; it is ignored; did you mean"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("services:\n  db: {contianer: postgres}", f"2:8: unknown key 'contianer'{CARRIED} container?"),
        ("services:\n  web: {container_name: front}", f"2:9: unknown key 'container_name'{CARRIED} container?"),
        ("services:\n  ssh: {unti: ssh.service}", f"2:9: unknown key 'unti'{CARRIED} unit?"),
        ("services:\n  old: {disabled: true}", f"2:9: unknown key 'disabled'{CARRIED} enabled?"),
        ("services:\n  web: {critcal: true}", f"2:9: unknown key 'critcal'{CARRIED} critical?"),
        ("services:\n  job: {maxage: 26h}", f"2:9: unknown key 'maxage'{CARRIED} max_age?"),
        ("node: {adress: 'nas.lan:22'}", f"1:8: unknown key 'adress'{CARRIED} address?"),
        ("services:\n- name: web\n  depend_on: [db]", f"3:3: unknown key 'depend_on'{CARRIED} depends_on?"),
        ("services:\n  c: {container: [one]}", "2:7: container must be text, it is only carried along"),
        ("services:\n  c: {unit: {}}", "2:7: unit must be text, it is only carried along"),
        (
            "services:\n  c: {unit: /mnt/media}",
            "2:7: '/mnt/media' is not the name of a systemd unit; did you mean mnt-media.mount?",
        ),
        ("services:\n  c: {unit: ssh service}", "2:7: 'ssh service' is not the name of a systemd unit"),
        ("services:\n  c: {max_age: 26h}", "2:7: max_age is for a oneshot: without oneshot: true it is ignored"),
        ("node: {address: nas.lan}", "1:8: 'nas.lan' has no port: write HOST:PORT, such as nas.lan:22"),
        (
            "node: {address: 'nas.lan:ssh'}",
            "1:8: 'nas.lan:ssh' is not an address such as nas.lan:22 or [2001:db8::7]:22",
        ),
        (
            "node: {address: ['nas.lan:22', {}]}",
            "1:8: address must be HOST:PORT or a list of them, it is only carried al",
        ),
    ],
)
def test_a_hint_names_its_place_and_what_was_meant(tmp_path: Path, text: str, hint: str) -> None:
    (said,) = hints(tmp_path, text)
    assert said.startswith(hint)


@pytest.mark.parametrize(
    "text",
    [
        "node: {address: ['nas.lan:22', '[2001:db8::7]:22', '192.0.2.7:443'], rack: 3}",
        "services:\n  web: {image: a, init: true, ports: [80], networks: [front], user: me, restart: always}",
        "services:\n  ssh: {unit: ssh}\n  t: {unit: backup@home.timer}\n  m: {unit: 'mnt-nas\\x2dmedia.mount'}",
        "services:\n  job: {oneshot: true, max_age: 26h, startup_grace: 5m}",
        "services:\n  a: {container: one}\n  b: {container: two}\n  c: {container: one, enabled: false}",
    ],
)
def test_what_is_meant_as_it_stands_gives_no_hint(tmp_path: Path, text: str) -> None:
    assert hints(tmp_path, text) == []


@pytest.mark.parametrize(
    ("first", "second", "hint"),
    [
        ("container: shared", "container: shared", "3:7: container 'shared' is also that of service 'a'"),
        ("unit: ssh", "unit: ssh.service", "3:7: unit 'ssh' is also that of service 'a'"),
    ],
)
def test_two_services_cannot_be_one_thing(tmp_path: Path, first: str, second: str, hint: str) -> None:
    assert hints(tmp_path, f"services:\n  a: {{{first}}}\n  b: {{{second}}}\n") == [hint]


def test_files_that_no_node_has_are_asked_about(tmp_path: Path) -> None:
    (tmp_path / "nuc").mkdir()
    (tmp_path / "nuc" / "services.yml").write_text("services: {web: }")
    (tmp_path / "pi4.yaml").write_text("services: {web: }")
    (tmp_path / "README.md").write_text("mine")
    assert sorted(hints(tmp_path, "services:")) == [
        "hosts/nuc/services.yml: is not read: rename it to services.yaml".replace("yml: ", "yml: "),
        "hosts/pi4.yaml: is not read: a node is a folder; move it to hosts/pi4/services.yaml",
    ]


def test_a_merged_key_is_not_said_for_every_service_that_has_it(tmp_path: Path) -> None:
    text = "x-all: &all {critcal: true}\nservices:\n  a: {<<: *all}\n  b: {<<: *all}\n"
    assert hints(tmp_path, text) == []


def test_unknown_keys_are_compared_up_to_a_number(tmp_path: Path) -> None:
    keys = "".join(f"    k{number}: 1\n" for number in range(2000))
    assert hints(tmp_path, f"services:\n  web:\n    critcal: true\n{keys}") == [
        f"3:5: unknown key 'critcal'{CARRIED} critical?"
    ]

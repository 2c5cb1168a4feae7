"""Compose files read without docker compose, as far as an inventory is concerned."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.draft.services import DraftService, OneshotReason
from tests.draft.compose.projects import read, services, write_files


def test_a_service_has_its_stack_image_and_container(tmp_path: Path) -> None:
    write_files(tmp_path, {"media/c.yml": "services: {web: {image: 'nginx:1', container_name: front}}"})
    drafted = read(tmp_path, "media/c.yml").draft
    assert drafted.services == (DraftService("media/web", image="nginx:1", container="front"),)


@pytest.mark.parametrize(
    ("text", "env", "environ", "stack"),
    [
        ("name: films\n", "", {}, "films/"),
        ("name: My Films\n", "", {}, "myfilms/"),
        ("", "", {}, "media/"),
        ("name: ${X}\n", "", {}, "${X}/"),
        ("name: ${X:-tv}\n", "", {}, "tv/"),
        ("name: ${X:-tv}\n", "X=radio", {}, "radio/"),
        ("name: films\n", "COMPOSE_PROJECT_NAME=env", {}, "env/"),
        ("name: films\n", "COMPOSE_PROJECT_NAME=env", {"COMPOSE_PROJECT_NAME": "shell"}, "shell/"),
        ("name: '!'\n", "", {}, ""),
    ],
)
def test_the_stack_is_the_project_s_name_as_compose_has_it(
    tmp_path: Path, text: str, env: str, environ: dict[str, str], stack: str
) -> None:
    write_files(tmp_path, {"media/c.yml": text + "services: {web: }", "media/.env": env})
    drafted = read(tmp_path, "media/c.yml", environ=environ).draft
    assert [service.name for service in drafted.services] == [f"{stack}web"]


def test_a_name_on_the_command_line_goes_before_all_others(tmp_path: Path) -> None:
    write_files(tmp_path, {"c.yml": "name: a\nservices: {web: }", ".env": "COMPOSE_PROJECT_NAME=b"})
    assert read(tmp_path, "c.yml", name="mine").draft.services == (DraftService("mine/web"),)


def test_later_files_say_more_or_otherwise(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "a.yml": "services: {db: , cache: , web: {image: a, depends_on: [db]}}",
            "b.yml": "services: {web: {image: b, depends_on: {cache: {condition: service_started}}}, new: }",
        },
    )
    drafted = services(read(tmp_path, "a.yml", "b.yml"))
    assert (drafted["web"].image, drafted["web"].depends_on) == ("b", ("cache", "db"))
    assert set(drafted) == {"db", "cache", "web", "new"}


def test_documents_of_one_file_go_over_one_another(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"c.yml": "services: {web: {image: a, restart: 'no'}}\n---\nservices: {web: {restart: always}}"}
    )
    web = services(read(tmp_path, "c.yml"))["web"]
    assert (web.image, web.oneshot) == ("a", None)


def test_an_entry_of_depends_on_keeps_what_a_later_file_does_not_say(tmp_path: Path) -> None:
    base = """\
        services:
          migrate:
          db:
          web:
            depends_on:
              migrate: {condition: service_completed_successfully}
              db: {condition: service_started, required: false}
        """
    over = "services: {web: {depends_on: {migrate: {restart: true}, db: {restart: true}}}}"
    write_files(tmp_path, {"a.yml": base, "b.yml": over})
    drafted = services(read(tmp_path, "a.yml", "b.yml"))
    assert drafted["migrate"].oneshot is OneshotReason.WAITED_FOR
    assert drafted["web"].depends_on == ("migrate",)


@pytest.mark.parametrize(
    "include",
    ["include: [other.yml]", "include: other.yml", "include: [{path: other.yml}]", "include: [{path: [other.yml]}]"],
)
def test_included_files_belong_to_the_project(tmp_path: Path, include: str) -> None:
    write_files(
        tmp_path,
        {
            "c.yml": f"{include}\nservices: {{web: {{depends_on: [proxy]}}}}",
            "other.yml": "services: {proxy: {image: traefik}}",
        },
    )
    drafted = services(read(tmp_path, "c.yml"))
    assert drafted["web"].depends_on == ("proxy",)
    assert drafted["proxy"].image == "traefik"


@pytest.mark.parametrize("extra", ["include: [nets.yml]\n", ""])
def test_a_file_without_services_is_no_fault(tmp_path: Path, extra: str) -> None:
    write_files(tmp_path, {"c.yml": f"{extra}services: {{web: }}", "nets.yml": "networks: {edge: }"})
    assert set(services(read(tmp_path, "c.yml", "nets.yml"))) == {"web"}


@pytest.mark.parametrize(
    ("files", "image"),
    [
        (["proj/compose.yml", "proj/dev/over.yml"], "right:1"),
        (["proj/list.yml"], "right:1"),
        (["proj/pd.yml"], "base:1"),
        (["proj/chain.yml"], "deep:1"),
    ],
)
def test_paths_begin_at_the_project_s_folder(tmp_path: Path, files: list[str], image: str) -> None:
    write_files(
        tmp_path,
        {
            "proj/compose.yml": "services: {a: }",
            "proj/list.yml": "include: [{path: [compose.yml, dev/over.yml]}]",
            "proj/pd.yml": "include: [{path: dev/inc.yml, project_directory: .}]\nservices: {a: }",
            "proj/chain.yml": "services: {b: {extends: {file: dev/chain.yml, service: x}}}",
            "proj/common.yml": "services: {x: {image: 'right:1'}}",
            "proj/dev/over.yml": "services: {b: {extends: {file: common.yml, service: x}}}",
            "proj/dev/common.yml": "services: {x: {image: 'wrong:1'}}",
            "proj/dev/inc.yml": "services: {b: {extends: {file: dev/base.yml, service: x}}}",
            "proj/dev/base.yml": "services: {x: {image: 'base:1'}}",
            # What extends in an extended file begins at that file's folder.
            "proj/dev/chain.yml": "services: {x: {extends: {file: deep/x.yml, service: y}}}",
            "proj/dev/deep/x.yml": "services: {y: {image: 'deep:1'}}",
        },
    )
    assert services(read(tmp_path, *files))["b"].image == image


def test_what_is_extended_lies_below(tmp_path: Path) -> None:
    text = """\
        services:
          proxy:
          near: {extends: base, image: mine}
          far: {extends: {file: other.yml, service: base}}
          base: {image: b, restart: "no"}
        """
    other = "services: {base: {extends: {service: root}}, root: {depends_on: [proxy]}}"
    write_files(tmp_path, {"c.yml": text, "other.yml": other})
    drafted = services(read(tmp_path, "c.yml"))
    assert (drafted["near"].image, drafted["near"].oneshot) == ("mine", OneshotReason.NO_RESTART)
    assert drafted["far"].depends_on == ("proxy",)


def test_tags_take_away_and_replace(tmp_path: Path) -> None:
    base = 'services: {a: {container_name: x, depends_on: [b], restart: "no"}, b: , c: , d: {restart: "no", image: d}}'
    over = """\
        services:
          a: {container_name: !reset null, depends_on: !override [c], restart: !reset "no"}
          b: !reset null
          d: !override {image: !override e}
        """
    write_files(tmp_path, {"a.yml": base, "b.yml": over})
    assert services(read(tmp_path, "a.yml", "b.yml")) == {
        "a": DraftService(f"{tmp_path.name}/a", depends_on=("c",)),
        "c": DraftService(f"{tmp_path.name}/c"),
        "d": DraftService(f"{tmp_path.name}/d", image="e"),
    }


def test_the_empty_profile_is_active_while_no_other_is_named(tmp_path: Path) -> None:
    text = 'services: {a: {profiles: [""], restart: always}, b: {profiles: [x], restart: always}, c: {profiles: []}}'
    write_files(tmp_path, {"c.yml": text})
    drafted = services(read(tmp_path, "c.yml"))
    assert {name for name, service in drafted.items() if service.disabled} == {"b"}
    drafted = services(read(tmp_path, "c.yml", environ={"COMPOSE_PROFILES": "x"}))
    assert {name for name, service in drafted.items() if service.disabled} == {"a"}
    drafted = services(read(tmp_path, "c.yml", environ={"COMPOSE_PROFILES": "*"}))
    assert {name for name, service in drafted.items() if service.disabled} == set()


def test_anchors_extensions_and_variables_of_images_are_as_written(tmp_path: Path) -> None:
    text = "x-a: &a {restart: always}\nservices: {web: {<<: *a, image: 'nginx:${TAG:-1}', ports: [22:22]}}"
    write_files(tmp_path, {"c.yml": text})
    draft = read(tmp_path, "c.yml").draft
    assert draft.services[0].image == "nginx:${TAG:-1}"
    assert draft.notes == ("web has a variable, which is kept as text",)


def test_a_variable_that_decides_is_filled_in_or_said_with_its_place(tmp_path: Path) -> None:
    text = """\
        services:
          a: {container_name: "${PRE}-a", restart: "${R:-no}", profiles: ["${P}"]}
          b:
            restart: "${NOTHING}"
            deploy: {replicas: "${N}", restart_policy: {condition: "${NOTHING}"}}
            network_mode: "service:${A_SERVICE}"
        """
    write_files(tmp_path, {"c.yml": text, ".env": "PRE=my\nN=0\nP=x\nA_SERVICE=a"})
    drafted = read(tmp_path, "c.yml")
    a, b = services(drafted).values()
    assert (a.container, a.oneshot, b.depends_on) == ("my-a", OneshotReason.NO_RESTART, ("a",))
    assert b.disabled is not None
    file = tmp_path / "c.yml"
    assert drafted.draft.remarks == (
        f"{file}:4:14: b has restart: ${{NOTHING}}, a variable that nothing sets; left out",
        f"{file}:5:32: b has restart_policy: ${{NOTHING}}, a variable that nothing sets; left out",
        "docker compose is not here to be asked: install it to have read what was left out or guessed",
    )


def test_a_reference_that_cannot_be_followed_costs_itself_alone(tmp_path: Path) -> None:
    text = """\
        include:
          - ${EXTRA:-extra.yml}
          - oci://registry.example.org/team/app:1
          - ${GONE:-gone.yml}
          - path: ["${NOTHING}/x.yml"]
        services:
          web: {image: w}
          api: {image: a, extends: {file: "${ROOT}/base.yml", service: base}}
          job: {extends: {file: https://example.org/x.git, service: base}}
          lone: {extends: nothing}
        """
    write_files(tmp_path, {"c.yml": text, "extra.yml": "services: {side: {image: s}}"})
    drafted = read(tmp_path, "c.yml")
    assert set(services(drafted)) == {"api", "job", "lone", "side", "web"}
    file, left_out = tmp_path / "c.yml", "what it has from there is left out"
    assert set(drafted.draft.remarks[:-1]) == {
        f"{file}:2:5: includes ${{EXTRA:-extra.yml}}, a variable: extra.yml was read",
        f"{file}:3:5: includes oci://registry.example.org/team/app:1, which is not fetched: its services are left out",
        f"{file}:4:5: includes ${{GONE:-gone.yml}}, a variable: gone.yml was read",
        f"{file}:4:5: includes {tmp_path}/gone.yml, which is not there; left out",
        f"{file}:5:5: includes ${{NOTHING}}/x.yml, a variable: its services are left out",
        f"{file}:8:35: api extends base of ${{ROOT}}/base.yml, a variable: {left_out}",
        f"{file}:9:25: job extends base of https://example.org/x.git, which is not fetched: {left_out}",
        f"{file}:10:19: lone extends nothing, which is not there; left out",
    }


@pytest.mark.parametrize("files", [["a.yml"], ["b.yml"]])
def test_a_circle_of_includes_is_one_error(tmp_path: Path, files: list[str]) -> None:
    write_files(tmp_path, {"a.yml": "include: [b.yml, b.yml]", "b.yml": "services: {x: }\ninclude: [a.yml]"})
    (problem,) = read(tmp_path, *files).problems
    assert "which includes this file: a circle" in problem.message
    assert (problem.line, problem.column) in ((2, 11), (1, 11))


def test_a_circle_of_services_that_extend_one_another_names_the_way(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.yml": "services:\n  a: {extends: b}\n  b: {extends: a}"})
    (problem,) = read(tmp_path, "a.yml").problems
    assert (problem.line, problem.message) == (3, "b extends a in a circle: a → b → a")


def test_includes_that_multiply_end(tmp_path: Path) -> None:
    for number in range(12):
        following = f"{number + 1}.yml"
        write_files(tmp_path, {f"{number}.yml": f"include: [{following}, {following}, {following}]\nservices: {{x: }}"})
    write_files(tmp_path, {"12.yml": "services: {x: }"})
    problems = read(tmp_path, "0.yml").problems
    assert {problem.message for problem in problems} == {"includes too much: more than 1000 files, or deeper than 32"}


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("services: [", "is not YAML", (1, 12)),
        ("- a", "is not a mapping", (1, 1)),
        ("services: {a: , a: }", "has the key 'a' twice", (1, 17)),
        ("version: '3'", "has no services", (None, None)),
        ("services: 5", "services is not a mapping", (1, 11)),
        ("services:\n  a: 1", "the service 'a' is not a mapping", (2, 6)),
        ("services:\n  'a b': {image: x}", "has a blank", (2, 3)),
        ("services:\n  a/b: {image: x}", "has a slash", (2, 3)),
        ("services: {a: {extends: {file: x.yml}}}", "a extends something, but does not say which service", (1, 16)),
        ("include: [5]\nservices: {a: }", "an entry of include is not a path", (1, 11)),
        ("include: gone.yml\nservices: {a: }", "gone.yml, which is not there", (1, 10)),
        ("services:\n  c:\n    extends: {file: gone.yml, service: q}", "c extends a service of", (3, 21)),
    ],
)
def test_what_is_wrong_is_said_once_with_its_place(
    tmp_path: Path, text: str, message: str, place: tuple[int | None, int | None]
) -> None:
    write_files(tmp_path, {"c.yml": text})
    (problem,) = read(tmp_path, "c.yml").problems
    assert message in problem.message
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "c.yml"), *place)


def test_a_broken_file_that_many_ask_for_is_one_problem(tmp_path: Path) -> None:
    extends = "{extends: {file: base.yml, service: x}}"
    write_files(tmp_path, {"c.yml": f"services: {{a: {extends}, b: {extends}}}", "base.yml": "services: ["})
    (problem,) = read(tmp_path, "c.yml").problems
    assert problem.file == str(tmp_path / "base.yml")


def test_a_file_of_the_command_line_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, "gone.yml").problems
    assert str(problem) == f"{tmp_path}/gone.yml: error: is not there"


def test_an_included_project_has_the_variables_of_its_own_files_below_those_of_the_whole(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "c.yml": "include: [sub/a.yml, {path: sub/b.yml, env_file: [one.env, two.env]}]\nservices: {x: }",
            "sub/a.yml": "services: {a: {container_name: '$A-$B'}}",
            "sub/b.yml": "services: {b: {container_name: '$A-$B-$C'}}",
            ".env": "A=whole",
            "sub/.env": "A=sub\nB=sub",
            "one.env": "B=one\nC=one",
            "two.env": "C=$B-two",
        },
    )
    drafted = services(read(tmp_path, "c.yml"))
    assert (drafted["a"].container, drafted["b"].container) == ("whole-sub", "whole-one-one-two")

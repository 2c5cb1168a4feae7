"""Compose files, as far as an inventory is concerned."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from supervisor.draft.compose import load_compose
from supervisor.draft.services import DraftService


def drafted(folder: Path, *files: str, **more: str) -> dict[str, DraftService]:
    """The services of a project in the folder ``media``, without their stack; fails on a problem."""
    loaded = load_compose(written(folder, *files, **more), 1 << 20)
    assert loaded.problems == ()
    return {one.name.removeprefix("media/"): one for one in loaded.value.services}


def written(folder: Path, *files: str, **more: str) -> list[str]:
    project = folder / "media"
    project.mkdir()
    paths = [project / f"compose-{number}.yml" for number in range(len(files))]
    for path, text in [
        *zip(paths, files, strict=True),
        *((project / f"{name}.yml", text) for name, text in more.items()),
    ]:
        path.write_text(textwrap.dedent(text))
    return [str(path) for path in paths]


def test_a_service_has_its_stack_image_and_container(tmp_path: Path) -> None:
    found = load_compose(written(tmp_path, "services: {web: {image: 'nginx:1', container_name: front}}"), 1 << 20)
    assert found.value.services == (DraftService("media/web", image="nginx:1", container="front"),)


@pytest.mark.parametrize(
    ("text", "stack"), [("name: films\n", "films"), ("", "media"), ("name: 'a b'\n", ""), ("name: ${X}\n", "${X}")]
)
def test_the_stack_is_the_projects_name_else_its_folders(tmp_path: Path, text: str, stack: str) -> None:
    found = load_compose(written(tmp_path, text + "services: {web: }"), 1 << 20)
    assert [one.name for one in found.value.services] == [f"{stack}/web" if stack else "web"]


@pytest.mark.parametrize(
    "needs",
    [
        "depends_on: [db]",
        "depends_on: {db: {condition: service_healthy}}",
        "network_mode: service:db",
        "links: ['db:database']",
        "volumes_from: ['db:ro']",
    ],
)
def test_a_dependency_in_any_form_is_one(tmp_path: Path, needs: str) -> None:
    assert drafted(tmp_path, f"services: {{db: , web: {{{needs}}}}}")["web"].depends_on == ("db",)


def test_what_is_not_required_is_no_dependency(tmp_path: Path) -> None:
    text = "services: {db: , web: {depends_on: {db: {condition: service_started, required: false}}}}"
    assert drafted(tmp_path, text)["web"].depends_on == ()


def test_one_shots_are_those_that_never_restart_or_are_waited_for(tmp_path: Path) -> None:
    text = """\
        services:
          once: {restart: "no"}
          bare: {restart: no}
          migrate: {image: m}
          web: {restart: always, depends_on: {migrate: {condition: service_completed_successfully}}}
          quiet:
        """
    found = drafted(tmp_path, text)
    assert {name for name, one in found.items() if one.oneshot} == {"once", "bare", "migrate"}


def test_what_is_not_started_by_itself_is_not_expected(tmp_path: Path) -> None:
    text = "services: {a: {profiles: [x]}, b: {deploy: {replicas: 0}}, c: {scale: 0}, d: {profiles: []}}"
    assert {name for name, one in drafted(tmp_path, text).items() if one.disabled} == {"a", "b", "c"}


def test_later_files_say_more_or_otherwise(tmp_path: Path) -> None:
    found = drafted(
        tmp_path,
        "services: {db: , cache: , web: {image: a, depends_on: [db]}}",
        "services: {web: {image: b, depends_on: {cache: {condition: service_started}}}, new: }",
    )
    assert (found["web"].image, found["web"].depends_on) == ("b", ("cache", "db"))
    assert set(found) == {"db", "cache", "web", "new"}


@pytest.mark.parametrize(
    "include",
    ["include: [other.yml]", "include: other.yml", "include: [{path: other.yml}]", "include: [{path: [other.yml]}]"],
)
def test_included_files_belong_to_the_project(tmp_path: Path, include: str) -> None:
    text = f"{include}\nservices: {{web: {{depends_on: [proxy]}}}}"
    found = drafted(tmp_path, text, other="services: {proxy: {image: traefik}}")
    assert found["web"].depends_on == ("proxy",)
    assert found["proxy"].image == "traefik"


def test_what_is_extended_lies_below(tmp_path: Path) -> None:
    text = """\
        services:
          proxy:
          near: {extends: base, image: mine}
          far: {extends: {file: other.yml, service: base}}
          base: {image: b, restart: "no"}
        """
    found = drafted(tmp_path, text, other="services: {base: {extends: {service: root}}, root: {depends_on: [proxy]}}")
    assert (found["near"].image, found["near"].oneshot) == ("mine", 'has restart: "no"')
    assert found["far"].depends_on == ("proxy",)


def test_anchors_extensions_and_variables_are_as_written(tmp_path: Path) -> None:
    text = "x-a: &a {restart: always}\nservices: {web: {<<: *a, image: 'nginx:${TAG:-1}', ports: [22:22]}}"
    loaded = load_compose(written(tmp_path, text), 1 << 20)
    assert loaded.value.services[0].image == "nginx:${TAG:-1}"
    assert loaded.value.notes == ("web has a variable, which is kept as text",)


def test_a_container_whose_name_is_a_variable_is_known_by_its_labels(tmp_path: Path) -> None:
    text = "name: ${STACK}\nservices: {web: {container_name: '${PREFIX}-web'}}"
    loaded = load_compose(written(tmp_path, text), 1 << 20)
    # No container is called so, and a service of the inventory that names one is that and nothing else.
    assert loaded.value.services == (DraftService("${STACK}/web"),)
    assert loaded.value.notes == (
        "the project's name ${STACK} is a variable, which is kept as text: write down what it stands for",
        "web has the container_name ${PREFIX}-web, a variable; left out, its labels tell which it is",
    )


def test_what_compose_would_do_besides_is_said(tmp_path: Path) -> None:
    text = "services: {web: {depends_on: !reset [], ports: !override ['80:80']}}"
    paths = written(tmp_path, text, **{"compose.override": "services: {web: }"})
    assert load_compose(paths, 1 << 20).value.notes == (
        "compose-0.yml uses !reset or !override, which are not followed",
        "compose.override.yml lies beside it, which compose reads too when it is given no files; it was left out",
    )
    assert len(load_compose([*paths, str(tmp_path / "media" / "compose.override.yml")], 1 << 20).value.notes) == 1


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    text = """\
        services:
          a: {depends_on: [elsewhere]}
          b: {network_mode: "container:vpn"}
          c: {extends: nothing}
          d: {profiles: [x]}
        """
    assert load_compose(written(tmp_path, text), 1 << 20).value.notes == (
        "c extends nothing, which is not there",
        "a depends on elsewhere, which none of the files has; left out",
        "b uses the network of container:vpn, which may be a service of another project",
        "media/d is in a profile, so it is not expected (enabled: false)",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("services: [", "is not YAML"),
        ("- a", "is no mapping"),
        ("services: {a: , a: }", "has the key 'a' twice"),
        ("version: '3'", "has no services"),
        ("services: {a: 1}", "the service 'a' is no mapping"),
        ("services: {'a b': }", "has a blank"),
        ("services: {a/b: }", "has a slash"),
        ("services: {a: {extends: {file: x.yml}}}", "extends something that cannot be told"),
        ("services: {a: {extends: a}}", "extends something that cannot be told"),
        ("include: gone.yml\nservices: {a: }", "is not there"),
        ("include: compose-0.yml\nservices: {a: }", "in a circle"),
    ],
)
def test_what_is_wrong_is_a_problem_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    problems = load_compose(written(tmp_path, text), 1 << 20).problems
    assert len(problems) == 1
    assert message in problems[0].message
    assert problems[0].file.startswith(str(tmp_path / "media"))

"""A first inventory, from what runs and from compose files."""

from __future__ import annotations

import json

from tests.acceptance.harness import Lab


def test_a_first_inventory_from_what_runs(lab: Lab) -> None:
    done = lab.command("inventory", "init", "--from-observed", "nas", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("services:\n  jellyfin:\n  traefik:\n")
    done = lab.command("inventory", "init", "--from-observed", "nas")
    assert done.returncode == 1
    assert "nas/services.yaml: it is there already; --add appends what is missing, --force replaces it" in done.stderr
    done = lab.command("inventory", "init", "--from-observed", "nas", "--force")
    assert done.returncode == 0
    assert "note: which services depend on which" in done.stderr
    assert lab.command("check", "--strict").returncode == 0


def test_a_first_inventory_from_compose_files(lab: Lab) -> None:
    (lab.folder / "films").mkdir()
    compose = lab.folder / "films" / "compose.yml"
    compose.write_text("services: {web: {image: nginx, depends_on: [db]}, db: }")
    done = lab.command("inventory", "init", "--from-compose", str(compose), "--node", "nuc")
    assert done.returncode == 0
    assert "hosts/nuc/services.yaml: 2 services" in done.stdout
    lab.observe("nuc")
    report = json.loads(lab.command("reconcile", "--dry-run", "-o", "json").stdout)
    assert {"service:nuc/films/web", "service:nuc/films/db"} <= {drift["subject"] for drift in report["drift"]}
    compose.write_text("services: [")
    done = lab.command("inventory", "init", "--from-compose", str(compose), "--node", "pi4")
    assert done.returncode == 1
    assert "films/compose.yml:1:12: error: is not YAML" in done.stderr
    assert not (lab.folder / "hosts" / "pi4").exists()


def test_a_first_inventory_from_several_projects(lab: Lab) -> None:
    words: list[str] = []
    for project, files in {"films": ("a.yml", "b.yml"), "blog": ("c.yml",)}.items():
        (lab.folder / project).mkdir()
        paths = [lab.folder / project / file for file in files]
        for path in paths:
            path.write_text(f"services: {{web: , {path.stem}: }}")
        words += ["--from-compose", *map(str, paths)]
    done = lab.command("inventory", "init", *words, "--dry-run")
    first, address, *rest = done.stdout.splitlines()
    assert (
        first == "# A first inventory, drafted from a.yml and b.yml and c.yml. It is yours now: change it as you like."
    )
    assert address.startswith("# node: {address: ")
    assert rest == [
        *("services:", "  blog/c:", "  blog/web:", "  films/a:", "  films/b:", "  films/web:"),
    ]


def test_a_first_inventory_needs_a_source_and_a_legal_node(lab: Lab) -> None:
    assert lab.command("inventory", "init").returncode == 64
    assert lab.command("inventory", "init", "--from-observed", "nuc").returncode == 1
    for node, why in (("../x", "has a slash"), ("", "is empty"), (".x", "passed over"), ("lost+found", "passed over")):
        done = lab.command("inventory", "init", "--from-observed", "nas", "--node", node, "--dry-run")
        assert (done.returncode, done.stdout) == (1, "")
        assert why in done.stderr


def test_what_is_missing_is_appended_to_an_inventory(lab: Lab) -> None:
    file = lab.folder / "hosts" / "nas" / "services.yaml"
    file.write_text("# mine\nservices:\n  traefik:\n    critical: true\n")
    done = lab.command("inventory", "init", "--from-observed", "nas", "--add")
    assert (done.returncode, done.stdout.partition(": ")[2]) == (
        0,
        "1 services added; look it over, then: runtime-supervisor check\n",
    )
    assert file.read_text() == (
        "# mine\nservices:\n  traefik:\n    critical: true\n  # added from what runs\n  jellyfin:\n"
    )
    done = lab.command("inventory", "init", "--from-observed", "nas", "--add")
    assert (done.returncode, done.stdout.partition(": ")[2]) == (0, "has everything already\n")
    assert lab.command("inventory", "init", "--from-observed", "nas", "--add", "--force").returncode == 64
    file.unlink()
    assert lab.command("inventory", "init", "--from-observed", "nas", "--add").returncode == 0
    assert file.read_text().endswith("services:\n  jellyfin:\n  traefik:\n")


def test_a_replaced_inventory_is_kept(lab: Lab) -> None:
    file = lab.folder / "hosts" / "nas" / "services.yaml"
    before = file.read_text()
    assert lab.command("inventory", "init", "--from-observed", "nas", "--force").returncode == 0
    assert file.with_name("services.yaml~").read_text() == before
    assert lab.command("check", "--strict").returncode == 0


def test_what_the_sources_have_and_the_inventory_has_not(lab: Lab) -> None:
    assert lab.command("inventory", "diff").returncode == 0
    (lab.folder / "hosts" / "nas" / "services.yaml").write_text("services: {traefik: }\n")
    for words in ((), ("--from-observed", "nas")):
        done = lab.command("inventory", "diff", *words)
        assert (done.returncode, done.stdout) == (1, "service:nas/jellyfin: is not in the inventory\n")
    compose = lab.folder / "compose.yml"
    compose.write_text("name: films\nservices: {web: {image: nginx, restart: always}}")
    done = lab.command("inventory", "diff", "--from-compose", str(compose), "--node", "nas", "-o", "json")
    assert done.returncode == 1
    (lack,) = json.loads(done.stdout)["lacking"]
    assert (lack["subject"], lack["lacks"], lack["image"]) == ("service:nas/films/web", "service", "nginx")
    compose.write_text("services: [")
    assert lab.command("inventory", "diff", "--from-compose", str(compose)).returncode == 1
    (lab.folder / "hosts" / "nas" / "services.yaml").write_text("services: [")
    done = lab.command("inventory", "diff")
    assert (done.returncode, done.stdout) == (1, "")
    assert "hosts/nas/services.yaml cannot be used; what it lacks is not told" in done.stderr

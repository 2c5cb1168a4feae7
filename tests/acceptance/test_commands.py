"""The commands as people and programs meet them: output, exit codes, errors in one line."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.harness import PATIENCE, Daemon, Lab, environment


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_reconcile_reports_and_records(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    done = lab.command("reconcile", "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["summary"] == "degraded"
    assert [one["subject"] for one in report["recommendations"]] == ["service:nas/traefik"]
    assert lab.kinds() == [("reconcile_required", "service:nas/traefik"), ("summary_changed", "summary")]
    assert json.loads(lab.checkpoint.read_text())["sequence"] == 2


def test_reconcile_twice_appends_nothing_more(lab: Lab) -> None:
    lab.observe("nas", traefik="failed")
    lab.command("reconcile")
    before = lab.log.read_bytes()
    assert lab.command("reconcile").returncode == 0
    assert lab.log.read_bytes() == before


def test_a_dry_run_writes_nothing(lab: Lab) -> None:
    before = sorted(lab.folder.rglob("*"))
    assert lab.command("reconcile", "--dry-run").returncode == 0
    assert sorted(lab.folder.rglob("*")) == before


@pytest.mark.parametrize(("word", "code"), [("ok", 0), ("failed", 2), ("unknown", 3)])
def test_detailed_exit_codes(lab: Lab, word: str, code: int) -> None:
    lab.observe("nas", traefik=word, jellyfin="ok")
    assert lab.command("reconcile", "--dry-run", "--detailed-exitcode").returncode == code


def test_at_sets_now(lab: Lab) -> None:
    done = lab.command("reconcile", "--dry-run", "--at", "2020-01-01T00:00:00Z", "-o", "json")
    assert [one["subject"] for one in json.loads(done.stdout)["recommendations"]] == ["input:world"]


def test_at_implies_a_dry_run(lab: Lab) -> None:
    before = sorted(lab.folder.rglob("*"))
    assert lab.command("reconcile", "--at", "2020-01-01T00:00:00Z").returncode == 0
    assert sorted(lab.folder.rglob("*")) == before


def test_the_table_is_for_people(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    done = lab.command("reconcile", "--dry-run")
    assert done.stdout.startswith("degraded: 1 node, 2 services, 1 drift, 0 inhibited, 1 recommendation")
    assert "traefik on nas is unhealthy ('failed')" in done.stdout
    assert "\x1b" not in done.stdout


def test_an_output_that_cannot_be_written_is_exit_1_and_named(lab: Lab) -> None:
    lab.log.symlink_to(lab.folder / "victim")
    lab.observe("nas", traefik="failed", jellyfin="ok")
    done = lab.command("reconcile")
    assert done.returncode == 1
    assert done.stderr == f"runtime-supervisor: cannot read {lab.log}: it is a symbolic link, not a regular file\n"
    assert not (lab.folder / "victim").exists()


def test_check_names_file_line_and_column(lab: Lab) -> None:
    lab.declare("nas", "services:\n  traefik:\n    critical: yes\n  web:\n    depends_on: [trafik]\n")
    done = lab.command("check")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "hosts/nas/services.yaml:3:15: error: critical must be true or false, not the text 'yes'",
        (
            "hosts/nas/services.yaml:5:18: warning: 'web' depends on 'trafik', which names no service; "
            "did you mean traefik?; ignored"
        ),
    ]


def test_messages_show_absolute_paths_wherever_the_command_is_typed(lab: Lab) -> None:
    done = lab.command("check", "--inventory", "nowhere", "--world", "../world")
    assert f"there is no inventory folder {lab.folder}/nowhere; mount it, or draft a first one: " in done.stdout
    assert f"the world folder {lab.folder}/../world cannot be read" in done.stdout


def test_check_strict_fails_on_a_warning(lab: Lab) -> None:
    lab.declare("nas", "services: {traefik: {depends_on: [nobody]}}\n")
    assert lab.command("check").returncode == 0
    assert lab.command("check", "--strict").returncode == 1


def test_check_gives_problems_as_json(lab: Lab) -> None:
    (lab.folder / "world" / "more.json").write_text("{")
    (problem,) = json.loads(lab.command("check", "-o", "json").stdout)["problems"]
    assert (problem["file"], problem["line"], problem["level"]) == ("world/more.json", 1, "error")


def test_status_shows_what_is_open(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    lab.command("reconcile")
    assert "redeploy  service:nas/traefik" in lab.command("status").stdout
    status = json.loads(lab.command("status", "-o", "json").stdout)
    assert (status["summary"], [one["action"] for one in status["open"]]) == ("degraded", ["redeploy"])


def status(lab: Lab, *arguments: str) -> tuple[int, dict[str, object]]:
    done = lab.command("status", "-o", "json", *arguments)
    shown = json.loads(done.stdout)
    return done.returncode, {key: shown[key] for key in ("summary", "last_summary", "running")}


def test_status_of_a_daemon_that_was_killed_is_unknown(lab: Lab) -> None:
    with Daemon(lab) as daemon:
        nominal = {"summary": "nominal", "last_summary": "nominal", "running": True}
        assert status(lab) == (0, nominal)
        daemon.process.kill()
        daemon.process.wait(PATIENCE)
    assert status(lab) == (1, {**nominal, "summary": "unknown", "running": False})
    done = lab.command("status")
    first, second = done.stdout.splitlines()
    assert first.startswith("unknown: no supervisor runs; the last pass was at ")
    assert second.startswith("what was known then: nominal: 0 open, last change ")
    # A pass by hand is of now, and no daemon's.
    lab.command("reconcile")
    assert status(lab) == (0, {**nominal, "running": False})


def test_status_of_a_pass_that_is_three_intervals_old_is_unknown(lab: Lab) -> None:
    lab.command("reconcile")
    lock = lab.folder / "checkpoint.json.lock"
    for age, code in ((170, 0), (190, 1), (-190, 1)):
        os.utime(lock, (time.time() - age, time.time() - age))
        assert lab.command("status").returncode == code
    lock.unlink()
    assert lab.command("status").stdout.startswith("unknown: no pass is known")


def test_status_without_a_checkpoint_says_so(lab: Lab) -> None:
    done = lab.command("status")
    assert done.returncode == 1
    assert "there is no checkpoint" in done.stderr


def test_a_damaged_checkpoint_is_set_aside_and_said(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    lab.command("reconcile")
    lab.checkpoint.write_text("{")
    done = lab.command("reconcile")
    assert done.returncode == 0
    assert "set aside as checkpoint.json.corrupt-" in done.stderr
    assert [path.read_text() for path in lab.folder.glob("checkpoint.json.corrupt-*")] == ["{"]
    # What is open is announced anew; the sequence goes on.
    assert [event["sequence"] for event in lab.events()] == ["1", "2", "3"]
    assert lab.events()[2]["data"]["emit_reason"] == "first_seen"


def test_events_are_filtered(lab: Lab) -> None:
    lab.log.write_text('{"somebody": "else"}\nnot json at all\n')
    lab.observe("nas", traefik="failed", jellyfin="exited")
    lab.command("reconcile")
    done = lab.command("events", "--subject", "service:nas/traefik", "-o", "json")
    assert [json.loads(line)["subject"] for line in done.stdout.splitlines()] == ["service:nas/traefik"]
    done = lab.command("events", "--type", "summary_changed")
    assert "unknown -> unstable" in done.stdout
    assert lab.command("events", "--since", "1d").stdout.count("\n") == 3


@pytest.mark.parametrize("arguments", [(), ("-o", "json"), ("--subject", "nas")])
def test_without_a_log_there_are_no_events(lab: Lab, arguments: tuple[str, ...]) -> None:
    done = lab.command("events", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no events\n")


def test_a_subject_of_the_log_may_be_written_short(lab: Lab) -> None:
    lab.declare("nuc", "node: {always_on: true}\nservices: {jellyfin: }\n")
    lab.observe("nas", traefik="failed", jellyfin="exited")
    lab.observe("nuc", jellyfin="failed")
    lab.command("reconcile")
    fingerprint = lab.events()[0]["data"]["fingerprint"]

    def subjects(text: str) -> list[str]:
        done = lab.command("events", "--subject", text, "-o", "json")
        return [json.loads(line)["subject"] for line in done.stdout.splitlines()]

    # jellyfin on nas waits for traefik, which is the only traefik; nuc has another jellyfin.
    assert subjects("traefik") == subjects("nas/traefik") == subjects("service:nas/traefik") == ["service:nas/traefik"]
    assert subjects(fingerprint) == [lab.events()[0]["subject"]]
    done = lab.command("events", "--subject", "jellyfin")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "runtime-supervisor: cannot tell what 'jellyfin' means: it is on several nodes; "
        "write one of nas/jellyfin, nuc/jellyfin\n"
    )
    done = lab.command("events", "--subject", "trafik")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "no event is about 'trafik'; did you mean service:nas/traefik?\nno events\n"


def test_an_event_that_says_odd_things_is_shown_all_the_same(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="exited")
    lab.command("reconcile")
    event = lab.events()[-1]
    odd: list[dict[str, object]] = [{"counts": [1], "to": ["x"]}, {"counts": "many"}, {}]
    with lab.log.open("a") as log:
        log.writelines(json.dumps({**event, "data": data}) + "\n" for data in odd)
    done = lab.command("events")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(" summary_changed ") == 1 + len(odd)


def test_events_follow_what_comes(lab: Lab) -> None:
    arguments = [sys.executable, "-m", "supervisor", "events", *lab.options, "--follow", "-o", "json"]
    following = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment())
    try:
        lab.observe("nas", traefik="failed", jellyfin="ok")
        lab.command("reconcile")
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["subject"] == "service:nas/traefik"
        lab.log.rename(lab.folder / "agent-events.log.1")
        assert json.loads(following.stdout.readline())["subject"] == "summary"
        lab.observe("nas", traefik="ok", jellyfin="ok")
        lab.command("reconcile")
        assert json.loads(following.stdout.readline())["type"] == "reconcile_resolved"
    finally:
        following.send_signal(signal.SIGINT)
        assert following.wait(PATIENCE) == 130
        assert following.stdout is not None
        following.stdout.close()


@pytest.mark.parametrize("subject", ["service:nas/traefik", "nas/traefik", "traefik"])
def test_explain_says_why(lab: Lab, subject: str) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    lines = lab.command("explain", subject).stdout.splitlines()
    assert lines[0] == "service:nas/traefik: unhealthy: its status is 'failed'"
    assert "=> 7. the service is unhealthy: applies: traefik on nas is unhealthy ('failed')" in lines
    assert "  hosts/nas/services.yaml:2  /services/traefik = traefik" in lines
    assert "  world/nodes/nas.json:1  /services/traefik/status = failed" in lines


def test_explain_says_why_not(lab: Lab) -> None:
    lines = lab.command("explain", "traefik").stdout.splitlines()
    assert lines[0] == "service:nas/traefik: healthy: its status is 'ok'"
    assert [line[3:5] for line in lines if line[3:4].isdigit()] == [f"{number}." for number in range(1, 10)]
    assert not [line for line in lines if line.startswith("=>")]


def test_explain_takes_a_fingerprint(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    lab.command("reconcile")
    fingerprint = lab.events()[0]["data"]["fingerprint"]
    assert lab.command("explain", fingerprint).stdout.startswith("service:nas/traefik: unhealthy")


def test_explain_says_which_input_cannot_be_used(lab: Lab) -> None:
    (lab.folder / "world" / "more.json").write_text("{")
    done = lab.command("explain", "nas/traefik")
    assert done.returncode == 1
    assert done.stdout.startswith("service:nas/traefik: healthy")
    assert done.stderr.startswith("runtime-supervisor: world/more.json:1:2: error: ")
    done = lab.command("explain", "nobody")
    assert (
        done.stderr.splitlines()[1] == "runtime-supervisor: cannot explain 'nobody': nothing that can be read knows it"
    )


@pytest.mark.parametrize("folder", ["--inventory", "--world"])
@pytest.mark.parametrize("name", ["check", "explain"])
def test_a_folder_that_is_not_there_is_said(lab: Lab, folder: str, name: str) -> None:
    done = lab.command(name, folder, "/does/not/exist", *(["nas"] if name == "explain" else []))
    assert done.returncode == 1
    said = done.stderr if name == "explain" else done.stdout
    assert re.search(r"error: .*/does/not/exist", said)


def test_explain_asks_what_was_meant(lab: Lab) -> None:
    done = lab.command("explain", "nas/trafik")
    assert done.returncode == 1
    assert "did you mean service:nas/traefik?" in done.stderr


def test_explain_names_all_that_a_name_may_mean(lab: Lab) -> None:
    lab.declare("nuc", "services: {traefik: }\n")
    done = lab.command("explain", "traefik")
    assert (done.returncode, done.stdout) == (1, "")
    said = "cannot explain 'traefik': it is on several nodes; write one of nas/traefik, nuc/traefik"
    assert done.stderr == f"runtime-supervisor: {said}\n"


@pytest.mark.parametrize(("text", "hint"), [("NAS", "; did you mean node:nas?"), ("inc-9", ""), ("/", "")])
def test_explain_gives_no_far_fetched_hint(lab: Lab, text: str, hint: str) -> None:
    done = lab.command("explain", text)
    assert done.returncode == 1
    assert done.stderr.endswith(f"neither the inventory nor the world knows it{hint}\n")


@pytest.mark.parametrize("name", ["inventory", "world", "event", "checkpoint", "settings", "report"])
def test_schema_prints_a_schema(lab: Lab, name: str) -> None:
    done = lab.command("schema", name)
    assert json.loads(done.stdout)["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    "arguments",
    [
        ("reconcil",),
        ("reconcile", "--dry"),
        ("reconcile", "--at", "noon"),
        ("schema", "nothing"),
        ("events", "--since", "5"),
    ],
)
def test_wrong_usage_is_64_in_one_line(lab: Lab, arguments: tuple[str, ...]) -> None:
    done = lab.command(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (64, "", 1)


def test_no_command_at_all_is_wrong_usage_and_help() -> None:
    bare = [sys.executable, "-m", "supervisor"]
    done = subprocess.run(bare, capture_output=True, env=environment(), check=False)
    helped = subprocess.run([*bare, "--help"], capture_output=True, env=environment(), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (64, b"", helped.stdout)


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (("--resync-interval", "5"), {}, "resync_interval (flag --resync-interval): '5' has no unit: write 5s"),
        ((), {"RUNTIME_SUPERVISOR_STALE_AFTER": "x"}, "stale_after (environment RUNTIME_SUPERVISOR_STALE_AFTER): 'x'"),
        ((), {"RUNTIME_SUPERVISOR_WORLDS": "x"}, "did you mean RUNTIME_SUPERVISOR_WORLD?"),
        (("--config", "/does/not/exist"), {}, "/does/not/exist: there is no such file"),
    ],
)
def test_wrong_settings_are_78_and_say_where(
    lab: Lab, arguments: tuple[str, ...], environ: dict[str, str], said: str
) -> None:
    for name in ("run", "reconcile", "check", "status"):
        done = lab.command(name, *arguments, environ=environ)
        assert done.returncode == 78
        assert said in done.stderr


def test_a_reader_that_has_enough_is_no_error(lab: Lab) -> None:
    script = f"exec {sys.executable} -m supervisor schema report | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment(), check=False)
    assert "Traceback" not in done.stderr


def test_colour_is_for_terminals_without_no_color(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    arguments = [sys.executable, "-m", "supervisor", "reconcile", "--dry-run", *lab.options]

    def on_a_terminal(**environ: str) -> str:
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "rb", buffering=0) as reader:
            env = environment(TERM="xterm", **environ)
            env = {key: value for key, value in env.items() if key != "NO_COLOR" or key in environ}
            subprocess.run(arguments, stdout=theirs, env=env, check=True)
            os.close(theirs)
            return reader.read(65536).decode()

    assert "\x1b[33mdegraded" in on_a_terminal()
    assert "\x1b" not in on_a_terminal(NO_COLOR="1")


def test_the_daemon_on_a_terminal_is_readable(lab: Lab) -> None:
    ours, theirs = pty.openpty()
    arguments = [sys.executable, "-m", "supervisor", "run", *lab.options]
    env = environment(TERM="xterm", NO_COLOR="1")
    process = subprocess.Popen(arguments, stderr=theirs, env=env)
    os.close(theirs)
    said = ""
    with os.fdopen(ours, "rb", buffering=0) as reader:
        while "nominal: 1 node" not in said:
            said += reader.read(4096).decode()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert "started" in said
    assert "pass 1 (start, " in said
    assert "{" not in said


def test_events_of_the_daemon_and_of_reconcile_are_one_sequence(lab: Lab) -> None:
    lab.observe("nas", traefik="failed", jellyfin="ok")
    lab.command("reconcile")
    lab.observe("nas", traefik="ok", jellyfin="ok")
    with Daemon(lab):
        assert [event["sequence"] for event in lab.events()] == ["1", "2", "3", "4"]
    assert len({event["id"] for event in lab.events()}) == 4


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
    report = json.loads(lab.command("reconcile", "--dry-run", "-o", "json").stdout)
    assert {"service:nuc/films/web", "service:nuc/films/db"} <= {one["subject"] for one in report["drift"]}
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

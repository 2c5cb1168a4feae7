"""What happens to real containers comes out as the right events, and as no others."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.engines.circle import NODE, Circle
from tests.engines.containers import IMAGE, Engine, Podman, RootlessPodman
from tests.systemd.machine import until

WEB = f"service:{NODE}/web"
REDEPLOY = ("required", WEB, "redeploy")
UNKNOWN = ("blocked", WEB, "check_observer")
CLEARED = ("resolved", WEB, "cleared")
INVENTORY = "services:\n  web:\n"


def test_a_killed_container_is_redeployed(circle: Circle, engine: Engine) -> None:
    engine.start("web")
    circle.close(INVENTORY)
    engine("kill", "web")
    circle.expect(REDEPLOY)
    assert circle.service("web")["status"] == "failed"
    assert circle.service("web")["raw"]["exit_code"] == 137
    # SIGKILL is no proof that memory ran out.
    assert circle.service("web")["detail"] == "ended with exit code 137"
    engine("start", "web")
    circle.expect(CLEARED)


def test_a_removed_container_is_deployed(circle: Circle, engine: Engine) -> None:
    engine.start("web")
    circle.close(INVENTORY)
    engine("rm", "--force", "web")
    circle.expect(*_either(circle, *_gone(WEB)))
    engine.start("web")
    circle.expect(*_either(circle, [CLEARED], [("resolved", WEB, "replaced"), REDEPLOY, CLEARED]))


def _gone(what: str) -> list[list[tuple[str, str, str]]]:
    deploy = ("required", what, "deploy")
    return [[deploy], [("required", what, "redeploy"), ("resolved", what, "replaced"), deploy]]


def _either(circle: Circle, *ways: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """A look may fall between two steps of the engine: removing is stopping first, and starting is creating first."""
    circle.look(3)
    until(lambda: any(circle.events() == way for way in ways), f"one of {ways}")
    circle.look(3)
    return next(way for way in ways if sorted(circle.events()) == sorted(way))


def test_an_unhealthy_container_is_redeployed(circle: Circle, engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "well").touch()
    engine.start("web", options=(*engine.health("test -e /data/well"), "--volume", f"{tmp_path}:/data"))
    engine.check("web", "healthy")
    circle.close(INVENTORY)
    assert circle.service("web")["raw"]["health"] == "healthy"
    (tmp_path / "well").unlink()
    engine.check("web", "unhealthy")
    circle.expect(REDEPLOY)
    assert circle.service("web")["status"] == "unhealthy"
    (tmp_path / "well").touch()
    engine.check("web", "healthy")
    circle.expect(CLEARED)
    # Stopped, it has no health any more, whatever the engine goes on printing.
    engine("stop", "web")
    circle.expect(REDEPLOY)
    assert circle.service("web")["status"] == "failed"
    engine("start", "web")
    engine.check("web", "healthy")
    circle.expect(CLEARED)


def test_a_container_whose_check_has_not_passed_yet_is_starting(circle: Circle, engine: Engine, tmp_path: Path) -> None:
    options = (*engine.health("test -e /data/well"), "--health-start-period", "1h", "--volume", f"{tmp_path}:/data")
    engine.start("web", options=options)
    circle.close(INVENTORY)
    assert circle.service("web")["status"] == "starting"
    circle.expect()
    (tmp_path / "well").touch()
    engine.check("web", "healthy")
    until(lambda: circle.service("web")["status"] == "ok", "it is healthy")
    circle.expect()


def test_a_crash_loop_is_unhealthy_while_it_looks_well(circle: Circle, engine: Engine, tmp_path: Path) -> None:
    script = "while ! test -e /data/ill; do sleep 0.1; done; sleep 0.2; exit 1"
    engine.start("web", "sh", "-c", script, options=("--restart", "always", "--volume", f"{tmp_path}:/data"))
    circle.close(INVENTORY)
    (tmp_path / "ill").touch()
    until(lambda: "crash loop" in circle.service("web").get("detail", ""), "it is seen")
    looks = []
    for _ in range(10):
        circle.look(1)
        looks.append((circle.service("web")["status"], circle.service("web")["raw"]["status"]))
    assert {status for status, _ in looks} == {"unhealthy"}
    assert "running" in {word for _, word in looks}
    (tmp_path / "ill").unlink()
    # At its beginning it may be seen ended once, and well once more, before it is told for what it is.
    until(lambda: circle.events()[-1] == CLEARED and circle.service("web")["status"] == "ok", "it is well")
    assert circle.events() in ([REDEPLOY, CLEARED], [REDEPLOY, CLEARED] * 2)


def test_a_container_that_others_restart_again_and_again_is_unhealthy(circle: Circle, engine: Engine) -> None:
    engine.start("web")
    # Long enough for what comes between the two.
    circle.look_through(engine.socket, "--crash-window", "20s")
    circle.close(INVENTORY)
    # One by hand is nothing, but that a look may fall into it.
    engine("restart", "web")
    circle.expect(*_either(circle, [], [REDEPLOY, CLEARED]))
    assert circle.service("web")["status"] == "ok"
    # The engine does not count what an autoheal restarts.
    engine("restart", "web")
    until(lambda: "crash loop" in circle.service("web").get("detail", ""), "it is seen")
    assert circle.service("web")["restarts"] == 2
    until(
        lambda: circle.events()[-1:] == [CLEARED] and circle.service("web")["status"] == "ok", "a whole window passes"
    )
    assert circle.events() in ([REDEPLOY, CLEARED], [REDEPLOY, CLEARED] * 2)


def test_a_container_that_is_updated_is_not_in_a_crash_loop(circle: Circle, engine: Engine) -> None:
    engine.start("web")
    circle.close(INVENTORY)
    for _ in range(3):
        engine("rm", "--force", "web")
        engine.start("web")
        circle.look()
    assert "crash loop" not in circle.service("web")["detail"]
    assert circle.service("web").get("restarts", 0) == 0


def test_a_container_that_is_created_and_not_started_yet_has_its_grace(circle: Circle, engine: Engine) -> None:
    engine("create", "--name", "web", *engine.limits, IMAGE, "sleep", "3600")
    circle.close(INVENTORY)
    assert circle.service("web")["status"] == "created"
    circle.expect()
    engine("start", "web")
    until(lambda: circle.service("web")["status"] == "ok", "it runs")
    circle.expect()


def test_two_names_of_one_socket_are_one_engine(circle: Circle, engine: Engine, tmp_path: Path) -> None:
    link = tmp_path / "docker.sock"
    link.symlink_to(engine.socket)
    engine.start("web")
    circle.look_through(engine.socket, "--engines", f"{link} {engine.socket}")
    circle.close(INVENTORY)
    assert circle.observed()["sources"] == {str(engine.socket): "ok"}
    engine("restart", "web")
    circle.expect(*_either(circle, [], [REDEPLOY, CLEARED]))
    assert (circle.service("web")["status"], circle.service("web")["restarts"]) == ("ok", 1)


def test_an_engine_that_is_back_in_a_moment_was_never_gone(circle: Circle, engine: Engine) -> None:
    engine.start("web")
    circle.look_through(engine.socket, "--timeout", "30s")
    circle.close(INVENTORY)
    engine.silence()
    engine.serve()
    circle.look()
    circle.expect()


def test_a_name_that_two_stacks_have_is_unknown_and_never_missing(circle: Circle, engine: Engine) -> None:
    def compose(project: str) -> tuple[str, ...]:
        return (
            *("--label", f"com.docker.compose.project={project}", "--label", "com.docker.compose.service=web"),
            *("--label", "com.docker.compose.container-number=1"),
        )

    engine.start("media-web-1", options=compose("media"))
    circle.close(INVENTORY)
    engine.start("wiki-web-1", options=compose("wiki"))
    circle.expect(UNKNOWN)
    assert circle.service("web")["detail"] == "media/web and wiki/web could be it: say which in the inventory"
    engine("rm", "--force", "wiki-web-1")
    circle.expect(CLEARED)


def test_a_paused_container_is_redeployed(circle: Circle, engine: Engine) -> None:
    engine.start("web")
    circle.close(INVENTORY)
    engine("pause", "web")
    circle.expect(REDEPLOY)
    assert circle.service("web")["status"] == "stopped"
    engine("unpause", "web")
    circle.expect(CLEARED)


def test_a_oneshot_that_finishes_is_well(circle: Circle, engine: Engine) -> None:
    engine.start("web", "sleep", "1")
    circle.close("services:\n  web: {oneshot: true}\n")
    until(lambda: circle.service("web")["status"] == "completed", "it has finished")
    circle.expect()
    engine("rm", "web")
    circle.look()
    # It is gone, and when it last ended well is known all the same.
    assert circle.service("web")["status"] == "absent"
    assert "last_success" in circle.service("web")
    circle.expect()


def test_a_oneshot_that_fails_is_redeployed(circle: Circle, engine: Engine, tmp_path: Path) -> None:
    script = "while ! test -e /data/go; do sleep 0.1; done; test -e /data/well"
    engine.start("web", "sh", "-c", script, options=("--volume", f"{tmp_path}:/data"))
    circle.close("services:\n  web: {oneshot: true}\n")
    (tmp_path / "go").touch()
    circle.expect(REDEPLOY)
    assert circle.service("web")["status"] == "failed"
    (tmp_path / "well").touch()
    engine("start", "web")
    circle.expect(CLEARED)
    until(lambda: circle.service("web")["status"] == "completed", "it has finished")
    circle.expect()


def test_an_engine_that_is_gone_makes_nothing_missing(circle: Circle, engine: Engine) -> None:
    engine.start("web")
    engine.start("stray")
    circle.close(INVENTORY)
    engine.silence()
    try:
        circle.expect(UNKNOWN)
        assert circle.service("web")["status"] == circle.service("stray")["status"] == "unknown"
    finally:
        engine.serve()
    circle.expect(CLEARED)


def test_a_podman_of_a_user_is_looked_at_beside_another_engine(circle: Circle, engine: Engine) -> None:
    if (reason := RootlessPodman.why_not()) is not None:
        pytest.skip(reason)
    with RootlessPodman() as other:
        engine.start("web")
        other.start("db")
        circle.look_through(engine.socket, "--engines", f"{engine.socket} {other.socket}")
        circle.close("services:\n  web:\n  db:\n")
        assert circle.service("db")["source"] == str(other.socket)
        other.silence()
        circle.expect(("blocked", f"service:{NODE}/db", "check_observer"))
        assert circle.service("web")["status"] == "ok"
        other.serve()
        circle.expect(("resolved", f"service:{NODE}/db", "cleared"))
        other("rm", "--force", "db")
        circle.expect(*_either(circle, *_gone(f"service:{NODE}/db")))


def test_an_engine_that_hangs_is_cut_off(circle: Circle, engine: Engine) -> None:
    engine.start("web")
    circle.look_through(engine.socket, "--timeout", "2s")
    circle.close(INVENTORY)
    engine.suspend()
    try:
        circle.expect(UNKNOWN)
    finally:
        engine.resume()
    circle.expect(CLEARED)


def test_an_observer_that_has_stopped_is_noticed(circle: Circle, engine: Engine) -> None:
    engine.start("web")
    circle.close(INVENTORY, "--stale-after", "2s")
    circle.stop_observing()
    until(lambda: circle.events() == [("blocked", "input:world", "check_observer")], "it is missed")
    circle.observe()
    circle.expect(("blocked", "input:world", "check_observer"), ("resolved", "input:world", "cleared"))


def test_names_come_from_the_inventory_from_compose_and_from_the_container(circle: Circle, engine: Engine) -> None:
    def compose(project: str, service: str) -> tuple[str, ...]:
        labels = (f"com.docker.compose.project={project}", f"com.docker.compose.service={service}")
        return ("--label", labels[0], "--label", labels[1], "--env", "SECRET=hunter2", "--label", "token=hunter2")

    engine.start("media-db-1", options=compose("media", "db"))
    engine.start("blog-db-1", options=compose("blog", "db"))
    engine.start("blog-web-1", options=compose("blog", "web"))
    engine.start("odd", "sh", "-c", "sleep 3600 # hunter2")
    engine.start("stray")
    if isinstance(engine, Podman):
        engine("pod", "create", "--name", "pod", "--infra-image", IMAGE, "--infra-command", "/bin/sleep")
        assert engine("pod", "inspect", "pod", "--format", "{{.NumContainers}}").strip() == "1"
    circle.close("services:\n  media/db:\n  blog/db:\n  web:\n  renamed: {container: odd}\n")
    assert sorted(circle.observed()["services"]) == ["blog/db", "media/db", "renamed", "stray", "web"]
    assert "hunter2" not in circle.document.read_text()
    assert _unmanaged(circle) == [f"service:{NODE}/stray"]
    circle.expect()


def _unmanaged(circle: Circle) -> object:
    return json.loads(circle.lab.command("reconcile", "--dry-run", "-o", "json").stdout)["unmanaged"]


def test_from_nothing_to_a_first_summary(circle: Circle, engine: Engine) -> None:
    engine.start("web")
    engine.start("job", "true")
    until(lambda: "Exited" in engine("ps", "--all", "--filter", "name=job", "--format", "{{.Status}}"), "it has ended")
    circle.observe()
    drafted: subprocess.CompletedProcess[str] = circle.lab.command(
        "inventory", "init", "--from-observed", NODE, "--force"
    )
    assert drafted.returncode == 0, drafted.stderr
    assert (circle.lab.folder / "hosts" / NODE / "services.yaml").read_text().count("oneshot: true") == 1
    assert circle.lab.command("reconcile", "--dry-run", "--detailed-exitcode").returncode == 0


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no haproxy")
def test_the_proxy_of_the_paper_lets_the_observer_look_and_nobody_touch(
    circle: Circle, engine: Engine, tmp_path: Path
) -> None:
    paper = (Path(__file__).parents[2] / "docs" / "observer.md").read_text()
    shown = re.search(r"```haproxy\n(.*?)```", paper, re.DOTALL)
    assert shown is not None
    readonly = tmp_path / "readonly.sock"
    config = shown[1].replace("/run/docker.sock", str(engine.socket)).replace("/run/haproxy/engine.sock", str(readonly))
    (tmp_path / "haproxy.cfg").write_text(config.replace(" group runtime-supervisor-observer", ""))
    engine.start("web")
    with subprocess.Popen(["haproxy", "-db", "-f", str(tmp_path / "haproxy.cfg")]) as proxy:
        until(readonly.exists, "the proxy's socket")
        try:
            circle.look_through(readonly)
            circle.close(INVENTORY)
            assert circle.observed()["sources"] == {str(readonly): "ok"}
            for method, path in (
                ("POST", "/containers/web/kill"),
                ("DELETE", "/v4.0.0/libpod/containers/web"),
                ("DELETE", "/containers/web"),
                ("GET", "/containers/web/logs"),
                ("GET", "/v4.0.0/libpod/containers/web/archive?path=/"),
                ("GET", "/images/json"),
            ):
                talk = http.client.HTTPConnection("localhost")
                talk.sock = connected(readonly)
                talk.request(method, path)
                assert talk.getresponse().status == 403, (method, path)
                talk.close()
            circle.expect()
        finally:
            proxy.terminate()


def connected(path: Path) -> socket.socket:
    ours = socket.socket(socket.AF_UNIX)
    ours.connect(str(path))
    return ours

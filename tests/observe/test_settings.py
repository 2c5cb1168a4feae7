"""The observer's settings: their file, prefix, defaults, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.errors import ConfigError
from supervisor.observe.settings import ObserverSettings, load_observer_settings


def settings(**flags: str) -> ObserverSettings:
    return load_observer_settings(flags, {})


def test_settings_have_their_own_prefix_and_file(tmp_path: Path) -> None:
    file = tmp_path / "observer.yaml"
    file.write_text("interval: 20s\ntimeout: 3s\n")
    environ = {"RUNTIME_SUPERVISOR_OBSERVER_TIMEOUT": "4s", "RUNTIME_SUPERVISOR_WORLD": "/elsewhere"}
    got = load_observer_settings({}, environ, str(file))
    assert (got.interval, got.timeout, got.world) == (20 * 10**9, 4 * 10**9, "/opt/homelab/world")
    assert settings(engines="none").sources["engines"] == ()
    assert settings(engines="/a /b /a").sources["engines"] == ("/a", "/b")
    assert settings(engines="unix:///a tcp://nas.lan:2375 tls://[2001:db8::7]:2376").sources["engines"] == (
        "/a",
        "tcp://nas.lan:2375",
        "tls://[2001:db8::7]:2376",
    )
    assert settings().sources["engines"] is None
    assert settings().sources["engine_certificates"] is None
    assert settings(engine_certificates="/etc/tls").sources["engine_certificates"] == "/etc/tls"
    assert settings().sources["units"] == ()
    assert settings(units="a.service b*.timer").sources["units"] == ("a.service", "b*.timer")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"engines": "docker.sock"}, "engines (flag --engines): 'docker.sock' is not an absolute path of a socket"),
        ({"engines": "tcp://nas"}, "'tcp://nas' is not an absolute path of a socket; write auto, none, paths, tcp://"),
        ({"engines": "http://nas:80"}, "'http://nas:80' is not an absolute path of a socket"),
        ({"engine_certificates": "tls"}, "'tls' is not an absolute path of a folder; write none or a path"),
        ({"units": "--now"}, "units (flag --units): '--now' is not a unit"),
        ({"systemd": "yes"}, "systemd (flag --systemd): 'yes' is neither true nor false"),
        ({"node": "a/b"}, "node (flag --node): the node name 'a/b' has a slash"),
        ({"interval": "0s"}, "interval (flag --interval): must be longer than 0s"),
    ],
)
def test_wrong_settings_are_refused(flags: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        settings(**flags)
    assert message in str(error.value)

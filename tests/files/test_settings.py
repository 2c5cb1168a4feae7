"""Settings: precedence, and a fault names the key, where it was given, and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.core.instant import SECOND
from supervisor.errors import ConfigError
from supervisor.files.settings import KEYS, SUPERVISOR, Key, load_settings, parse_size


def test_the_defaults_are_the_documented_ones() -> None:
    settings = load_settings({}, {})
    assert (settings.inventory, settings.world) == ("hosts", "/opt/homelab/world")
    assert (settings.event_log, settings.checkpoint) == ("/tmp/agent-events.log", "/tmp/supervisor-checkpoint.json")
    assert (settings.resync_interval, settings.quiet_period) == (60 * SECOND, SECOND // 2)
    assert (settings.repeated_failures, settings.max_input_bytes) == (3, 16 << 20)


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    config = tmp_path / "supervisor.yaml"
    config.write_text("world: /file\nstale_after: 1m\nmax_delay: 7s\n")
    environ = {"RUNTIME_SUPERVISOR_WORLD": "/environment", "RUNTIME_SUPERVISOR_STALE_AFTER": "2m"}
    settings = load_settings({"world": "/flag"}, environ, str(config))
    assert (settings.world, settings.stale_after, settings.max_delay) == ("/flag", 120 * SECOND, 7 * SECOND)


def test_the_file_can_be_named_by_the_environment(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("world: /file\n")
    assert load_settings({}, {"RUNTIME_SUPERVISOR_CONFIG": str(tmp_path / "a.yaml")}).world == "/file"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("stale_after: 5", "stale_after ({path}:1): '5' has no unit: write 5s, 5m, 5h, 5d or 5ms"),
        ("stale_after: soon", "stale_after ({path}:1): 'soon' is not a duration such as 500ms, 30s, 5m, 4h or 1d"),
        ("resync_interval: 0s", "resync_interval ({path}:1): must be longer than 0s"),
        ("max_input_bytes: 16", "max_input_bytes ({path}:1): '16' has no unit: write 16B, 16KiB, 16MiB or 16GiB"),
        ("log_level: loud", "log_level ({path}:1): 'loud' is not a level: write one of debug, info, warning, error"),
        ("max_input_bytes: 0B", "max_input_bytes ({path}:1): must be at least 1B"),
        ("repeated_failures: 0", "repeated_failures ({path}:1): '0' is not a whole number from 1 to 1000"),
        (
            "source: a/b",
            "source ({path}:1): 'a/b' is not a name: 1 to 200 printable characters without blanks and slashes",
        ),
        ("world:", "world ({path}:1): must be one value"),
        ("world: [a]", "world ({path}:1): must be one value"),
        ("\nstale_afte: 5m", "stale_afte ({path}:2): is not a known setting; did you mean stale_after?"),
        ("world: a\nworld: b", "world ({path}:2): appears twice"),
        ("- a", "{path}:1:1: must be a mapping of settings"),
        ("world: [", "{path}:1:9: is not YAML: while parsing a flow node did not find expected node content"),
        ("quiet_period: 10s", "max_delay (default): must be at least quiet_period, 10s"),
        ("event_log: x\ncheckpoint: ./x", "checkpoint ({path}:2): must not be the event log"),
    ],
)
def test_a_fault_names_key_source_and_way_out(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "supervisor.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings({}, {}, str(path))
    assert str(caught.value) == f"cannot use the settings: {fault.format(path=path)}"


@pytest.mark.parametrize(
    ("flags", "environ", "fault"),
    [
        ({"stale_after": "5"}, {}, "stale_after (flag --stale-after): '5' has no unit: write 5s, 5m, 5h, 5d or 5ms"),
        ({"world": ""}, {}, "world (flag --world): must be a path"),
        ({"checkpoint": "/tmp/agent-events.log"}, {}, "checkpoint (flag --checkpoint): must not be the event log"),
        ({}, {"MAX_DELAY": "0s"}, "max_delay (environment RUNTIME_SUPERVISOR_MAX_DELAY): must be longer than 0s"),
        (
            {},
            {"REPEATED_FAILURES": "1001"},
            "repeated_failures (environment RUNTIME_SUPERVISOR_REPEATED_FAILURES): '1001' is not a whole number from 1",
        ),
        (
            {},
            {"STALE_AFTR": "5m"},
            "RUNTIME_SUPERVISOR_STALE_AFTR (environment): is not a known setting; did you mean RUNTIME_SUPERVISOR_",
        ),
        ({}, {"CONFIG": "/absent/a.yaml"}, "/absent/a.yaml: there is no such file"),
    ],
    ids=str,
)
def test_a_fault_outside_the_file_names_its_source_too(
    flags: dict[str, str], environ: dict[str, str], fault: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(flags, {f"RUNTIME_SUPERVISOR_{key}": value for key, value in environ.items()})
    (said,) = str(caught.value).splitlines()
    assert said.startswith(f"cannot use the settings: {fault}")


VALUES = {
    **dict.fromkeys(("inventory", "world", "event_log", "checkpoint"), ("/a", "/b", "/c")),
    "repeated_failures": ("11", "12", "13"),
    "max_input_bytes": ("11KiB", "12KiB", "13KiB"),
    "max_delay": ("11s", "12s", "13s"),
    "log_level": ("debug", "warning", "error"),
}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_setting_can_be_given_in_three_ways_of_this_rank(tmp_path: Path, key: Key) -> None:
    in_file, in_environment, as_flag = VALUES.get(key.name, ("11ms", "12ms", "13ms"))
    (tmp_path / "a.yaml").write_text(f"{key.name}: {in_file}\n")

    def given(flags: dict[str, str], environ: dict[str, str]) -> object:
        return getattr(load_settings(flags, environ, str(tmp_path / "a.yaml")), key.name)

    environ = {SUPERVISOR.variable(key.name): in_environment}
    assert given({}, {}) == key.parse(in_file)
    assert given({}, environ) == key.parse(in_environment)
    assert given({key.name: as_flag}, environ) == key.parse(as_flag)
    assert getattr(load_settings({}, {}), key.name) == key.parse(key.default)


def test_all_faults_are_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({"stale_after": "5"}, {"RUNTIME_SUPERVISOR_MAX_DELAY": "x", "RUNTIME_SUPERVISOR_ODD": ""})
    assert len(str(caught.value).splitlines()) == 3


def test_an_empty_file_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# all defaults\n")
    assert load_settings({}, {}, str(tmp_path / "a.yaml")) == load_settings({}, {})


@pytest.mark.parametrize(("text", "size"), [("1B", 1), ("2KiB", 2048), ("16MiB", 16 << 20), ("1GiB", 1 << 30)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size

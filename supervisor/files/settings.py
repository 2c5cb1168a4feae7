"""Settings from flags, environment, a file and defaults, in this order of precedence."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_type_hints

from supervisor.core.instant import Duration, format_duration, parse_duration
from supervisor.errors import ConfigError, InputError

if TYPE_CHECKING:
    from supervisor.core.model.findings import Thresholds

DEFAULT_CONFIG = "/etc/runtime-supervisor/supervisor.yaml"
ENVIRONMENT_PREFIX = "RUNTIME_SUPERVISOR_"
OBSERVER_PREFIX = "RUNTIME_SUPERVISOR_OBSERVER_"
"""The observer's variables, which the supervisor leaves to it."""
_LOG_LEVELS = ("debug", "info", "warning", "error")
_CONFIG_LIMIT = 1 << 20

_SIZE = re.compile(r"(\d{1,12})(B|KiB|MiB|GiB)", re.ASCII)
_SIZES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def parse_size(text: str) -> int:
    """Read ``16MiB`` (B, KiB, MiB, GiB) as bytes; a number without a unit is a ValueError."""
    match = _SIZE.fullmatch(text)
    if match is None:
        if text.isascii() and text.isdigit():
            raise ValueError(f"{text!r} has no unit: write {text}B, {text}KiB, {text}MiB or {text}GiB")
        raise ValueError(f"{text[:60]!r} is not a size such as 512KiB or 16MiB")
    size = int(match[1]) * _SIZES[match[2]]
    if size < 1:
        raise ValueError("must be at least 1B")
    return size


def parse_path(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("must be a path")
    return text


def parse_source(text: str) -> str:
    """The last part of the ``source`` of our events; ``hostname`` stands for the machine's own."""
    if not 0 < len(text) <= 200 or not text.isprintable() or " " in text or "/" in text:
        raise ValueError(f"{text[:60]!r} is not a name: 1 to 200 printable characters without blanks and slashes")
    return text


def parse_positive_duration(text: str) -> Duration:
    duration = parse_duration(text)
    if duration <= 0:
        raise ValueError("must be longer than 0s")
    return duration


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 1000):
        raise ValueError(f"{text[:60]!r} is not a whole number from 1 to 1000")
    return int(text)


def _log_level(text: str) -> str:
    if text not in _LOG_LEVELS:
        raise ValueError(f"{text[:60]!r} is not a level: write one of {', '.join(_LOG_LEVELS)}")
    return text


class Setting(NamedTuple):
    """Beside a field of ``Settings``: its default as somebody would write it, how it is read, and its help."""

    default: str
    parse: Callable[[str], Any]
    help: str


class Key(NamedTuple):
    """One setting: its default as somebody would write it, how it is read, and a sentence for ``--help``."""

    name: str
    default: str
    parse: Callable[[str], Any]
    help: str

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


class Settings(NamedTuple):
    """Everything that can be set. Durations in nanoseconds, sizes in bytes, paths as given."""

    inventory: Annotated[str, Setting("hosts", parse_path, "folder of the inventory: <node>/services.yaml")]
    world: Annotated[str, Setting("/opt/homelab/world", parse_path, "folder the observer writes to")]
    event_log: Annotated[str, Setting("/tmp/agent-events.log", parse_path, "JSON Lines file events are appended to")]
    checkpoint: Annotated[
        str, Setting("/tmp/supervisor-checkpoint.json", parse_path, "what is open and what was announced")
    ]
    source: Annotated[
        str,
        Setting("hostname", parse_source, "events are those of /runtime-supervisor/SOURCE (hostname: this machine's)"),
    ]
    resync_interval: Annotated[Duration, Setting("60s", parse_positive_duration, "a pass at least this often")]
    quiet_period: Annotated[Duration, Setting("500ms", parse_duration, "changes within it are taken together")]
    max_delay: Annotated[
        Duration, Setting("5s", parse_positive_duration, "a pass at the latest this long after a change")
    ]
    stale_after: Annotated[Duration, Setting("5m", parse_positive_duration, "an older observation is not trusted")]
    startup_grace: Annotated[Duration, Setting("2m", parse_duration, "a starting service is well this long")]
    repeat_interval: Annotated[
        Duration, Setting("4h", parse_duration, "announce what stays open again after it (0s: never)")
    ]
    deployment_window: Annotated[
        Duration, Setting("24h", parse_positive_duration, "older deployments are not looked at")
    ]
    repeated_failures: Annotated[int, Setting("3", _count, "failed deployments in a row that call for diagnostics")]
    max_input_bytes: Annotated[int, Setting("16MiB", parse_size, "a larger input file is refused")]
    log_level: Annotated[str, Setting("info", _log_level, "log nothing below it: debug, info, warning, error")]

    @property
    def thresholds(self) -> Thresholds:
        from supervisor.core.model.findings import Thresholds  # the small commands judge nothing

        return Thresholds(self.stale_after, self.startup_grace, self.deployment_window, self.repeated_failures)


KEYS: tuple[Key, ...] = tuple(
    Key(name, *hint.__metadata__[0]) for name, hint in get_type_hints(Settings, include_extras=True).items()
)


class _Given(NamedTuple):
    text: str
    source: str


def load_settings(flags: Mapping[str, str], environ: Mapping[str, str], config: str | None = None) -> Settings:
    """Put the settings together. ``flags`` are by key name; ``config`` must exist if given, the default need not.

    Raises ConfigError with one line for each fault: the key, its source (flag, environment, file:line) and the fix.
    """
    return Settings(**load_values(SUPERVISOR, flags, environ, config))


def absolute(settings: Settings, folder: str) -> Settings:
    """The same, with paths that start at ``folder`` where they are relative: what is said of them can be followed."""
    paths: dict[str, Any] = {
        key.name: os.path.join(folder, getattr(settings, key.name)) for key in KEYS if key.parse is parse_path
    }
    return settings._replace(**paths)


def default_settings() -> Settings:
    """What holds where nothing is set."""
    return Settings(**{key.name: key.parse(key.default) for key in KEYS})


class Family(NamedTuple):
    """The settings of one program: its keys, their file and prefix, and what must hold between them."""

    keys: tuple[Key, ...]
    default_config: str
    prefix: str
    relations: Callable[[Mapping[str, Any], Mapping[str, _Given], list[str]], None] = lambda *_: None
    reserved: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(key.name for key in self.keys)

    def variable(self, name: str) -> str:
        return self.prefix + name.upper()


def load_values(
    family: Family, flags: Mapping[str, str], environ: Mapping[str, str], config: str | None = None
) -> dict[str, Any]:
    """The values of a program's settings, by name; see ``load_settings``."""
    faults: list[str] = []
    given = {key.name: _Given(key.default, "default") for key in family.keys}
    path = config or environ.get(family.variable("config"))
    given |= _from_file(family, path or family.default_config, path is not None, faults)
    given |= _from_environment(family, environ, faults)
    given |= {name: _Given(text, f"flag --{name.replace('_', '-')}") for name, text in flags.items()}
    values: dict[str, Any] = {}
    for key in family.keys:
        text, source = given[key.name].text, given[key.name].source
        try:
            values[key.name] = key.parse(text)
        except ValueError as error:
            faults.append(f"{key.name} ({source}): {error}")
    if not faults:
        family.relations(values, given, faults)
    if faults:
        raise ConfigError("\n".join(f"cannot use the settings: {fault}" for fault in faults))
    return values


def _relations(values: Mapping[str, Any], given: Mapping[str, _Given], faults: list[str]) -> None:
    if values["max_delay"] < values["quiet_period"]:
        quiet = format_duration(values["quiet_period"])
        faults.append(f"max_delay ({given['max_delay'].source}): must be at least quiet_period, {quiet}")
    if os.path.abspath(values["event_log"]) == os.path.abspath(values["checkpoint"]):
        faults.append(f"checkpoint ({given['checkpoint'].source}): must not be the event log")


SUPERVISOR = Family(KEYS, DEFAULT_CONFIG, ENVIRONMENT_PREFIX, _relations, OBSERVER_PREFIX)


def _from_environment(family: Family, environ: Mapping[str, str], faults: list[str]) -> dict[str, _Given]:
    known = {family.variable(name): name for name in family.names}
    given: dict[str, _Given] = {}
    for variable in sorted(environ):
        if not variable.startswith(family.prefix) or variable == family.variable("config"):
            continue
        if family.reserved is not None and variable.startswith(family.reserved):
            continue
        if variable in known:
            given[known[variable]] = _Given(environ[variable], f"environment {variable}")
        else:
            from supervisor.core.nearest import did_you_mean

            faults.append(f"{variable} (environment): is not a known setting{did_you_mean(variable, tuple(known))}")
    return given


def _from_file(family: Family, path: str, required: bool, faults: list[str]) -> dict[str, _Given]:
    # Only a configuration file needs YAML: the small commands start without it.
    if not required and not os.path.lexists(path):
        return {}
    from supervisor.core.nearest import did_you_mean
    from supervisor.files.reading import read_text
    from supervisor.files.yamltree import Mapping as Tree
    from supervisor.files.yamltree import Scalar, parse

    try:
        root = parse(read_text(path, _CONFIG_LIMIT))
    except FileNotFoundError:
        faults.append(f"{path}: there is no such file")
        return {}
    except InputError as error:
        place = "".join(f":{part}" for part in (error.line, error.column) if part is not None)
        faults.append(f"{path}{place}: {error.message}")
        return {}
    if root is None:
        return {}
    if not isinstance(root, Tree):
        faults.append(f"{path}:{root.line}:{root.column}: must be a mapping of settings")
        return {}
    given: dict[str, _Given] = {}
    faults += [f"{entry.key.text} ({path}:{entry.key.line}): appears twice" for entry in root.duplicates]
    for name, entry in root.items():
        source = f"{path}:{entry.key.line}"
        if name not in family.names:
            faults.append(f"{name} ({source}): is not a known setting{did_you_mean(name, family.names)}")
        elif not isinstance(entry.value, Scalar) or entry.value.value is None:
            faults.append(f"{name} ({source}): must be one value")
        else:
            given[name] = _Given(entry.value.text, source)
    return given

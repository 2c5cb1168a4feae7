"""The options that several commands share, and how arguments are read and explained."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

from supervisor.cli.exits import USAGE
from supervisor.cli.output import columns, complain, write
from supervisor.errors import SupervisorError
from supervisor.files.settings import SUPERVISOR, Family, Settings, absolute, load_settings

PATHS = ("inventory", "world", "event_log", "checkpoint")
"""The settings that are paths, and may be relative to the working directory."""


class Formatter(argparse.HelpFormatter):
    """Help as wide as the terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=columns() - 2)


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line, with the exit code of wrong usage."""

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse takes standard error where standard output is closed, and keeps quiet of what it cannot print.
        if file is sys.stdout:
            write(message)
        else:
            complain(message.splitlines())

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def add_settings(parser: Parser, family: Family = SUPERVISOR) -> None:
    """Each setting as a flag, and ``--config``."""
    group = parser.add_argument_group("settings")
    group.add_argument("--config", metavar="FILE", help=f"settings file (default {family.default_config})")
    for key in family.keys:
        help_ = f"{key.help} (default {key.default})".replace("%", "%%")
        group.add_argument(key.flag, dest=f"set_{key.name}", metavar="X", help=help_)


def add_output(parser: Parser) -> None:
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="for people or for programs")


def add_at(parser: Parser, implies: str = "") -> None:
    help_ = f"judge as of this RFC 3339 time instead of now{implies}"
    parser.add_argument("--at", metavar="TIME", type=_time, help=help_)


def flags(options: argparse.Namespace, family: Family) -> dict[str, str]:
    """The settings that were given as flags, by name."""
    return {key.name: value for key in family.keys if (value := getattr(options, f"set_{key.name}")) is not None}


def settings_of(options: argparse.Namespace, *used: str, folder: str | None = None) -> Settings:
    """The supervisor's settings, with absolute paths from ``folder`` on (default: the working directory).

    ConfigError as ``load_settings``. ``used`` are the paths that the command goes by, of PATHS; SupervisorError when
    one of them is relative to a working directory that was deleted.
    """
    given = flags(options, SUPERVISOR)
    try:
        settings = load_settings(given, os.environ, options.config)
    except FileNotFoundError:
        # Settings compare the two outputs; where both are relative, they need to know to what.
        require_place({name: given.get(name, ".") for name in used})
        raise
    require_place({name: getattr(settings, name) for name in used})
    # Where the working directory was deleted, only what is not used is still relative.
    with suppress(FileNotFoundError):
        return absolute(settings, folder or os.getcwd())
    return settings


def require_place(paths: Mapping[str, str]) -> None:
    """SupervisorError when one of these paths, by their names, is relative to a working directory that was deleted."""
    relative = [name for name, path in paths.items() if not os.path.isabs(path)]
    if not relative:
        return
    try:
        os.getcwd()
    except FileNotFoundError:
        named = " and ".join(f"{name} {paths[name]!r}" for name in relative)
        which = (
            "is relative to it; give an absolute path"
            if len(relative) == 1
            else "are relative to it; give absolute paths"
        )
        raise SupervisorError(f"cannot go on: the working directory has been deleted, and {named} {which}") from None


def _time(text: str) -> int:
    from supervisor.core.instant import parse_instant

    try:
        return parse_instant(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def duration(text: str) -> int:
    """A duration as an argument, in nanoseconds."""
    from supervisor.core.instant import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None

"""The options that several commands share, and how arguments are read and explained."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress
from functools import cache
from typing import NoReturn

from supervisor.cli.exits import USAGE
from supervisor.files.settings import SUPERVISOR, Family, Settings, load_settings


class Formatter(argparse.HelpFormatter):
    """Help as wide as the terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=_columns() - 2)


@cache
def _columns() -> int:
    """The width of the terminal. argparse asks shutil, whose import takes a tenth of what a small command takes."""
    columns = 0
    with suppress(KeyError, ValueError):
        columns = int(os.environ["COLUMNS"])
    if columns <= 0:
        with suppress(OSError):
            columns = os.get_terminal_size(1).columns
    # Serial lines and new terminals have a size of none.
    return columns if columns > 0 else 80


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line, with the exit code of wrong usage."""

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


def add_at(parser: Parser) -> None:
    parser.add_argument("--at", metavar="TIME", type=_time, help="judge as of this RFC 3339 time instead of now")


def flags(options: argparse.Namespace, family: Family) -> dict[str, str]:
    """The settings that were given as flags, by name."""
    return {key.name: value for key in family.keys if (value := getattr(options, f"set_{key.name}")) is not None}


def settings_of(options: argparse.Namespace) -> Settings:
    """The supervisor's settings. ConfigError as ``load_settings``."""
    return load_settings(flags(options, SUPERVISOR), os.environ, options.config)


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

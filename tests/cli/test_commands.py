"""A command is one file, and its name in one line."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import supervisor.cli.commands
from supervisor.cli.commands import COMMANDS
from supervisor.cli.options import Parser


def test_every_file_of_the_package_is_a_command_and_the_other_way_round() -> None:
    files = Path(supervisor.cli.commands.__file__).parent.glob("*.py")
    assert {path.stem for path in files} - {"__init__"} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_its_help_its_options_and_what_it_does(name: str) -> None:
    command = import_module(f"supervisor.cli.commands.{name}")
    parser = Parser(prog=name)
    command.add_options(parser)
    assert "--config" in parser.format_help()
    assert command.HELP.strip(". ") == command.HELP
    assert callable(command.run)
    assert type(command.PRINTS) is bool

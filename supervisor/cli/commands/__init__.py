"""One file for each command: its help, its options, and what it does.

A module imports what its command needs when the command runs, so that ``--help`` and ``status`` start at once. A new
command is a new file and its name in the line below.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from supervisor.cli.options import Parser

COMMANDS = ("run", "observe", "reconcile", "check", "status", "events", "explain", "inventory", "schema")
"""The modules of this package, in the order of ``--help``."""


class Command(Protocol):
    """What each module has: a line of help, the operands as the usage shows them, its options, and the command.

    ``PRINTS``: it is for what it writes to standard output, and does nothing when that is closed.
    """

    HELP: str
    OPERANDS: str
    PRINTS: bool

    def add_options(self, parser: Parser) -> None:
        """Fill the parser."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it; the exit code. SupervisorError for what the user should read."""

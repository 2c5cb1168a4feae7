"""``status``: the summary and what is open, from the checkpoint."""

from __future__ import annotations

import argparse
import sys

from supervisor.cli.exits import DONE
from supervisor.cli.options import Parser, add_output, add_settings, settings_of
from supervisor.cli.output import write_json, write_lines
from supervisor.errors import SupervisorError

HELP = "the summary and what is open, from the checkpoint"
OPERANDS = ""
PRINTS = True


def add_options(parser: Parser) -> None:
    add_output(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options, "checkpoint")
    from supervisor.files import checkpoint
    from supervisor.show import terminal

    saved = checkpoint.view(settings.checkpoint)
    if saved is None:
        raise SupervisorError(
            f"cannot tell the status: there is no checkpoint {settings.checkpoint}; is the supervisor running?"
        )
    if options.output == "json":
        write_json(terminal.status_json(saved))
    else:
        write_lines(terminal.status(saved, terminal.Style.of(sys.stdout)))
    return DONE

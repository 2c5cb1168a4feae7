"""``status``: the summary and what is open, from the checkpoint."""

from __future__ import annotations

import argparse

from supervisor.cli.exits import DONE, FAILED
from supervisor.cli.options import Parser, add_output, add_settings, settings_of
from supervisor.cli.output import style, write_json, write_lines
from supervisor.errors import SupervisorError

HELP = "the summary, what is open, and how old that is"
OPERANDS = ""
PRINTS = True


def add_options(parser: Parser) -> None:
    add_output(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options, "checkpoint")
    from supervisor.files import checkpoint
    from supervisor.files.liveness import last_pass
    from supervisor.process.clock import Clock
    from supervisor.show import terminal
    from supervisor.show.moments import Here

    # Before the checkpoint: a pass that ends in between then seems older than it is, and never the other way round.
    passed = last_pass(settings.checkpoint)
    saved = checkpoint.view(settings.checkpoint)
    if saved is None:
        raise SupervisorError(f"no checkpoint at {settings.checkpoint}: has the supervisor ever run?")
    clock = Clock()
    interval = saved.resync_interval or settings.resync_interval
    doubt = passed.doubt(saved.watch, clock.now(), interval)
    if options.output == "json":
        write_json(terminal.status_json(saved, passed, doubt))
    else:
        here = Here(clock.now(), clock.offset)
        write_lines(terminal.status_lines(saved, passed, doubt, here, interval, style()))
    return DONE if doubt is None else FAILED

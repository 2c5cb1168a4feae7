"""``run``: the daemon."""

from __future__ import annotations

import argparse

from supervisor.cli.options import PATHS, Parser, add_settings, settings_of

HELP = "the daemon, in the foreground; what the systemd unit starts"
OPERANDS = ""
PRINTS = False


def add_options(parser: Parser) -> None:
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    from supervisor.process import signals

    # Before anything heavy is imported: a SIGHUP that nobody waits for would end the process.
    signals.block()
    settings = settings_of(options, *PATHS)
    from supervisor.supervise.app import run as supervise

    return supervise(settings, lambda: settings_of(options, *PATHS))

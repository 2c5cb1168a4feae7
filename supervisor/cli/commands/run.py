"""``run``: the daemon."""

from __future__ import annotations

import argparse
import os

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

    # The folder of the start by its name, also after another folder took its place.
    folder = os.path.dirname(os.path.abspath("x"))
    return supervise(settings, lambda: settings_of(options, *PATHS, folder=folder))

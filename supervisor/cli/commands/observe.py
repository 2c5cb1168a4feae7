"""``observe``: the observer, which writes what runs on this machine into the world folder."""

from __future__ import annotations

import argparse
import os

from supervisor.cli.exits import DONE
from supervisor.cli.options import Parser, add_settings, flags, require_place

HELP = "write what runs on this machine into the world folder"
OPERANDS = ""
PRINTS = False


def add_options(parser: Parser) -> None:
    from supervisor.observe.settings import OBSERVER

    parser.add_argument("--once", action="store_true", help="run once and exit, for cron")
    add_settings(parser, OBSERVER)


def run(options: argparse.Namespace) -> int:
    from supervisor.process import signals

    if not options.once:
        signals.block()
    from supervisor.observe.settings import OBSERVER, load_observer_settings

    settings = load_observer_settings(flags(options, OBSERVER), os.environ, options.config)
    require_place({"inventory": settings.inventory, "world": settings.world})
    from supervisor.observe import service

    if options.once:
        service.look_once(settings)
    else:
        service.run(settings)
    return DONE

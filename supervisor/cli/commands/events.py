"""``events``: our lines of the log, those that are there and, on demand, those that come."""

from __future__ import annotations

import argparse
import sys

from supervisor.cli.exits import DONE
from supervisor.cli.options import Parser, add_output, add_settings, duration, settings_of
from supervisor.cli.output import write_lines

HELP = "our events in the log"
OPERANDS = ""
PRINTS = True

TYPES = (
    "reconcile_required",
    "reconcile_recommended",
    "reconcile_blocked",
    "reconcile_resolved",
    "summary_changed",
)
"""EventType's words; to import the model would slow every ``--help`` down."""


def add_options(parser: Parser) -> None:
    parser.add_argument("--follow", action="store_true", help="go on as they come")
    parser.add_argument("--since", metavar="DURATION", type=duration, help="only those younger than 30m, 4h, 1d …")
    parser.add_argument("--type", metavar="T", choices=TYPES, help="only of this type")
    parser.add_argument("--subject", metavar="S", help="only of this subject, such as service:nas/traefik")
    add_output(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options, "event_log")
    from supervisor.process.follow import follow
    from supervisor.show import terminal

    style = terminal.Style.of(sys.stdout)
    as_json = options.output == "json"
    for events in follow(settings.event_log, options.follow, options.since, options.type, options.subject):
        write_lines([terminal.event_json(event) if as_json else terminal.event(event, style) for event in events])
    return DONE

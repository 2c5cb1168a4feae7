"""``check``: settings, inventory and world, each problem with its place."""

from __future__ import annotations

import argparse

from supervisor.cli.exits import DONE, FAILED
from supervisor.cli.options import Parser, add_output, add_settings, settings_of
from supervisor.cli.output import complain, write_json, write_lines

HELP = "check settings, inventory and world; exit 1 on an error"
OPERANDS = ""
PRINTS = True


def add_options(parser: Parser) -> None:
    parser.add_argument("--strict", action="store_true", help="exit 1 on a warning too")
    add_output(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options, "inventory", "world")
    from supervisor.process import collector

    # What is imported and read stays to the end of the command; the collector need not look through it, also at exit.
    with collector.setting_aside():
        from supervisor.core.model.problems import Level
        from supervisor.passes.check import check
        from supervisor.process.clock import Clock

        clock = Clock()
        problems, closing = check(settings, clock.now(), clock.settle)
    if options.output == "json":
        from supervisor.core.announce.report import problem_json

        write_json({"version": 1, "problems": [problem_json(problem) for problem in problems]})
    else:
        write_lines([str(problem) for problem in problems])
        complain(closing)
    wrong = any(problem.level is Level.ERROR or options.strict for problem in problems)
    return FAILED if wrong else DONE

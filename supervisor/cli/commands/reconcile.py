"""``reconcile``: one pass now."""

from __future__ import annotations

import argparse

from supervisor.cli.exits import DEGRADED, DONE, UNSTABLE
from supervisor.cli.judging import judge_at
from supervisor.cli.options import PATHS, Parser, add_at, add_output, add_settings, settings_of
from supervisor.cli.output import complain, style, write_json, write_lines

HELP = "one pass now"
OPERANDS = ""
PRINTS = True


def add_options(parser: Parser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only report: append nothing, keep no checkpoint")
    add_at(parser, "; implies --dry-run")
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit 0 nominal, 2 degraded, 3 unstable")
    add_output(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options, *PATHS)
    from supervisor.core.announce.report import report_json
    from supervisor.core.model.findings import Summary

    if options.dry_run or options.at is not None:
        judgement = judge_at(settings, options.at)
    else:
        from supervisor.passes.caller import Caller
        from supervisor.passes.recorder import Recorder

        Caller.current().refuse_outputs(settings)
        with Recorder(settings) as recorder:
            judgement = judge_at(settings, options.at)
            try:
                recorder.record(judgement, judgement.picture.now, settings.repeat_interval, None)
            finally:
                complain([f"runtime-supervisor: {notice}" for notice in recorder.take_notices()])
    report = judgement.report
    if options.output == "json":
        write_json(report_json(report))
    else:
        from supervisor.show import terminal

        write_lines(terminal.report_lines(report, style()))
    if not options.detailed_exitcode:
        return DONE
    return {Summary.NOMINAL: DONE, Summary.DEGRADED: DEGRADED, Summary.UNSTABLE: UNSTABLE}[report.summary]

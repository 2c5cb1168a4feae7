"""``events``: our lines of the log, those that are there and, on demand, those that come."""

from __future__ import annotations

import argparse

from supervisor.cli.exits import DONE
from supervisor.cli.options import Parser, add_output, add_settings, duration, settings_of
from supervisor.cli.output import complain, style, write_lines
from supervisor.errors import SupervisorError

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
    parser.add_argument("--follow", action="store_true", help="keep following")
    parser.add_argument("--since", metavar="DURATION", type=duration, help="only newer than 30m, 4h, 1d …")
    parser.add_argument("--type", metavar="T", choices=TYPES, help="only of this type")
    parser.add_argument("--subject", metavar="S", help="only of this subject, such as nas/traefik")
    add_output(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options, "event_log")
    from supervisor.process.clock import Clock
    from supervisor.process.follow import follow
    from supervisor.show import terminal
    from supervisor.show.moments import Here

    subject = None if options.subject is None else _subject(settings.event_log, options.subject, options.follow)
    clock, how = Clock(), style()
    shown = False
    for events in follow(settings.event_log, options.follow, options.since, options.type, subject):
        if options.output == "json":
            lines = [terminal.event_json(event) for event in events]
        else:
            here = Here(clock.now(), clock.offset)
            lines = [line for event in events for line in terminal.event_lines(event, here, how)]
        write_lines(lines)
        shown = True
    if not shown:
        complain(["no events"])
    return DONE


def _subject(path: str, text: str, follow: bool) -> str:
    """The subject of the log that a text means; what is written in full may be yet to come."""
    from supervisor.core.judge.lookup import look_up, near_subject
    from supervisor.core.model.subjects import parse_subject
    from supervisor.core.text import quoted
    from supervisor.process.follow import follow as read
    from supervisor.show.sentence import ambiguous_sentence

    fingerprints: dict[str, str] = {}
    subjects: set[str] = set()
    for events in read(path, False, None, None, None):
        subjects |= {event["subject"] for event in events}
        fingerprints |= {str(event["data"].get("fingerprint")): event["subject"] for event in events}
    meant = look_up(text, subjects, fingerprints, subjects.__contains__)
    if len(meant) > 1:
        raise SupervisorError(f"cannot tell what {quoted(text)} means: {ambiguous_sentence(meant)}")
    if meant:
        return meant[0]
    if parse_subject(text) is None and follow:
        raise SupervisorError(f"cannot follow {quoted(text)}: no event is about it{near_subject(text, subjects)}")
    hint = near_subject(text, subjects)
    if hint:
        complain([f"no event is about {quoted(text)}{hint}"])
    return text

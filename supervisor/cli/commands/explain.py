"""``explain``: for one subject each row of the table with its verdict, and the facts at file:line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from supervisor.cli.exits import DONE, FAILED
from supervisor.cli.judging import complain_of_inputs, judge_at
from supervisor.cli.options import Parser, add_at, add_output, add_settings, settings_of
from supervisor.cli.output import write_json, write_lines
from supervisor.errors import SupervisorError

if TYPE_CHECKING:
    from supervisor.core.model.subjects import Subject
    from supervisor.files.settings import Settings

HELP = "why, and why not: every row of the table for one subject"
OPERANDS = "SUBJECT|FINGERPRINT"
PRINTS = True


def add_options(parser: Parser) -> None:
    parser.add_argument("subject", metavar=OPERANDS, help="such as node:nas, service:nas/traefik, nas/traefik")
    add_at(parser)
    add_output(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options, "inventory", "world")
    from supervisor.core.judge.explain import explain
    from supervisor.core.judge.lookup import look_up_in, near_subject, subjects_of
    from supervisor.core.model.subjects import parse_subject
    from supervisor.core.text import quoted
    from supervisor.show import terminal
    from supervisor.show.sentence import ambiguous_sentence

    judgement = judge_at(settings, options.at)
    meant = look_up_in(judgement, options.subject)
    if len(meant) > 1:
        raise SupervisorError(f"cannot explain {quoted(options.subject)}: {ambiguous_sentence(meant)}")
    subject = parse_subject(meant[0]) if meant else _open_subject(options.subject, settings)
    explanation = None if subject is None else explain(judgement, subject)
    if explanation is None:
        unusable = complain_of_inputs(judgement.problems)
        hint = near_subject(options.subject, subjects_of(judgement))
        doubt = "; not every input can be read" if unusable else ""
        raise SupervisorError(f"unknown subject {quoted(options.subject)}{doubt}{hint}")
    if options.output == "json":
        write_json(terminal.explanation_json(explanation))
    else:
        write_lines(terminal.explanation_lines(explanation))
    return FAILED if complain_of_inputs(judgement.problems) else DONE


def _open_subject(fingerprint: str, settings: Settings) -> Subject | None:
    """The subject of a recommendation that is still open though it is not judged at present."""
    from supervisor.core.model.subjects import parse_subject
    from supervisor.files import checkpoint

    try:
        saved = checkpoint.view(settings.checkpoint)
    except SupervisorError:
        return None
    entry = saved.ledger.open.get(fingerprint) if saved is not None else None
    return parse_subject(entry.subject) if entry is not None else None

"""``explain``: for one subject each row of the table with its verdict, and the facts at file:line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from supervisor.cli.exits import DONE
from supervisor.cli.judging import judge_at
from supervisor.cli.options import Parser, add_at, add_settings, settings_of
from supervisor.cli.output import write_lines
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
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options, "inventory", "world")
    from supervisor.core.judge.explain import explain
    from supervisor.show import terminal

    judgement = judge_at(settings, options.at)
    subject = terminal.find_subject(options.subject, judgement) or _open_subject(options.subject, settings)
    explanation = None if subject is None else explain(judgement, subject)
    if explanation is None:
        hint = terminal.near_subject(options.subject, judgement)
        raise SupervisorError(f"cannot explain {options.subject!r}: neither the inventory nor the world knows it{hint}")
    write_lines(terminal.explanation(explanation))
    return DONE


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

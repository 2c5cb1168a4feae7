"""``schema``: the JSON Schema of a format."""

from __future__ import annotations

import argparse

from supervisor.cli.exits import DONE
from supervisor.cli.options import Parser, add_settings
from supervisor.cli.output import write

HELP = "print the JSON Schema (draft-07) of a format"
OPERANDS = "FORMAT"
PRINTS = True
SCHEMAS = ("inventory", "world", "event", "checkpoint", "settings", "report")


def add_options(parser: Parser) -> None:
    parser.add_argument("format", metavar=OPERANDS, choices=SCHEMAS, help=", ".join(SCHEMAS))
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    import json

    from supervisor.files.schemas import load_schema

    write(json.dumps(load_schema(options.format), indent=2) + "\n")
    return DONE

"""``schema``: the JSON Schema of a format."""

from __future__ import annotations

import argparse
import sys

from supervisor.cli.exits import DONE
from supervisor.cli.options import Parser, add_settings

HELP = "print the JSON Schema (draft-07) of a format"
OPERANDS = "FORMAT"
SCHEMAS = ("inventory", "world", "event", "checkpoint", "settings", "report")


def add_options(parser: Parser) -> None:
    parser.add_argument("format", metavar=OPERANDS, choices=SCHEMAS, help=", ".join(SCHEMAS))
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    from importlib.resources import files

    sys.stdout.write(files("supervisor").joinpath("schemas", f"{options.format}.json").read_text("utf-8"))
    return DONE

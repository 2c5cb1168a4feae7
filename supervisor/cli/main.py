"""One command from its arguments to its exit code; the one place that says what went wrong."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, cast

from supervisor import __version__
from supervisor.cli.commands import COMMANDS
from supervisor.cli.exits import FAILED, INTERRUPTED, LOCKED, SETTINGS
from supervisor.cli.options import Formatter, Parser
from supervisor.errors import ConfigError, LockedError, SupervisorError

if TYPE_CHECKING:
    from supervisor.cli.commands import Command


def entry() -> None:
    """The command ``runtime-supervisor``."""
    # The same bytes whatever the locale says.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser(given).parse_args(given)
    try:
        code = int(options.command(options))
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except ConfigError as error:
        return _fail(error, SETTINGS)
    except LockedError as error:
        return _fail(error, LOCKED)
    except SupervisorError as error:
        return _fail(error, FAILED)
    except OSError as error:
        # Keep the interpreter from complaining of the same at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            print(f"runtime-supervisor: cannot write the output: {error.strerror or error}", file=sys.stderr)
        return FAILED
    except MemoryError:
        print("runtime-supervisor: cannot go on: there is not enough memory", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _fail(error: SupervisorError, code: int) -> int:
    for line in str(error).splitlines():
        print(f"runtime-supervisor: {line}", file=sys.stderr)
    return code


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = Parser(
        prog="runtime-supervisor",
        usage="%(prog)s [--version] COMMAND [options]",
        formatter_class=Formatter,
        description="Detects drift between an inventory and the observed world, and recommends; it changes nothing.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"runtime-supervisor {__version__}")
    subs = parser.add_subparsers(
        prog=parser.prog, title="commands", metavar="COMMAND ...", required=True, parser_class=Parser
    )
    # When it is clear which command is meant, nobody sees the others; to import them takes longer than some commands.
    meant = arguments[0] if arguments and arguments[0] in COMMANDS else None
    for name in COMMANDS if meant is None else [meant]:
        command = cast("Command", import_module(f"supervisor.cli.commands.{name}"))
        sub = subs.add_parser(
            name,
            help=command.HELP,
            description=command.HELP,
            prog=f"runtime-supervisor {name}",
            usage=f"%(prog)s [options]{command.OPERANDS and ' '}{command.OPERANDS}",
            allow_abbrev=False,
            formatter_class=Formatter,
        )
        sub.set_defaults(command=command.run)
        if meant is not None:
            command.add_options(sub)
    return parser

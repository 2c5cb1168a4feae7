"""One command from its arguments to its exit code; the one place that says what went wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, cast

from supervisor import __version__
from supervisor.cli.commands import COMMANDS
from supervisor.cli.exits import FAILED, INTERRUPTED, LOCKED, NOT_PERMITTED, SETTINGS, USAGE
from supervisor.cli.options import Formatter, Parser
from supervisor.cli.output import StandardOutputError, complain, prepare_streams, require_output
from supervisor.errors import ConfigError, LockedError, NotPermittedError, SupervisorError

if TYPE_CHECKING:
    from supervisor.cli.commands import Command


def entry() -> None:
    """The command ``runtime-supervisor``."""
    prepare_streams()
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        parser = _parser(given)
        if not given:
            complain(parser.format_help().splitlines())
            return USAGE
        options = parser.parse_args(given)
        if options.prints:
            require_output()
        return int(options.command(options))
    except ConfigError as error:
        return _fail(error, SETTINGS)
    except NotPermittedError as error:
        return _fail(error, NOT_PERMITTED)
    except LockedError as error:
        return _fail(error, LOCKED)
    except StandardOutputError as error:
        return FAILED if error.unread else _fail(error, FAILED)
    except SupervisorError as error:
        return _fail(error, FAILED)
    except OSError as error:
        return _fail(SupervisorError(f"cannot go on: {error}"), FAILED)
    except MemoryError:
        return _fail(SupervisorError("cannot go on: there is not enough memory"), FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


def _fail(error: SupervisorError, code: int) -> int:
    complain([f"runtime-supervisor: {line}" for line in str(error).splitlines()])
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
        sub.set_defaults(command=command.run, prints=command.PRINTS)
        if meant is not None:
            command.add_options(sub)
    return parser

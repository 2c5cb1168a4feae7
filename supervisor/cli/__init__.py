"""The commands: arguments in, output and exit codes out; no logic of its own.

Each command imports what it needs when it runs, so that ``--help`` and ``status`` start at once.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from supervisor import __version__
from supervisor.errors import ConfigError, LockedError, SupervisorError
from supervisor.files.settings import SUPERVISOR, Family, Settings, load_settings

if TYPE_CHECKING:
    from supervisor.core.judge.reconcile import Judgement
    from supervisor.core.model.subjects import Subject

DONE, FAILED, DEGRADED, UNSTABLE, USAGE, LOCKED, SETTINGS = 0, 1, 2, 3, 64, 75, 78
"""Exit codes."""

SCHEMAS = ("inventory", "world", "event", "checkpoint", "settings", "report")


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=_columns() - 2)


@cache
def _columns() -> int:
    """The width of the terminal. argparse asks shutil, whose import takes a tenth of what a small command takes."""
    columns = 0
    with suppress(KeyError, ValueError):
        columns = int(os.environ["COLUMNS"])
    if columns <= 0:
        with suppress(OSError):
            columns = os.get_terminal_size(1).columns
    # Serial lines and new terminals have a size of none.
    return columns if columns > 0 else 80


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


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
        return 130


def _fail(error: SupervisorError, code: int) -> int:
    for line in str(error).splitlines():
        print(f"runtime-supervisor: {line}", file=sys.stderr)
    return code


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="runtime-supervisor",
        usage="%(prog)s [--version] COMMAND [options]",
        formatter_class=_Formatter,
        description="Detects drift between an inventory and the observed world, and recommends; it changes nothing.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"runtime-supervisor {__version__}")
    subs = parser.add_subparsers(
        prog=parser.prog, title="commands", metavar="COMMAND ...", required=True, parser_class=_Parser
    )
    # When it is clear which one is meant, nobody sees the others, and making them takes longer than some commands.
    meant = arguments[0] if arguments and arguments[0] in _COMMANDS else None
    for name, command in _COMMANDS.items() if meant is None else [(meant, _COMMANDS[meant])]:
        sub = subs.add_parser(
            name,
            help=command.help,
            description=command.help,
            prog=f"runtime-supervisor {name}",
            usage=f"%(prog)s [options]{command.rest}",
            allow_abbrev=False,
            formatter_class=_Formatter,
        )
        sub.set_defaults(command=command.run)
        if meant is not None:
            command.fill(sub)
    return parser


def _options_of_all(sub: _Parser) -> None:
    _add_settings(sub, SUPERVISOR)


def _options_of_observe(sub: _Parser) -> None:
    from supervisor.observe.settings import OBSERVER

    sub.add_argument("--once", action="store_true", help="look once and end, for cron")
    _add_settings(sub, OBSERVER)


def _options_of_reconcile(sub: _Parser) -> None:
    sub.add_argument("--dry-run", action="store_true", help="only report: append nothing, keep no checkpoint")
    sub.add_argument("--at", metavar="TIME", type=_time, help="judge as of this RFC 3339 time instead of now")
    sub.add_argument("--detailed-exitcode", action="store_true", help="exit 0 nominal, 2 degraded, 3 unstable")
    _add_output(sub)
    _options_of_all(sub)


def _options_of_check(sub: _Parser) -> None:
    sub.add_argument("--strict", action="store_true", help="exit 1 on a warning too")
    _add_output(sub)
    _options_of_all(sub)


def _options_of_status(sub: _Parser) -> None:
    _add_output(sub)
    _options_of_all(sub)


def _options_of_events(sub: _Parser) -> None:
    sub.add_argument("--follow", action="store_true", help="go on as they come")
    sub.add_argument("--since", metavar="DURATION", type=_duration, help="only those younger than 30m, 4h, 1d …")
    sub.add_argument("--type", metavar="T", choices=_event_types(), help="only of this type")
    sub.add_argument("--subject", metavar="S", help="only of this subject, such as service:nas/traefik")
    _add_output(sub)
    _options_of_all(sub)


def _options_of_explain(sub: _Parser) -> None:
    sub.add_argument(
        "subject", metavar="SUBJECT|FINGERPRINT", help="such as node:nas, service:nas/traefik, nas/traefik"
    )
    sub.add_argument("--at", metavar="TIME", type=_time, help="judge as of this RFC 3339 time instead of now")
    _options_of_all(sub)


def _options_of_inventory(sub: _Parser) -> None:
    sub.add_argument("what", metavar="init", choices=("init",), help="write HOSTS/NODE/services.yaml")
    sub.add_argument("--from-observed", metavar="NODE", help="from what the world reports of this node")
    sub.add_argument(
        "--from-compose",
        metavar="FILE",
        nargs="+",
        action="append",
        default=[],
        help="from the compose files of a project; again for another project",
    )
    sub.add_argument("--node", metavar="NODE", help="for this node (default: the observed one, or this machine)")
    sub.add_argument("--force", action="store_true", help="replace the file that is there")
    sub.add_argument("--dry-run", action="store_true", help="write to standard output only")
    _options_of_all(sub)


def _options_of_schema(sub: _Parser) -> None:
    sub.add_argument("format", metavar="FORMAT", choices=SCHEMAS, help=", ".join(SCHEMAS))
    _options_of_all(sub)


def _add_settings(sub: _Parser, family: Family) -> None:
    group = sub.add_argument_group("settings")
    group.add_argument("--config", metavar="FILE", help=f"settings file (default {family.default_config})")
    for key in family.keys:
        help_ = f"{key.help} (default {key.default})".replace("%", "%%")
        group.add_argument(key.flag, dest=f"set_{key.name}", metavar="X", help=help_)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="for people or for programs")


def _time(text: str) -> int:
    from supervisor.core.instant import parse_instant

    try:
        return parse_instant(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _duration(text: str) -> int:
    from supervisor.core.instant import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _event_types() -> tuple[str, ...]:
    # EventType's words; importing the model would slow every --help down.
    return (
        "reconcile_required",
        "reconcile_recommended",
        "reconcile_blocked",
        "reconcile_resolved",
        "summary_changed",
    )


def _flags(options: argparse.Namespace, family: Family) -> dict[str, str]:
    return {key.name: value for key in family.keys if (value := getattr(options, f"set_{key.name}")) is not None}


def _settings(options: argparse.Namespace) -> Settings:
    return load_settings(_flags(options, SUPERVISOR), os.environ, options.config)


def _judge(settings: Settings, at: int | None = None) -> Judgement:
    from supervisor.passes.read_and_judge import judge
    from supervisor.process.clock import Clock

    clock = Clock()
    return judge(settings, clock.now if at is None else at, clock.settle)


def _print_json(value: Any) -> None:
    from supervisor.core.text import json_text

    sys.stdout.write(json_text(value, indent=2) + "\n")


def _write(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


# --- commands ---------------------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    from supervisor.process import signals

    # Before anything heavy is imported: a SIGHUP that nobody waits for would end the process.
    signals.block()
    settings = _settings(options)
    from supervisor.supervise.app import run

    return run(settings, lambda: _settings(options))


def _observe(options: argparse.Namespace) -> int:
    from supervisor.process import signals

    if not options.once:
        signals.block()
    from supervisor.observe.settings import OBSERVER, load_observer_settings

    settings = load_observer_settings(_flags(options, OBSERVER), os.environ, options.config)
    from supervisor.observe.service import look_once, run

    if options.once:
        look_once(settings)
    else:
        run(settings)
    return DONE


def _reconcile(options: argparse.Namespace) -> int:
    settings = _settings(options)
    from supervisor.core.announce.report import report_json
    from supervisor.core.model.findings import Summary

    if options.dry_run:
        judgement = _judge(settings, options.at)
    else:
        from supervisor.passes.recorder import Recorder

        with Recorder(settings) as recorder:
            judgement = _judge(settings, options.at)
            try:
                recorder.record(judgement, judgement.picture.now, settings.repeat_interval, None)
            finally:
                for notice in recorder.take_notices():
                    print(f"runtime-supervisor: {notice}", file=sys.stderr)
    if options.output == "json":
        _print_json(report_json(judgement.report))
    else:
        from supervisor.show import terminal as views

        _write(views.report(judgement.report, views.Style.of(sys.stdout)))
    if not options.detailed_exitcode:
        return DONE
    return {Summary.NOMINAL: DONE, Summary.DEGRADED: DEGRADED, Summary.UNSTABLE: UNSTABLE}[judgement.report.summary]


def _check(options: argparse.Namespace) -> int:
    settings = _settings(options)
    from supervisor.core.announce.report import problem_json
    from supervisor.core.model.problems import Level
    from supervisor.core.state.graph import build_graph, problems_of
    from supervisor.files.inventory.load import load_inventory
    from supervisor.files.world.load import load_world
    from supervisor.process.clock import Clock

    settle = Clock().settle
    desired = load_inventory(settings.inventory, settings.max_input_bytes, settle)
    actual = load_world(settings.world, settings.max_input_bytes, settle)
    problems = problems_of((*desired.problems, *actual.problems), build_graph(desired.value))
    if options.output == "json":
        _print_json({"version": 1, "problems": [problem_json(one) for one in problems]})
    else:
        _write([str(one) for one in problems])
        if not problems:
            nodes, documents = len(desired.value.nodes), len(actual.value.readings)
            print(f"no problems: {nodes} nodes, {documents} world documents", file=sys.stderr)
    wrong = any(one.level is Level.ERROR or options.strict for one in problems)
    return FAILED if wrong else DONE


def _status(options: argparse.Namespace) -> int:
    settings = _settings(options)
    from supervisor.files import checkpoint
    from supervisor.show import terminal as views

    saved = checkpoint.view(settings.checkpoint)
    if saved is None:
        raise SupervisorError(
            f"cannot tell the status: there is no checkpoint {settings.checkpoint}; is the supervisor running?"
        )
    if options.output == "json":
        _print_json(views.status_json(saved))
    else:
        _write(views.status(saved, views.Style.of(sys.stdout)))
    return DONE


def _events(options: argparse.Namespace) -> int:
    settings = _settings(options)
    from supervisor.process.follow import follow
    from supervisor.show import terminal as views

    style = views.Style.of(sys.stdout)
    for events in follow(settings.event_log, options.follow, options.since, options.type, options.subject):
        _write([views.event_json(event) if options.output == "json" else views.event(event, style) for event in events])
    return DONE


def _explain(options: argparse.Namespace) -> int:
    settings = _settings(options)
    from supervisor.core.judge.explain import explain
    from supervisor.show import terminal as views

    judgement = _judge(settings, options.at)
    subject = views.find_subject(options.subject, judgement) or _open_subject(options.subject, settings)
    explanation = None if subject is None else explain(judgement, subject)
    if explanation is None:
        hint = views.near_subject(options.subject, judgement)
        raise SupervisorError(f"cannot explain {options.subject!r}: neither the inventory nor the world knows it{hint}")
    _write(views.explanation(explanation))
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


def _inventory(options: argparse.Namespace) -> int:
    settings = _settings(options)
    if not options.from_observed and not options.from_compose:
        print("runtime-supervisor inventory: give --from-observed, --from-compose, or both", file=sys.stderr)
        return USAGE
    import socket

    from supervisor.draft.compose import load_compose
    from supervisor.draft.write import draft_from_world, draft_text, join
    from supervisor.files.inventory.create import create
    from supervisor.files.world.load import load_world

    drafts, origins = [], []
    problems: list[str] = []
    for project in options.from_compose:
        loaded = load_compose(project, settings.max_input_bytes)
        problems += map(str, loaded.problems)
        drafts.append(loaded.value)
        origins += [os.path.basename(path) for path in project]
    if problems:
        _write_errors(problems)
        return FAILED
    if options.from_observed:
        drafts.append(
            draft_from_world(load_world(settings.world, settings.max_input_bytes).value, options.from_observed)
        )
        origins.append("what runs")
    draft = join(drafts)
    text = draft_text(draft, " and ".join(origins))
    if options.dry_run:
        sys.stdout.write(text)
        return DONE
    node = options.node or options.from_observed or socket.gethostname().partition(".")[0]
    path = create(settings.inventory, node, text, replace=options.force)
    _write_errors([f"note: {note}" for note in draft.notes])
    print(f"{path}: {len(draft.services)} services; look it over, then: runtime-supervisor check")
    return DONE


def _write_errors(lines: Sequence[str]) -> None:
    """One line each, whatever the files that they quote have in them."""
    from supervisor.core.text import printable

    for line in lines:
        print(printable(line), file=sys.stderr)


def _schema(options: argparse.Namespace) -> int:
    from importlib.resources import files

    sys.stdout.write(files("supervisor").joinpath("schemas", f"{options.format}.json").read_text("utf-8"))
    return DONE


class _Command(NamedTuple):
    run: Callable[[argparse.Namespace], int]
    help: str
    fill: Callable[[_Parser], None]
    rest: str = ""


_COMMANDS = {
    "run": _Command(_run, "the daemon, in the foreground; what the systemd unit starts", _options_of_all),
    "observe": _Command(_observe, "write what runs on this machine into the world folder", _options_of_observe),
    "reconcile": _Command(_reconcile, "one pass now", _options_of_reconcile),
    "check": _Command(_check, "check settings, inventory and world; exit 1 on an error", _options_of_check),
    "status": _Command(_status, "the summary and what is open, from the checkpoint", _options_of_status),
    "events": _Command(_events, "our events in the log", _options_of_events),
    "explain": _Command(
        _explain,
        "why, and why not: every row of the table for one subject",
        _options_of_explain,
        " SUBJECT|FINGERPRINT",
    ),
    "inventory": _Command(_inventory, "draft a first services.yaml", _options_of_inventory, " init"),
    "schema": _Command(_schema, "print the JSON Schema (draft-07) of a format", _options_of_schema, " FORMAT"),
}

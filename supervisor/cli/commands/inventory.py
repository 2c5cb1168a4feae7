"""``inventory init``: a first services.yaml, from what runs or from compose files."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from supervisor.cli.exits import DONE, FAILED, USAGE
from supervisor.cli.options import Parser, add_settings, settings_of
from supervisor.cli.output import complain, write

if TYPE_CHECKING:
    from supervisor.draft.services import Draft
    from supervisor.files.settings import Settings

HELP = "draft a first services.yaml"
OPERANDS = "init"
PRINTS = True


def add_options(parser: Parser) -> None:
    parser.add_argument("what", metavar="init", choices=("init",), help="write HOSTS/NODE/services.yaml")
    parser.add_argument("--from-observed", metavar="NODE", help="from what the world reports of this node")
    parser.add_argument(
        "--from-compose",
        metavar="FILE",
        nargs="+",
        action="append",
        default=[],
        help="from the compose files of a project; again for another project",
    )
    parser.add_argument("--node", metavar="NODE", help="for this node (default: the observed one, or this machine)")
    parser.add_argument("--force", action="store_true", help="replace the file that is there")
    parser.add_argument("--dry-run", action="store_true", help="write to standard output only")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options, "inventory", "world")
    if not options.from_observed and not options.from_compose:
        complain(["runtime-supervisor inventory: give --from-observed, --from-compose, or both"])
        return USAGE

    from supervisor.draft.services import join
    from supervisor.draft.write import draft_text
    from supervisor.files.inventory.create import create

    drafts, problems = _drafts(options, settings)
    if problems:
        complain(problems)
        return FAILED
    draft = join(drafts)
    origins = [os.path.basename(path) for project in options.from_compose for path in project]
    origins += ["what runs"] if options.from_observed else []
    text = draft_text(draft, " and ".join(origins))
    if options.dry_run:
        write(text)
        return DONE
    node = options.node or options.from_observed or os.uname().nodename.partition(".")[0]
    path = create(settings.inventory, node, text, replace=options.force)
    complain([f"note: {note}" for note in draft.notes])
    write(f"{path}: {len(draft.services)} services; look it over, then: runtime-supervisor check\n")
    return DONE


def _drafts(options: argparse.Namespace, settings: Settings) -> tuple[list[Draft], list[str]]:
    """A draft of each source, or the problems of the compose files."""
    from supervisor.draft.compose import load_compose
    from supervisor.draft.observed import draft_from_world
    from supervisor.files.world.load import load_world

    drafts: list[Draft] = []
    problems: list[str] = []
    for project in options.from_compose:
        loaded = load_compose(project, settings.max_input_bytes)
        problems += map(str, loaded.problems)
        drafts.append(loaded.value)
    if options.from_observed and not problems:
        world = load_world(settings.world, settings.max_input_bytes).value
        drafts.append(draft_from_world(world, options.from_observed))
    return drafts, problems

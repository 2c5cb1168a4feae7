"""``inventory init``: a first services.yaml, from what runs or from compose files."""

from __future__ import annotations

import argparse
import os

from supervisor.cli.exits import DONE, FAILED, USAGE
from supervisor.cli.options import Parser, add_settings, settings_of
from supervisor.cli.output import complain, write

HELP = "draft a first services.yaml"
OPERANDS = "init"
PRINTS = True


def add_options(parser: Parser) -> None:
    parser.add_argument("what", metavar="init", choices=("init",), help="write HOSTS/NODE/services.yaml")
    parser.add_argument("--from-observed", metavar="NODE", help="from what the world reports of this node")
    parser.add_argument(
        "--from-compose",
        metavar="FILE|FOLDER",
        nargs="+",
        action="append",
        default=[],
        help="from the compose files of a project, or its folder; - is standard input; again for another project",
    )
    parser.add_argument("--project", metavar="NAME", help="the compose project's name, as docker compose -p")
    parser.add_argument("--node", metavar="NODE", help="for this node (default: the observed one, or this machine)")
    parser.add_argument("--force", action="store_true", help="replace the file that is there")
    parser.add_argument("--dry-run", action="store_true", help="write to standard output only")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options, "inventory", "world")
    from supervisor.draft.gather import Sources, gather

    sources = Sources(options.from_compose, options.project, options.from_observed)
    if not sources:
        complain(["runtime-supervisor inventory: give --from-observed, --from-compose, or both"])
        return USAGE

    from supervisor.draft.write import draft_text
    from supervisor.files.inventory.create import create, refuse_node

    node = options.node if options.node is not None else options.from_observed
    node = node if node is not None else os.uname().nodename.partition(".")[0]
    refuse_node(node)
    gathered = gather(sources, settings.world, settings.max_input_bytes, os.environ)
    if gathered.problems:
        complain([str(problem) for problem in gathered.problems])
        return FAILED
    text = draft_text(gathered.draft, gathered.origin)
    if options.dry_run:
        write(text)
        return DONE
    path = create(settings.inventory, node, text, replace=options.force)
    complain([f"note: {note}" for note in gathered.draft.notes])
    write(f"{path}: {len(gathered.draft.services)} services; look it over, then: runtime-supervisor check\n")
    return DONE

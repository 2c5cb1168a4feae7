"""``inventory``: a first services.yaml from what there is (init), and what it has not (diff)."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from supervisor.cli.exits import DONE, FAILED, USAGE
from supervisor.cli.options import Parser, add_output, add_settings, settings_of
from supervisor.cli.output import complain, write, write_json, write_lines

if TYPE_CHECKING:
    from supervisor.draft.gather import Gathered, Sources
    from supervisor.files.settings import Settings

HELP = "draft a services.yaml from what there is, or tell what it has not"
OPERANDS = "init|diff"
PRINTS = True


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "what",
        metavar="init|diff",
        choices=("init", "diff"),
        help="init: write HOSTS/NODE/services.yaml; diff: what the sources have and it has not (exit 1)",
    )
    parser.add_argument("--from-observed", metavar="NODE", help="from what the world reports of this node")
    parser.add_argument(
        "--from-compose",
        metavar="FILE|FOLDER",
        nargs="+",
        action="append",
        default=[],
        help="from the compose files of a project, or its folder; - is standard input; again for another project",
    )
    parser.add_argument("--from-units", action="store_true", help="from the enabled systemd units of this machine")
    parser.add_argument("--project", metavar="NAME", help="the compose project's name, as docker compose -p")
    parser.add_argument("--node", metavar="NODE", help="for this node (default: the observed one, or this machine)")
    parser.add_argument("--add", action="store_true", help="init: append what is missing to the file that is there")
    parser.add_argument(
        "--force", action="store_true", help="init: replace the file that is there; keep services.yaml~"
    )
    parser.add_argument("--dry-run", action="store_true", help="init: write to standard output only")
    add_output(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options, "inventory", "world")
    from supervisor.draft.gather import Sources

    sources = Sources(options.from_compose, options.project, options.from_observed, options.from_units)
    if options.what == "diff":
        return _diff(options, sources, settings)
    if not sources:
        complain(["runtime-supervisor inventory: give --from-observed, --from-compose, --from-units, or several"])
        return USAGE
    if options.add and options.force:
        complain(["runtime-supervisor inventory: --add and --force contradict each other: append, or replace?"])
        return USAGE
    return _init(options, sources, settings)


def _init(options: argparse.Namespace, sources: Sources, settings: Settings) -> int:
    from supervisor.draft.write import draft_text
    from supervisor.files.inventory.create import create, services_path

    node = _node(options)
    path = services_path(settings.inventory, node)
    gathered = _gathered(sources, settings)
    if gathered is None:
        return FAILED
    if options.add and os.path.lexists(path):
        return _add(options, gathered, settings, node)
    text = draft_text(gathered.draft, gathered.origin)
    if options.dry_run:
        write(text)
        return DONE
    create(settings.inventory, node, text, replace=options.force, max_bytes=settings.max_input_bytes)
    complain([f"note: {note}" for note in gathered.draft.notes])
    write(f"{path}: {len(gathered.draft.services)} services; look it over, then: runtime-supervisor check\n")
    return DONE


def _add(options: argparse.Namespace, gathered: Gathered, settings: Settings, node: str) -> int:
    """Append to the file that is there what it has not."""
    from supervisor.draft.append import appended
    from supervisor.draft.compare import missing_services
    from supervisor.draft.services import Draft
    from supervisor.draft.write import draft_text
    from supervisor.files.inventory.create import rewrite, services_path
    from supervisor.files.inventory.load import load_inventory
    from supervisor.files.reading import read_text

    path = services_path(settings.inventory, node)
    missing = missing_services(
        gathered.draft, load_inventory(settings.inventory, settings.max_input_bytes).value.nodes.get(node)
    )
    if not missing:
        write(f"{path}: has everything already\n")
        return DONE
    if options.dry_run:
        write(draft_text(Draft(missing, gathered.draft.remarks), gathered.origin))
        return DONE
    rewrite(path, appended(read_text(path, settings.max_input_bytes), missing, gathered.origin))
    complain([f"note: {note}" for note in Draft(missing, gathered.draft.remarks).notes])
    write(f"{path}: {len(missing)} services added; look it over, then: runtime-supervisor check\n")
    return DONE


def _diff(options: argparse.Namespace, sources: Sources, settings: Settings) -> int:
    from supervisor.draft.compare import lack_json, lack_line, lacks
    from supervisor.draft.observed import drafts_of_world
    from supervisor.files.inventory.load import load_inventory
    from supervisor.files.world.load import load_world

    if sources:
        gathered = _gathered(sources, settings)
        if gathered is None:
            return FAILED
        drafts = {_node(options): gathered.draft}
    else:
        drafts = drafts_of_world(load_world(settings.world, settings.max_input_bytes).value, options.node)
    nodes = load_inventory(settings.inventory, settings.max_input_bytes).value.nodes
    broken = [node.file for name, node in sorted(nodes.items()) if name in drafts and not node.services_known]
    complain([f"runtime-supervisor: {file} cannot be used; what it lacks is not told: see check" for file in broken])
    lacking = [
        (node, lack)
        for node, draft in sorted(drafts.items())
        if node not in nodes or nodes[node].services_known
        for lack in lacks(draft, nodes.get(node))
    ]
    if options.output == "json":
        write_json({"version": 1, "lacking": [lack_json(node, lack) for node, lack in lacking]})
    else:
        write_lines([lack_line(node, lack) for node, lack in lacking])
    if options.output == "table" and not lacking and not broken:
        complain([f"the inventory has everything: {', '.join(sorted(drafts)) or 'no service is reported'}"])
    return FAILED if lacking or broken else DONE


def _gathered(sources: Sources, settings: Settings) -> Gathered | None:
    """The draft of the sources; None, and their problems said, where their files cannot be used."""
    from supervisor.draft.gather import gather

    gathered = gather(sources, settings.world, settings.max_input_bytes, os.environ)
    complain([str(problem) for problem in gathered.problems])
    return None if gathered.problems else gathered


def _node(options: argparse.Namespace) -> str:
    node = options.node if options.node is not None else options.from_observed
    return str(node) if node is not None else os.uname().nodename.partition(".")[0]

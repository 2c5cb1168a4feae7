"""The inventory folder: every ``<node>/services.yaml`` below it, as the desired state."""

from __future__ import annotations

import os
from collections.abc import Mapping

from supervisor.core.model.desired import Desired
from supervisor.core.model.problems import InvalidInput, Level, Problem
from supervisor.core.model.subjects import HOSTS
from supervisor.errors import InputError, UnreadableError
from supervisor.files.inventory.hints import files_beside_the_nodes
from supervisor.files.inventory.services_file import MISNAMED, NodePart, ServicesFile, closed_folder, parse_services
from supervisor.files.listings import Listing, Listings
from supervisor.files.loaded import Loaded
from supervisor.files.reading import Settle, Unread, printable_path, read_files, reason
from supervisor.files.trees import HOSTS_TREE, SERVICES_FILE

_FIRST_STEP = "mount it, or draft a first one: runtime-supervisor inventory init --from-compose FILE"


def load_inventory(folder: str, max_bytes: int, settle: Settle | None = None) -> Loaded[Desired]:
    """Read every node below ``folder``. Never raises for what it finds there: see ``problems``."""
    try:
        listing = Listings().of(folder)
    except OSError as error:
        return unusable_folder(without_folder(folder, error))
    files = services_files(listing)
    parts: dict[str, NodePart | None] = dict.fromkeys(files.values())
    for file, content in read_files(folder, dict.fromkeys(files, False), max_bytes, settle):
        node = files[file]
        if isinstance(content, Unread):
            parts[node] = node_without_file(folder, node, content)
        else:
            parts[node] = parse_services(node, content)
    loaded = inventory_of(folder, {node: part for node, part in parts.items() if part is not None})
    return loaded._replace(hints=(*loaded.hints, *files_beside_the_nodes(listing)))


def services_files(listing: Listing) -> dict[str, str]:
    """The files to be read below an inventory folder, with their nodes, in the order of the nodes."""
    names = sorted([item.name for item in listing.items if HOSTS_TREE.holds(item.name)], key=os.fsencode)
    return {f"{name}/{SERVICES_FILE}": name for name in names}


def node_without_file(folder: str, node: str, unread: Unread) -> NodePart | None:
    """What can be said of a node whose file cannot be read; None when it is not a node."""
    file = ServicesFile(node)
    inside = os.path.join(folder, node)
    if not unread.is_absent:
        try:
            os.stat(os.path.join(inside, "."))
        except NotADirectoryError:
            # A plain file beside the node folders.
            return None
        except OSError as closed:
            return closed_folder(node, f"cannot be looked into: {reason(closed)}")
        file.fail(UnreadableError(unread.fault))
    elif os.path.lexists(os.path.join(inside, SERVICES_FILE)):
        file.fail(InputError("is a symbolic link to nothing"))
    elif os.path.lexists(os.path.join(inside, MISNAMED)):
        file.warn_misnamed()
    else:
        return None
    return file.part()


def inventory_of(folder: str, parts: Mapping[str, NodePart]) -> Loaded[Desired]:
    """The parts of all nodes, in the order of their names, as an inventory."""
    problems = tuple(problem for part in parts.values() for problem in part.problems)
    hints = tuple(hint for part in parts.values() for hint in part.hints)
    nodes = {name: part.node for name, part in parts.items() if part.node is not None}
    invalid = tuple(part.invalid for part in parts.values() if part.invalid is not None)
    if not nodes and not invalid:
        place = printable_path(folder)
        unusable = unusable_folder(
            f"nothing is expected yet: the inventory folder {place} has no <node>/{SERVICES_FILE}; {_FIRST_STEP}"
        )
        return Loaded(unusable.value, (*problems, *unusable.problems), hints)
    return Loaded(Desired(nodes, invalid), problems, hints)


def without_folder(folder: str, error: OSError) -> str:
    """Why there is no inventory when its folder cannot be listed, and what to type where it was never made."""
    if isinstance(error, FileNotFoundError):
        return f"nothing is expected yet: there is no inventory folder {printable_path(folder)}; {_FIRST_STEP}"
    return f"the inventory folder {printable_path(folder)} cannot be read: {reason(error)}"


def unusable_folder(message: str) -> Loaded[Desired]:
    """No inventory at all."""
    fault = Problem("hosts/", None, None, Level.ERROR, message)
    return Loaded(Desired(folder=InvalidInput(HOSTS, (fault,))), (fault,))

"""The walk through the world folder: which documents there are, and which folders cannot be looked into."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count

from supervisor.files.file_cache import Listings
from supervisor.files.reading import reason
from supervisor.files.trees import MAX_DEPTH, SUFFIXES, ignored

_MAX_FOLLOWED = 1000
"""Folders that are looked into behind links, in all: links to one another multiply the ways."""

_Found = Iterator[tuple[str, str | None]]


class _TooManyError(Exception):
    """Links lead to more folders than are looked into."""


def documents(root: str, listings: Listings) -> _Found:
    """Relative paths of documents, and of folders that cannot be looked into with the reason; OSError for the root."""
    return _below(root, "", (), count(1), listings, linked=False)


def _below(
    root: str,
    below: str,
    above: tuple[tuple[int, int], ...],
    followed: Iterator[int],
    listings: Listings,
    *,
    linked: bool,
) -> _Found:
    """Those of one folder. ``followed`` counts the folders behind links; ``linked``: this is one, or below one."""
    if linked and next(followed) > _MAX_FOLLOWED:
        raise _TooManyError
    folder = os.path.join(root, below)
    for name, is_folder, is_link in listings.of(folder):
        is_named = name.endswith(SUFFIXES)
        # Where it cannot be told, looking into it says why, unless its name says that it is a document.
        if not (is_named or is_folder is not False) or ignored(name):
            continue
        relative = f"{below}{name}"
        if not (is_folder or (is_folder is None and not is_named)):
            yield relative, None
            continue
        try:
            status = os.stat(os.path.join(folder, name))
            identity = (status.st_dev, status.st_ino)
            if identity in above:
                continue
            if len(above) >= MAX_DEPTH:
                yield relative, f"is nested deeper than {MAX_DEPTH} folders"
                continue
            inner = _below(root, f"{relative}/", (*above, identity), followed, listings, linked=linked or is_link)
            # Of what is behind a link all is taken or nothing.
            yield from inner if linked or not is_link else list(inner)
        except _TooManyError:
            if linked:
                raise
            yield relative, f"leads to too many folders: behind links are more than {_MAX_FOLLOWED}"
        except FileNotFoundError:
            continue
        except OSError as error:
            yield relative, f"cannot be read: {reason(error)}"

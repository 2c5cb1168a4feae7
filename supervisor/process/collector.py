"""Python's collector of cycles, kept away from what is read and judged.

The collector looks through every object again and again while more are made, and stops everything meanwhile. A fleet is
some hundred thousand objects that live long, and none of them leads back to itself: counting references frees them, the
collector never finds anything. So it rests while they are made, and what is kept is set aside (``gc.freeze``), where it
does not look. An object that does lead back to itself, by a bug or a traceback, would stay there for ever; that is what
``Traces`` is for. Nothing else in the program touches the collector or weak references.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_rest() -> Iterator[None]:
    """No collection in here; afterwards the collector is as it was before."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def setting_aside() -> Iterator[None]:
    """At rest in here; what is there at the end is kept for long, and the collector will not look through it."""
    with at_rest():
        yield
        gc.freeze()


def collect() -> None:
    """Free what only the collector can free, before as much again is made."""
    gc.collect()


class Traces:
    """Tells of large objects whether they are still there once they were let go. It does not keep them."""

    def __init__(self, *objects: object) -> None:
        import weakref  # only a daemon needs it

        self._references = [weakref.ref(thing) for thing in objects if thing is not None]

    def remain(self) -> int:
        """How many of them are still there."""
        return sum(reference() is not None for reference in self._references)

    def give_back(self) -> None:
        """To be called when they were let go: what is still there is shown to the collector again.

        Only then, because to look through the whole program takes longer than a pass of a homelab.
        """
        if self.remain():
            gc.unfreeze()

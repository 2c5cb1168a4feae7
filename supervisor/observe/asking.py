"""All sources at once, each until its deadline: what they have, or why they do not say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from supervisor.core.instant import SECOND, Duration, Instant
from supervisor.core.model.desired import DesiredService
from supervisor.observe.deadline import Deadline
from supervisor.observe.document import Look
from supervisor.observe.hands import Hand, patiently
from supervisor.observe.sighting import Sighting
from supervisor.observe.sources.source import Source

_SLACK: Duration = SECOND
"""For what ends at its deadline and has not said so yet."""


class Asking:
    """Asks, and knows who of an earlier look still hangs. ``waiting`` is called again and again while others work."""

    def __init__(self, monotonic: Callable[[], int], waiting: Callable[[], None]) -> None:
        self._monotonic = monotonic
        self._waiting = waiting
        self._hands: dict[str, Hand[tuple[Sighting, ...]]] = {}

    def ask(
        self,
        sources: Sequence[Source],
        services: Mapping[str, DesiredService],
        timeout: Duration,
        silent: Collection[str],
        now: Instant,
    ) -> Look:
        """One look. Who has not answered in time, now or since an earlier look, has failed.

        A source that is away is asked again until its time is up, unless it is one of the ``silent``: those did not
        answer at the look before, and what is known of them can wait for the next look.
        """
        deadline = Deadline(timeout, self._monotonic)
        for source in sources:
            hand = self._hands.get(source.name)
            # What an earlier look has left hanging is not started twice; what it has brought since is too old.
            if hand is None or hand.over:
                look = partial(source.look, services, deadline)
                work = look if source.name in silent else partial(patiently, look, deadline)
                self._hands[source.name] = Hand(f"look at {source.name}", work)
        end = Deadline(deadline.left() + _SLACK, self._monotonic)
        sightings: list[Sighting] = []
        answered: set[str] = set()
        failed: dict[str, str] = {}
        for source in sources:
            hand = self._hands[source.name]
            if not hand.wait(end, self._waiting):
                failed[source.name] = "does not answer"
                continue
            del self._hands[source.name]
            if hand.failure is not None:
                failed[source.name] = hand.failure
            else:
                answered.add(source.name)
                sightings += hand.result
        return Look(now, tuple(sightings), frozenset(answered), failed)

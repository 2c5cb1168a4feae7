"""The collector rests, sets aside, and gets back what it alone can free."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from supervisor.process import collector


class Thing:
    """Large, as far as this test is concerned; ``itself`` makes a cycle of it."""

    itself: Thing | None = None


@pytest.fixture(autouse=True)
def _collector_as_it_was() -> Iterator[None]:
    enabled = gc.isenabled()
    yield
    gc.unfreeze()
    (gc.enable if enabled else gc.disable)()


@pytest.mark.parametrize("enabled", [True, False])
def test_it_rests_and_is_afterwards_as_it_was(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()
    with collector.at_rest():
        assert not gc.isenabled()
    assert gc.isenabled() is enabled


def test_an_error_ends_its_rest_as_well() -> None:
    gc.enable()
    with pytest.raises(ZeroDivisionError), collector.at_rest():
        _ = 1 // 0
    assert gc.isenabled()


def test_what_is_set_aside_is_not_looked_through() -> None:
    before = gc.get_freeze_count()
    with collector.setting_aside():
        kept = [Thing() for _ in range(1000)]
    assert gc.get_freeze_count() - before >= len(kept)


def test_what_counting_frees_leaves_no_trace_and_all_else_stays_aside() -> None:
    with collector.setting_aside():
        thing = Thing()
    traces = collector.Traces(thing, None)
    assert traces.remain() == 1
    del thing
    assert traces.remain() == 0
    before = gc.get_freeze_count()
    traces.give_back()
    assert gc.get_freeze_count() >= before - 1


def test_what_leads_back_to_itself_is_given_back_to_the_collector() -> None:
    with collector.setting_aside():
        thing = Thing()
        thing.itself = thing
    traces = collector.Traces(thing)
    del thing
    collector.collect()
    assert traces.remain() == 1
    traces.give_back()
    collector.collect()
    assert traces.remain() == 0

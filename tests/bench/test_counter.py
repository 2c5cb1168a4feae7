"""Counting instructions: what either program writes is read, and what fails says so."""

from __future__ import annotations

import shutil
import sys

import pytest

from tests.bench.counter import PERF, VALGRIND, Counter, find_counter
from tests.bench.figures import Figure, Table
from tests.bench.instructions import LARGE, RUNS, Task, empty, runs


def test_what_perf_and_valgrind_write_is_read() -> None:
    for counter, text in (
        (PERF, "# started on Tue Dec  1\n\n12345678,,instructions:u,100,100.00,,\n"),
        (VALGRIND, "==7== Cachegrind\n==7== \n==7== I   refs:      12,345,678\n"),
    ):
        script = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
        fake = Counter(counter.name, (sys.executable, "-c", script, "{file}", text), counter.pattern)
        assert fake.count([]) == 12345678


def test_an_event_that_the_machine_does_not_count_is_no_count() -> None:
    script = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('<not supported>,,instructions:u,0,100.00,,')"
    fake = Counter("perf stat", (sys.executable, "-c", script, "{file}"), PERF.pattern)
    with pytest.raises(RuntimeError, match="ended with 0"):
        fake.count(["true"])


@pytest.mark.skipif(find_counter() is None, reason="neither perf counts instructions here nor is valgrind installed")
def test_a_count_is_the_same_each_time_and_a_failure_is_said() -> None:
    counter = find_counter()
    assert counter is not None
    assert 0.99 < counter.count(["true"]) / counter.count(["true"]) < 1.01
    with pytest.raises(RuntimeError, match="ended with 1"):
        counter.count(["false"])


def test_every_run_has_a_run_of_no_rounds_to_be_compared_with() -> None:
    wanted = runs(RUNS)
    assert {empty(run) for run in wanted} <= set(wanted)
    assert Task("cold", LARGE, 0) in wanted


def test_a_table_without_figures_says_why() -> None:
    table = Table("instructions", "Instructions", (), ("Not counted: neither is here.",))
    assert table.text() == "Instructions\n  Not counted: neither is here."
    assert Figure("a", 2, "x", 1.5).verdict == "MISSED"


def test_the_section_says_where_nothing_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert find_counter() is None

"""What is remembered between passes is a cache: after any edits the next pass finds what a fresh one finds."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from supervisor.core.announce.emissions import number, plan_emissions
from supervisor.core.announce.latest import refreshed
from supervisor.core.announce.ledger import Ledger, fold
from supervisor.core.announce.overview import overview_of
from supervisor.core.announce.report import report_json
from supervisor.core.announce.settled import Settled
from supervisor.core.instant import SECOND
from supervisor.core.judge.closure import closure_of
from supervisor.core.model.subjects import IncidentRef, InputRef, NodeRef, ServiceRef, Subject
from supervisor.files import listings
from supervisor.passes.read_and_judge import Hints, Judge, judge
from tests.properties.fleets import NAMES, NODES, NOW, Fleet, Ground, block, documents, fleets, inventories

HOUR = 3600 * SECOND

files = st.one_of(
    st.tuples(
        st.sampled_from(NODES).map("hosts/{}/services.yaml".format),
        inventories(True).map(lambda item: next(iter(item.values()))),
    ),
    *(st.tuples(st.just(f"world/nodes/{node}.json"), documents(node, True)) for node in NODES),
    st.tuples(st.sampled_from(["world/fleet.json", "world/more/incidents.json"]), documents(None, True)),
    st.tuples(
        st.sampled_from(["hosts/nas/services.yaml", "world/nodes/nas.json", "world/fleet.json"]),
        st.sampled_from(["", "services: [", "{", '{"status": "ok", "status": "failed"}']),
    ),
)
SUBJECTS: list[Subject] = [
    *map(NodeRef, NODES),
    *(ServiceRef(node, name) for node in NODES for name in NAMES),
    IncidentRef("INC-1"),
    InputRef("hosts"),
    InputRef("world"),
    *(InputRef(f"hosts/{node}/services.yaml") for node in NODES),
    *(InputRef(f"world/nodes/{node}.json") for node in NODES),
]


class Passes(RuleBasedStateMachine):
    """Edits of real files, time that goes on or back, and passes by hints or over everything."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.ground = Ground(self.folder)
        self.now = NOW
        self.ticks = itertools.count(1)
        self.changed: dict[str, bool] | None = {}
        self.ledger = Ledger()
        self.settled = Settled()
        self.judge = Judge(self.ground.settings, lambda: self.now)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize(fleet=fleets())
    def begin(self, fleet: Fleet) -> None:
        self.ground.write(fleet)
        for path in self.folder.rglob("*"):
            self.stamp(path)
        self.look(None)

    # --- edits

    def stamp(self, path: Path) -> None:
        """No two writes at the same time: clocks of files are coarse, and here nothing is too young to be known."""
        os.utime(path, ns=(0, next(self.ticks) * SECOND))

    def note(self, path: str, whole: bool) -> None:
        if self.changed is not None:
            self.changed[path] = whole

    @rule(file=files, whole=st.booleans())
    def write(self, file: tuple[str, dict[str, Any] | str], whole: bool) -> None:
        name, value = file
        path = self.folder / name
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
            self.changed = None
        target = path.with_name(".new") if whole else path
        target.write_text(value if isinstance(value, str) else block(name, value))
        self.stamp(target)
        if whole:
            target.rename(path)
        self.note(name, whole)

    @rule(file=files)
    def delete(self, file: tuple[str, object]) -> None:
        path = self.folder / file[0]
        if path.exists():
            path.unlink()
            self.note(file[0], False)

    @rule(file=files)
    def touch(self, file: tuple[str, object]) -> None:
        path = self.folder / file[0]
        if path.exists():
            self.stamp(path)
            self.note(file[0], False)

    @rule(root=st.sampled_from(["hosts", "world"]), away=st.booleans())
    def move_a_root(self, root: str, away: bool) -> None:
        here, there = self.folder / root, self.folder / f"{root}.away"
        if away and here.exists() and not there.exists():
            here.rename(there)
        elif not away and there.exists() and not here.exists():
            there.rename(here)
        self.changed = None

    @rule(seconds=st.sampled_from([0, 1, 21, 119, 121, 299, 302, 3600, 86400, -1, -50, -4000]))
    def let_time_pass(self, seconds: int) -> None:
        self.now += seconds * SECOND

    # --- passes

    @rule()
    def look_where_it_changed(self) -> None:
        self.look(self.changed)

    @rule()
    def look_everywhere(self) -> None:
        self.look(None)

    def look(self, changed: dict[str, bool] | None) -> None:
        self.changed = {}
        judgement = self.judge.judge(self.ground.settings, None if changed is None else Hints.of(changed))
        fresh = judge(self.ground.settings, self.now)
        assert json.dumps(report_json(judgement.report)) == json.dumps(report_json(fresh.report))
        assert judgement.until <= fresh.until
        for subject in SUBJECTS:
            assert closure_of(judgement.picture, subject) == closure_of(fresh.picture, subject)
        emissions = self.settled.plan_emissions(self.ledger, judgement, self.now, 4 * HOUR)
        assert emissions == plan_emissions(self.ledger, fresh, self.now, 4 * HOUR)
        if emissions:
            self.ledger = fold(self.ledger, number(emissions, self.ledger, "/runtime-supervisor/x", self.now))
        plain = refreshed(self.ledger, fresh)
        self.ledger = self.settled.refreshed(self.ledger, judgement)
        assert self.ledger == plain
        overview = self.settled.overview_of(judgement)
        assert overview == overview_of(fresh)
        self.settled.settle(self.ledger, judgement, overview)
        again = self.judge.judge(self.ground.settings)
        assert all(old is new for old, new in zip(judgement.nodes.values(), again.nodes.values(), strict=True))


@pytest.mark.parametrize("young", [-(1 << 70), 1 << 70], ids=["by their times", "by their bytes"])
def test_after_any_edits_a_pass_finds_what_a_fresh_one_finds(young: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are known to be the same by their times, or while they are young by their bytes."""
    monkeypatch.setattr(listings, "_YOUNG", young)
    run_state_machine_as_test(Passes, settings=settings(suppress_health_check=list(HealthCheck), deadline=None))

"""What is remembered between two passes never shows: each finds what a fresh one finds."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from supervisor.core.model.findings import Action
from supervisor.files.settings import load_settings
from supervisor.passes.read_and_judge import Hints, Judge, judge

NOW = 1_795_000_000 * 10**9


class Lab:
    """Two nodes, of which one needs a service of the other; ``look`` holds a pass against a fresh one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        flags = {"inventory": str(root / "hosts"), "world": str(root / "world")}
        self.settings = load_settings(flags, {})
        self.judge = Judge(self.settings, lambda: NOW)

    def write(self, relative: str, text: str) -> None:
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def look(self, *changed: str) -> dict[str, Action]:
        hints = Hints.of(dict.fromkeys(changed, True)) if changed else None
        report = self.judge.judge(self.settings, hints).report
        assert report == judge(self.settings, NOW).report
        return {str(recommendation.subject): recommendation.action for recommendation in report.recommendations}


def test_a_file_that_can_no_longer_be_used_holds_up_what_depends_on_its_node(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.write("hosts/nas/services.yaml", "services: {nfs: }\n")
    lab.write("hosts/nuc/services.yaml", "services: {app: {depends_on: [nas/nfs]}}\n")
    seen = '{"observed_at": "2026-11-18T11:06:40Z", "nodes": {"nas": "online", "nuc": "online"}, "services": '
    lab.write("world/all.json", seen + '{"nas": {"nfs": "ok"}, "nuc": {"app": "failed"}}}')
    assert lab.look() == {"service:nuc/app": Action.REDEPLOY}
    lab.write("hosts/nas/services.yaml", "services: [\n")
    results = lab.look("hosts/nas/services.yaml")
    assert results["service:nuc/app"] is Action.DELAY_DEPLOYMENT
    lab.write("hosts/nas/services.yaml", "services: {nfs: }\n")
    assert lab.look("hosts/nas/services.yaml") == {"service:nuc/app": Action.REDEPLOY}


def test_what_is_let_go_needs_no_collector(tmp_path: Path) -> None:
    """Frozen, it could not be found by one: an error that is kept holds the frames it came through."""
    lab = Lab(tmp_path)
    lab.write("hosts/nas/services.yaml", "services: {nfs: }\n")
    for number, text in enumerate(
        ("services: [", "services: {a: 1, a: 2}\n", "servces: {}", "services: {b: {x: &a }}")
    ):
        lab.write(f"hosts/nuc{number}/services.yaml", text)
    (tmp_path / "hosts" / "gone").symlink_to("nowhere")
    lab.write("hosts/odd/services.yaml/x", "")
    for number, text in enumerate(
        ('{"nodes": {"nas": 7}}', '{"a"', '{"a": 1, "a": 2}', '{"services": {"nas": {"a": 7}}}')
    ):
        lab.write(f"world/broken{number}.json", text)
    lab.write("world/broken.yaml", "nodes: [")
    lab.write("world/" + "deep/" * 40 + "a.json", "{}")
    (tmp_path / "world" / "gone.json").symlink_to("nowhere")
    os.mkfifo(tmp_path / "world" / "fifo.json")
    gc.collect()
    gc.disable()
    try:
        for _ in range(2):
            assert len(lab.judge.judge(lab.settings).problems) > 10
        traces = lab.judge.traces()
        del lab
        assert traces.remain() == 0
    finally:
        gc.enable()

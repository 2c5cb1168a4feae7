"""Inputs that are hostile, broken or half there: one recommendation for each, and nothing else suffers."""

from __future__ import annotations

import json
import os
import pty
import re
import socket
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.announce.report import report_json
from supervisor.core.judge.reconcile import reconcile
from supervisor.core.model.findings import Thresholds
from supervisor.files.inventory.load import load_inventory
from supervisor.files.reading import Settle
from supervisor.files.world.load import load_world
from tests.acceptance.harness import Daemon, environment
from tests.torture import ground
from tests.torture.busy import INVENTORY, NODES, SERVICES, BusyLab
from tests.torture.conftest import Figure
from tests.torture.ground import rounds

LIMIT = 16 << 20

JUDGE = """\
import json, sys, time
from supervisor.core.announce.report import report_json
from supervisor.passes.read_and_judge import judge
from supervisor.files.settings import load_settings
def pass_over(hosts, world):
    settings = load_settings({"inventory": hosts, "world": world}, {})
    return report_json(judge(settings, time.time_ns).report)
pass_over(sys.argv[3], sys.argv[3])
def memory(name):
    with open("/proc/self/status") as status:
        return int(next(line.split()[1] for line in status if line.startswith(name)))
with open("/proc/self/clear_refs", "w") as refs:
    refs.write("5")  # the high-water mark begins anew
before = memory("VmRSS")
began = time.perf_counter()
report = pass_over(sys.argv[1], sys.argv[2])
took = time.perf_counter() - began
grown = memory("VmHWM") - before
print(json.dumps({"report": report, "seconds": took, "grown": grown}))
"""
"""A pass in a process of its own that has made one before: its report, seconds, and kilobytes it grew by."""


class Victims:
    """Passes over labs of which one input is spoilt; the worst time and growth."""

    def __init__(self) -> None:
        self.count = 0
        self.slowest = 0.0
        self.grown = 0

    def judge(self, lab: BusyLab) -> dict[str, Any]:
        command = [sys.executable, "-c", JUDGE, str(lab.folder / "hosts"), str(lab.folder / "world"), "/nowhere"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment())
        assert done.returncode == 0, done.stderr[-2000:]
        result: dict[str, Any] = json.loads(done.stdout)
        # Far more than it takes, on a machine that has other things to do as well.
        assert result["seconds"] < 1
        assert result["grown"] < 20 << 10
        self.count += 1
        self.slowest = max(self.slowest, result["seconds"])
        self.grown = max(self.grown, result["grown"])
        report: dict[str, Any] = result["report"]
        return report

    def __str__(self) -> str:
        return f"slowest {1000 * self.slowest:.0f} ms, at most {self.grown / 1024:.1f} MB more resident"


def ill(folder: Path) -> BusyLab:
    """A lab in which nuc's database is ill and all else is well."""
    lab = BusyLab(folder)
    lab.say("nuc", "online", dict.fromkeys(SERVICES, "ok") | {"db": "exited"})
    return lab


NAMES = ("hosts/nas/services.yaml", "world/nodes/nas.json")
"""The inputs that are spoilt."""


def is_blocked_alone(report: dict[str, Any], name: str) -> None:
    """The spoilt input is said, the ill service is found, and nothing else is."""
    actions = {recommendation["subject"]: recommendation["action"] for recommendation in report["recommendations"]}
    assert actions == {f"input:{name}": "repair_input", "service:nuc/db": "redeploy"}
    assert report["summary"] == "unstable"
    assert {problem["file"] for problem in report["problems"] if problem["level"] == "error"} == {name}
    assert all(problem["message"].isprintable() for problem in report["problems"])


# --- what is no plain file --------------------------------------------------------------------------------------------


def _socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


SPECIAL: dict[str, Callable[[Path], object]] = {
    "FIFO": os.mkfifo,
    "socket": _socket,
    "link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "5 GB sparse": lambda path: subprocess.run(["truncate", "-s", "5G", path], check=True),
    "folder": lambda path: path.mkdir(),
}


def test_what_is_no_plain_file_is_blocked_and_the_rest_is_judged(tmp_path: Path, figure: Figure) -> None:
    victims = Victims()
    for what, make in SPECIAL.items():
        for number, name in enumerate(NAMES):
            lab = ill(tmp_path / f"{what.replace('/', '')}-{number}")
            path = lab.folder / name
            path.unlink()
            make(path)
            report = victims.judge(lab)
            if what == "folder" and name.startswith("world/"):
                # A folder of the world may have any name; the node was not reported, then.
                assert "node:nas" in {recommendation["subject"] for recommendation in report["recommendations"]}
                continue
            is_blocked_alone(report, name)
    figure(
        "an input is no plain file",
        f"{', '.join(SPECIAL)}, as services.yaml and as a document",
        f"{victims.count}/{victims.count} said, other nodes judged; {victims}",
    )


@pytest.mark.torture
@pytest.mark.needs("root")
def test_a_device_is_blocked_and_never_opened_for_long(tmp_path: Path, figure: Figure) -> None:
    victims = Victims()
    for number, (name, device) in enumerate((name, device) for name in NAMES for device in ((1, 5), (5, 0), (1, 11))):
        lab = ill(tmp_path / str(number))
        path = lab.folder / name
        path.unlink()
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(*device))
        is_blocked_alone(victims.judge(lab), name)
    figure(
        "an input is a device",
        "zero, tty and kmsg, as services.yaml and as a document",
        f"{victims.count}/{victims.count} said, other nodes judged; {victims}",
    )


# --- what is no document ----------------------------------------------------------------------------------------------

BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)
)
MERGES = "x-0: &m0 {a: 1}\n" + "".join(f"x-{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}], k{n}: 1}}\n" for n in range(1, 25))

BROKEN: dict[str, bytes] = {
    "30 000 nested [": b"[" * 30_000,
    "100 000 nested {": b'{"a":' * 100_000,
    "100 000 nested [ that end": b"[" * 100_000 + b"]" * 100_000,
    "30 000 nested - ": b"- " * 30_000,
    "alias bomb": BOMB.encode(),
    "alias to itself": b"services: &a\n  web: *a\n",
    "merge bomb": (MERGES + "services: {web: {<<: *m24}}\n").encode(),
    "duplicate key": b'{"services": {"web": {}}, "services": {}}',
    "UTF-16": "services:\n  web:\n".encode("utf-16"),
    "latin-1": "services:\n  caf\xe9:\n".encode("latin-1"),
    "NUL": b"services:\n  web: \0\n",
    "ESC": b"services:\n  web: \x1b[2J\n",
    "tab": b"services:\n\tweb:\n",
    "cut UTF-8": b"services:\n  \xe2\x82",
    "half a flow": b'{"services": {"web": ',
    "a scalar": b"x",
    "a list of lists": b"[[1], [2]]",
    "two documents": b"services: {}\n---\nservices: {}\n",
    "NaN": b'{"services": {"web": NaN}, "nodes": NaN}',
}


def test_what_is_no_document_is_blocked_and_the_rest_is_judged(tmp_path: Path, figure: Figure) -> None:
    victims = Victims()
    for number, (what, data) in enumerate(BROKEN.items()):
        for name in NAMES:
            if what == "NaN" and name.startswith("hosts/"):
                continue
            lab = ill(tmp_path / f"{number}-{name.partition('/')[0]}")
            (lab.folder / name).write_bytes(data)
            report = victims.judge(lab)
            actions = {recommendation["subject"] for recommendation in report["recommendations"]}
            assert {f"input:{name}", "service:nuc/db"} <= actions, what
            assert "missing_service" not in {drift["condition"] for drift in report["drift"]}, what
            assert all(problem["message"].isprintable() for problem in report["problems"])
    figure(
        "an input is no document, or a bomb",
        f"{', '.join(BROKEN)}; as services.yaml and as a document",
        f"{victims.count}/{victims.count} said with their place, the process lives, other nodes judged; {victims}",
    )


LONG = "k" * 1_000_000
LENGTHY: dict[str, str] = {
    "an unknown key": f"? {LONG}\n: 1\nservices: {{}}\n",
    "a service": f"services:\n ? {LONG}\n : {{}}\n",
    "a key of a service": f"services: {{web: {{? {LONG} : 1, ? {LONG} : 2}}}}",
    "a near miss": f"services: {{web: {{critical: true, criticall: 1, ? critical{LONG} : 1}}}}",
    "a dependency": f"services: {{web: {{depends_on: [{LONG}]}}}}",
    "an alias": f"services: *{LONG}",
    "a tag": f"services: !{LONG} x",
    "a flag": f"services: {{web: {{critical: {LONG}}}}}",
    "a service of the world": f'{{"services": {{"nas": {{"{LONG}": "ok"}}}}}}',
    "a node of the world": f'{{"services": {{"{LONG}": {{}}}}}}',
    "a duplicate key": f'{{"{LONG}": 1, "{LONG}": 2}}',
    "a time": f'{{"observed_at": "{LONG}"}}',
    "an id": f'{{"incidents": [{{"id": "{LONG}", "status": "x"}}]}}',
    "a title and a status": f'{{"incidents": [{{"id": "a", "status": "{LONG}", "title": "{LONG}"}}]}}',
    "a number": f'{{"a": {"9" * len(LONG)}}}',
}


def test_a_name_of_a_megabyte_is_said_in_a_line(tmp_path: Path, figure: Figure) -> None:
    lab = ill(tmp_path / "lab")
    longest = 0
    for text in LENGTHY.values():
        paths = [lab.folder / "hosts/nas/services.yaml", lab.folder / "world/a.json", lab.folder / "world/a.yaml"]
        kept = paths[0].read_text()
        for path in paths:
            path.write_text(text)
        desired, actual = load_inventory(str(lab.folder / "hosts"), LIMIT), load_world(str(lab.folder / "world"), LIMIT)
        report = reconcile(desired.value, actual.value, Thresholds(), 0, (*desired.problems, *actual.problems)).report
        assert all(problem.line is not None for problem in report.problems)
        longest = max(longest, *(len(str(problem)) for problem in report.problems))
        evidence = [fact for drift in report.drift for fact in drift.evidence]
        evidence += [fact for recommendation in report.recommendations for fact in recommendation.evidence]
        assert all(len(fact.pointer) + len(fact.value or "") < 2000 for fact in evidence)
        paths[0].write_text(kept)
    assert longest < 600
    figure(
        "a text of 1 MB where a short one is expected",
        ", ".join(LENGTHY),
        f"{3 * len(LENGTHY)}/{3 * len(LENGTHY)} read or said in at most {longest} characters",
    )


@pytest.mark.torture
def test_a_hundred_megabytes_are_refused_before_they_are_read(tmp_path: Path, figure: Figure) -> None:
    victims = Victims()
    for number, name in enumerate(NAMES):
        lab = ill(tmp_path / str(number))
        with (lab.folder / name).open("wb") as file:
            for _ in range(100):
                file.write(b'{"services": {"web": "ok"}}\n' * ((1 << 20) // 28))
        is_blocked_alone(victims.judge(lab), name)
    figure("an input of 100 MB", "as services.yaml and as a document", f"2/2 refused by their size; {victims}")


def test_what_looks_odd_and_is_fine_is_read(tmp_path: Path) -> None:
    text = "services:\n" + "".join(f"  {name}:\n" for name in SERVICES)
    odd = {
        "BOM": b"\xef\xbb\xbf" + text.encode(),
        "CRLF": text.replace("\n", "\r\n").encode(),
        "a number of 5000 digits": (text + "x-big: " + "9" * 5000 + "\n").encode(),
        "a great exponent": (text + "x-big: 1e99999\n").encode(),
    }
    for number, data in enumerate(odd.values()):
        lab = ill(tmp_path / str(number))
        (lab.folder / "hosts/nas/services.yaml").write_bytes(data)
        report = Victims().judge(lab)
        assert [recommendation["subject"] for recommendation in report["recommendations"]] == ["service:nuc/db"]


# --- folders that are not there ---------------------------------------------------------------------------------------

FOLDERS: dict[str, Callable[[Path], object]] = {
    "missing": lambda _: None,
    "empty": lambda path: path.mkdir(),
    "a file": lambda path: path.touch(),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a link to itself": lambda path: path.symlink_to(path.name),
}


def test_a_folder_that_is_not_there_is_no_failure_of_everything(tmp_path: Path, figure: Figure) -> None:
    victims = Victims()
    for number, spoil in enumerate(FOLDERS.values()):
        for folder in ("hosts", "world"):
            lab = ill(tmp_path / f"{number}-{folder}")
            (lab.folder / folder).rename(lab.folder / "gone")
            spoil(lab.folder / folder)
            report = victims.judge(lab)
            assert report["summary"] == "unstable"
            assert [
                (recommendation["subject"], recommendation["action"]) for recommendation in report["recommendations"]
            ] == [(f"input:{folder}", "repair_input")]
            assert "missing_service" not in {drift["condition"] for drift in report["drift"]}
    figure(
        "hosts/ or world/ is not what it should be",
        ", ".join(FOLDERS),
        f"{victims.count}/{victims.count}: one repair_input, unstable, 0 missing_service; {victims}",
    )


@pytest.mark.torture
@pytest.mark.needs("root")
def test_what_may_not_be_read_is_blocked_and_the_rest_is_judged(figure: Figure) -> None:
    python = ground.python_for(ground.UNPRIVILEGED)
    # Who is not judged, and what is recommended.
    cases = {
        "hosts": [("input:hosts", "repair_input")],
        "world": [("input:world", "repair_input")],
        "hosts/nas": [("input:hosts/nas", "repair_input"), ("service:nuc/db", "redeploy")],
        "hosts/nas/services.yaml": [("input:hosts/nas/services.yaml", "repair_input"), ("service:nuc/db", "redeploy")],
        "world/nodes": [("input:world/nodes", "repair_input")],
        "world/nodes/nas.json": [("input:world/nodes/nas.json", "repair_input"), ("service:nuc/db", "redeploy")],
    }
    for name, expected in cases.items():
        with ground.like_tmp() as folder:
            lab = ill(folder / "lab")
            (lab.folder / name).chmod(0)
            command = [python, "-m", "supervisor", "reconcile", "--dry-run", "-o", "json", *lab.options]
            done = ground.as_user(ground.UNPRIVILEGED, command)
            assert done.returncode == 0, done.stderr
            report = json.loads(done.stdout)
        assert [
            (recommendation["subject"], recommendation["action"]) for recommendation in report["recommendations"]
        ] == expected, name
        assert any("Permission denied" in problem["message"] for problem in report["problems"]), name
        assert report["summary"] == "unstable"
        assert "missing_service" not in {drift["condition"] for drift in report["drift"]}
    figure(
        "an input that may not be read",
        f"mode 0000, reconcile as user {ground.UNPRIVILEGED}: {', '.join(cases)}",
        f"{len(cases)}/{len(cases)} said, 0 missing_service, other nodes judged where the node alone is concerned",
    )


# --- files that are being written -------------------------------------------------------------------------------------


def test_a_file_cut_at_any_byte_that_is_still_being_written_is_read_when_it_is_whole(
    tmp_path: Path, figure: Figure
) -> None:
    lab = ill(tmp_path / "lab")
    services = "".join(f"  service-{number}: {{critical: true, depends_on: [db]}}\n" for number in range(45))
    whole = {
        "hosts/nas/services.yaml": (INVENTORY + services).encode(),
        "world/nodes/nas.json": json.dumps(
            {"status": "online", "services": dict.fromkeys([*SERVICES, *(f"service-{n}" for n in range(45))], "ok")},
            indent=1,
        ).encode(),
    }
    cuts = false = broken = 0

    def judged(settle: Settle | None) -> dict[str, Any]:
        desired = load_inventory(str(lab.folder / "hosts"), LIMIT, settle)
        actual = load_world(str(lab.folder / "world"), LIMIT, settle)
        newest = max(document.observed_at for document in actual.value.documents)
        return report_json(
            reconcile(desired.value, actual.value, Thresholds(), newest, (*desired.problems, *actual.problems)).report
        )

    for name, data in whole.items():
        (lab.folder / name).write_bytes(data)
    for name, data in whole.items():
        path = lab.folder / name
        for cut in range(0, len(data), rounds(20, 1)):
            path.write_bytes(data[:cut])
            # Nobody ends it: a problem, or a smaller file, and never an exception.
            left = judged(None)
            broken += f"input:{name}" in {recommendation["subject"] for recommendation in left["recommendations"]}

            def ends(_: int | None, path: Path = path, data: bytes = data) -> bool:
                """The writer goes on while the reader waits for the file to settle."""
                if path.read_bytes() == data:
                    return False
                path.write_bytes(data)
                return True

            report = judged(ends)
            false += [recommendation["subject"] for recommendation in report["recommendations"]] != ["service:nuc/db"]
            cuts += 1
    assert false == 0
    assert 0 < broken < cuts
    figure(
        "a file is read in the middle of a write",
        f"services.yaml and a document of {len(whole['hosts/nas/services.yaml'])} and "
        f"{len(whole['world/nodes/nas.json'])} bytes, cut at {cuts} bytes, then ended by their writer",
        f"0 of {cuts} gave anything but the whole file; left as they were cut, {broken} are said to be broken, "
        f"{cuts - broken} are smaller files",
    )


WRITER = """\
import random, sys, time
chance = random.Random(int(sys.argv[1]))
files = {}
for path in sys.argv[2:]:
    with open(path) as file:
        files[path] = file.read()
print("ready", flush=True)
while True:
    for path, text in files.items():
        cuts = sorted(chance.randrange(len(text)) for _ in range(2))
        with open(path, "w", buffering=1 << 20) as file:
            before = time.monotonic()
            for begin, end in zip([0, *cuts], [*cuts, len(text)]):
                file.write(text[begin:end])
                file.flush()
                if time.monotonic() - before > 0.045:
                    print("held up", flush=True)
                before = time.monotonic()
                time.sleep(chance.uniform(0, 0.004))
    time.sleep(chance.uniform(0, 0.01))
"""

READER = """\
import sys, time, yaml
from supervisor.process.clock import Clock
from supervisor.passes.read_and_judge import Hints, Judge, judge
from supervisor.files.settings import load_settings
hosts, world, passes = sys.argv[1], sys.argv[2], int(sys.argv[3])
settings = load_settings({"inventory": hosts, "world": world}, {})
clock = Clock()
# As the daemon does it: what it read is remembered, and it is told what changed, or looks at everything.
kept = Judge(settings, clock.now, clock.settle)
root = hosts.rpartition("/")[0] + "/"
changed = Hints.of({path.removeprefix(root): False for path in sys.argv[4:]})
ways = (
    lambda: judge(settings, clock.now, clock.settle),
    lambda: kept.judge(settings),
    lambda: kept.judge(settings, changed),
)
false = refused = naive = 0
for number in range(passes):
    report = ways[number % 3]().report
    conditions = {str(one.condition) for one in report.drift}
    false += "missing_service" in conditions or "offline_node" in conditions or bool(report.unmanaged)
    refused += "invalid_input" in conditions
    for path in sys.argv[4:] * 30:
        try:
            value = yaml.load(open(path, "rb").read(), yaml.CSafeLoader)
            naive += not isinstance(value, dict) or len(value.get("services") or ()) < 40
        except yaml.YAMLError:
            pass
print(false, refused, naive)
"""


@pytest.mark.parametrize("place", ["disk"], indirect=True)
def test_writers_in_place_are_never_taken_for_missing_services(place: Path, figure: Figure) -> None:
    lab = BusyLab(place / "lab")
    names = [f"service-{number}" for number in range(40)]
    for node in NODES:
        lab.declare(node, "services:\n" + "".join(f"  {name}: {{critical: true}}\n" for name in names))
        lab.say(node, "online", dict.fromkeys(names, "ok"))
    files = [str(path) for path in sorted(lab.folder.rglob("*")) if path.suffix in (".yaml", ".json")]
    folders = [str(lab.folder / "hosts"), str(lab.folder / "world")]
    passes = rounds(10, 350)
    code = textwrap.dedent(WRITER)
    with subprocess.Popen([sys.executable, "-c", code, "1", *files], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        try:
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", READER, *folders, str(passes), *files],
                check=True,
                capture_output=True,
                text=True,
                env=environment(),
            )
        finally:
            writer.kill()
        # Where the machine itself holds the writer up for longer than a file takes to settle, nothing is promised.
        held_up = len(writer.stdout.readlines())
    false, refused, naive = (int(item) for item in done.stdout.split())
    reads = passes * len(files)
    assert false <= held_up
    # The faults were there to be made.
    assert naive > 0
    figure(
        "other programs write inputs in place",
        f"{len(files)} files truncated and written in three parts without end, {reads} reads in {passes} passes, "
        "of the files alone, over what is remembered, and of what is said to have changed",
        f"{false} false missing_service, offline_node or unmanaged; in {refused} passes a file did not hold still, "
        f"which was said; of {30 * reads} naive reads {naive} were valid YAML with services missing",
    )


# --- names ------------------------------------------------------------------------------------------------------------

NASTY = [
    "a\nb",
    "\n<2>forged",
    "\x1b[2J",
    "\x07",
    "\x7f",
    "\x85",
    "\x9b31m",
    "\ud800",
    "\u202eevil",
    "\u2066x",
    "\u200f",
    "n" * 300,
]


def nasty(folder: Path) -> BusyLab:
    """A lab with such texts wherever a text goes: words, details, ids, titles, errors, keys, names of files."""
    lab = BusyLab(folder)
    # A document with half a pair of surrogates is no text, and refused as a whole.
    texts = [text for text in NASTY if text.isascii() or text.encode("utf-8", "ignore")]
    document = {
        "status": "online",
        "services": {
            name: {"status": f"bad{text}", "detail": text} for name, text in zip(SERVICES, texts, strict=False)
        },
        "deployments": [
            {"id": f"d{number}", "service": "db", "status": "failed", "at": "2026-11-01T12:00:00Z", "error": text}
            for number, text in enumerate(texts)
        ],
        "incidents": [{"id": f"I{number}", "title": text, "status": text} for number, text in enumerate(texts)],
    }
    (lab.folder / "world" / "nodes" / "nas.json").write_text(json.dumps(document))
    for number, text in enumerate(NASTY):
        # Names that are illegal cost the whole document.
        (lab.folder / "world" / f"names-{number}.json").write_text(json.dumps({"services": {"nuc": {text: "ok"}}}))
    named = [json.dumps(text) for text in NASTY if text.isascii()]
    quoted = "".join(f"  {name}: {{depends_on: [{name}]}}\n" for name in named)
    lab.declare("pi4", INVENTORY + quoted)
    for name in (b"caf\xe9", "evil\u202e".encode(), b"line\nbreak", b"\x1b[2J"):
        path = os.fsencode(lab.folder / "hosts") + b"/" + name
        os.mkdir(path)
        with open(path + b"/services.yaml", "w") as file:
            file.write("services: {web: }\n")
        with open(os.fsencode(lab.folder / "world") + b"/" + name + b".json", "w") as file:
            file.write("{")
    return lab


def on_a_terminal(lab: BusyLab, *arguments: str) -> str:
    """What a command writes to a terminal, without the colours that it puts there itself."""
    reader, writer = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "supervisor", *arguments, *lab.options],
        stdin=writer,
        stdout=writer,
        stderr=writer,
        env=environment(TERM="xterm"),
        cwd=lab.folder,
    ) as process:
        os.close(writer)
        data = b""
        with suppress(OSError):
            while chunk := os.read(reader, 65536):
                data += chunk
        process.wait(20)
    os.close(reader)
    return re.sub(r"\x1b\[[0-9;]*m", "", data.decode())


def test_no_name_breaks_a_line_or_steers_a_terminal(tmp_path: Path, figure: Figure) -> None:
    lab = nasty(tmp_path / "lab")
    lines = 0
    for command in (
        ["reconcile"],
        ["status"],
        ["events"],
        ["check"],
        ["explain", "service:nas/db"],
        ["explain", "input:hosts"],
    ):
        said = on_a_terminal(lab, *command)
        assert said.count("\r\n") > 0, command
        for line in said.split("\r\n"):
            assert line.isprintable(), (command, line)
            assert not line.startswith("<2>")
            lines += 1
    for name in ("reconcile", "status", "events", "check"):
        said = on_a_terminal(lab, name, "-o", "json")
        assert all(line.isprintable() for line in said.split("\r\n")), name
    # The log and the checkpoint are for programs; people look at them all the same.
    for path in (lab.log, lab.checkpoint):
        assert all(line.isprintable() for line in path.read_bytes().decode().split("\n"))
    # They were all there to be shown.
    subjects = {event["subject"] for event in lab.events()}
    assert {"service:nas/traefik", "incident:I0", "incident:I10", "input:world/names-7.json"} <= subjects
    assert any("caf" in subject for subject in subjects)
    with Daemon(lab) as daemon:
        daemon.wait_for(lambda: bool(daemon.passes()))
    assert all(line.isprintable() for line in daemon.said().split("\n"))
    assert all(notice.isascii() and notice.isprintable() for notice in daemon.notices)
    figure(
        "names and texts with line breaks, escapes, surrogates, direction marks; folders that are not UTF-8",
        "six commands on a terminal, the daemon's log and STATUS, event log and checkpoint",
        f"0 raw control or direction characters, 0 forged lines in {lines} lines",
    )

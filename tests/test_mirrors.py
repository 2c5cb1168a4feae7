"""Every module has its mirror: ``supervisor/<room>/<module>.py`` is tested by ``tests/<room>/test_<module>.py``."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "supervisor"

WITHOUT: dict[str, str] = {
    "__main__": "one line; every test of a command goes through it",
    "cli/commands/observe": "a line each way; tests/acceptance/test_streams.py and tests/test_wheel.py run it",
    "cli/commands/run": "a line each way; tests/acceptance/test_daemon.py runs it",
    "core/model/desired": "types without behaviour",
    "core/model/findings": "types without behaviour but an order, which tests of reports assert",
    "core/judge/memo": "tests/properties/test_incremental.py holds it against the plain answer, after any edits",
    "observe/sighting": "types without behaviour",
    "observe/sources/__init__": "tests/observe/sources/test_source.py asks every kind that is registered",
    "supervise/app": "puts the parts together; tests/acceptance/test_daemon.py and test_walks.py run it as it is",
}
"""Modules without a mirror, each with the reason."""


def modules() -> list[str]:
    """Every module but those that only say what a package is."""
    paths = sorted(HOUSE.rglob("*.py"))
    return [
        path.relative_to(HOUSE).with_suffix("").as_posix()
        for path in paths
        if path.name != "__init__.py" or "\ndef " in path.read_text() or "\nclass " in path.read_text()
    ]


def mirror(module: str) -> Path:
    room, _, name = module.rpartition("/")
    if name == "__init__":
        room, _, name = room.rpartition("/")
    return ROOT / "tests" / room / f"test_{name}.py"


def test_every_module_has_a_mirror() -> None:
    missing = {module for module in modules() if not mirror(module).exists()}
    assert missing - WITHOUT.keys() == set(), "write the test, or a reason into WITHOUT"


def test_no_module_is_excused_that_has_a_mirror_or_is_gone() -> None:
    assert [module for module in WITHOUT if module not in modules() or mirror(module).exists()] == []
    assert all(WITHOUT.values())


def test_every_mirror_shows_a_module() -> None:
    shown = {mirror(module) for module in modules()}
    rooms = {path.name for path in HOUSE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    mirrors = {path for room in rooms for path in (ROOT / "tests" / room).rglob("test_*.py")}
    assert mirrors - shown == set()

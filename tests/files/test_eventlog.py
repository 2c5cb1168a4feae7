"""The event log: appended durably, found again wherever it was torn, renamed or shared."""

from __future__ import annotations

import json
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from supervisor.core.announce.events import LINE_LIMIT, START, Event, event_line, make_event
from supervisor.core.model.findings import EventType
from supervisor.errors import EventLogError
from supervisor.files import eventlog
from tests.files.limits import no_file_longer_than

SOURCE = "/runtime-supervisor/test"


def event(sequence: int, subject: str = "node:nas", **data: object) -> Event:
    return make_event(
        SOURCE, sequence, 10**18 + sequence, EventType.REQUIRED, subject, {"fingerprint": "f" * 16, **data}
    )


def sequences(events: list[Event]) -> list[int]:
    return [int(event["sequence"]) for event in events]


def test_what_is_appended_reads_back(tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    position = eventlog.append(log, [event(1), event(2)])
    assert sequences(eventlog.recover(log, START, SOURCE)[0]) == [1, 2]
    assert eventlog.recover(log, position, SOURCE) == ([], position)


def test_a_line_that_is_torn_while_events_are_made_is_ended_before_them(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def made() -> Iterator[Event]:
        yield event(1)
        # Thousands of events take a while, and whoever else writes may die meanwhile.
        with log.open("ab") as file:
            file.write(b'{"other": "wri')
        yield event(2)

    position = eventlog.append(str(log), made())
    assert log.read_bytes() == b'{"other": "wri\n' + event_line(event(1)) + event_line(event(2))
    assert eventlog.recover(str(log), position, SOURCE) == ([], position)


def test_only_what_is_behind_the_position_is_recovered(tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    position = eventlog.append(log, [event(1)])
    eventlog.append(log, [event(2)])
    assert sequences(eventlog.recover(log, position, SOURCE)[0]) == [2]


def test_the_lines_of_others_are_skipped_and_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    foreign = b'{"other": "writer"}\nrubbish \xff\n\n' + event_line({**event(7), "source": "/runtime-supervisor/other"})
    log.write_bytes(foreign)
    eventlog.append(str(log), [event(1)])
    assert log.read_bytes() == foreign + event_line(event(1))
    assert sequences(eventlog.recover(str(log), START, SOURCE)[0]) == [1]


def test_a_torn_line_is_ended_before_the_next(tmp_path: Path) -> None:
    whole = event_line(event(1)) + event_line(event(2))
    begin = len(event_line(event(1)))
    for cut in range(begin, len(whole)):
        log = tmp_path / f"log{cut}"
        log.write_bytes(whole[:cut])
        events, position = eventlog.recover(str(log), START, SOURCE)
        # Without its newline alone a line is whole.
        assert sequences(events) == ([1, 2] if cut == len(whole) - 1 else [1])
        eventlog.append(str(log), [event(3)])
        lines = log.read_bytes().split(b"\n")
        assert json.loads(lines[-2])["sequence"] == "3"
        assert sequences(eventlog.recover(str(log), position, SOURCE)[0]) == [3]


def test_a_log_that_was_renamed_is_followed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    position = eventlog.append(str(log), [event(1)])
    eventlog.append(str(log), [event(2)])
    log.rename(tmp_path / "log.1")
    eventlog.append(str(log), [event(3)])
    assert sequences(eventlog.recover(str(log), position, SOURCE)[0]) == [2, 3]


def test_a_log_that_was_shortened_or_replaced_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "log"
    position = eventlog.append(str(log), [event(1), event(2)])
    log.write_bytes(event_line(event(3)))
    assert sequences(eventlog.recover(str(log), position, SOURCE)[0]) == [3]
    log.write_bytes(event_line(event(4)) * 5)
    assert sequences(eventlog.recover(str(log), position, SOURCE)[0]) == [4] * 5


def test_a_line_has_at_most_64_kib_and_says_that_it_was_cut(tmp_path: Path) -> None:
    many = [f"service:nas/{number:05}" for number in range(20_000)]
    log = tmp_path / "log"
    eventlog.append(str(log), [event(1, affects=many, reason="short")])
    (line,) = log.read_bytes().splitlines(keepends=True)
    assert len(line) <= LINE_LIMIT
    data = json.loads(line)["data"]
    assert data["truncated"] is True
    assert data["affects"] == many[: len(data["affects"])]
    assert len(data["affects"]) > 1000


def test_a_long_reason_is_cut_too() -> None:
    line = event_line(event(1, reason="x" * 100_000))
    assert len(line) <= LINE_LIMIT
    assert json.loads(line)["data"]["truncated"] is True


def test_a_line_of_others_that_looks_like_ours_is_not_an_event(tmp_path: Path) -> None:
    log = tmp_path / "log"
    ours = json.loads(event_line(event(1)))
    odds: list[dict[str, object]] = [
        {"type": ["x"]},
        {"type": {}},
        {"time": "noon"},
        {"sequence": "x"},
        {"data": []},
        {"subject": None},
    ]
    for odd in odds:
        with log.open("a") as file:
            file.write(json.dumps({**ours, **odd}) + "\n")
    assert eventlog.recover(str(log), START, SOURCE)[0] == []


def test_the_events_of_all_supervisors_are_found_and_nothing_is_written(tmp_path: Path) -> None:
    log = tmp_path / "log"
    eventlog.append(str(log), [{**event(1), "source": "/runtime-supervisor/other"}])
    log.rename(tmp_path / "log.1")
    torn = event_line(event(2)) + b'{"torn'
    log.write_bytes(torn)
    (tmp_path / "log.2").mkdir()
    events = eventlog.of_all_sources(str(log))
    assert [each["source"] for each in events] == ["/runtime-supervisor/other", SOURCE]
    assert log.read_bytes() == torn


def test_any_number_of_rotations_are_followed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    position = eventlog.append(str(log), [event(1)])
    for number in range(2, 6):
        eventlog.append(str(log), [event(number)])
        for older in range(number - 2, 0, -1):
            (tmp_path / f"log.{older}").rename(tmp_path / f"log.{older + 1}")
        log.rename(tmp_path / "log.1")
    assert sequences(eventlog.recover(str(log), position, SOURCE)[0]) == [2, 3, 4, 5]


def test_a_log_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert eventlog.recover(str(tmp_path / "log"), START, SOURCE) == ([], START)
    with pytest.raises(EventLogError, match=r"cannot read .*log: No such file or directory"):
        eventlog.read(str(tmp_path / "log"))


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(EventLogError, match=r"cannot append to .*absent/log: it cannot be used: No such file"):
        eventlog.append(str(tmp_path / "absent" / "log"), [event(1)])


@pytest.mark.parametrize("room", [0, 1, 100, 300])
def test_what_a_full_disk_cuts_short_is_an_error_and_is_made_good_later(tmp_path: Path, room: int) -> None:
    log = tmp_path / "log"
    position = eventlog.append(str(log), [event(1)])
    with no_file_longer_than(log.stat().st_size + room), pytest.raises(EventLogError, match="cannot append to "):
        eventlog.append(str(log), [event(2), event(3)])
    events, _ = eventlog.recover(str(log), position, SOURCE)
    written = sequences(events)
    assert written == ([2] if room == 300 else [])
    eventlog.append(str(log), [event(number) for number in (2, 3) if number not in written])
    assert sequences(eventlog.recover(str(log), START, SOURCE)[0]) == [1, 2, 3]


def test_a_write_that_was_cut_short_names_the_reason(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with no_file_longer_than(100), pytest.raises(EventLogError, match=r"cannot append to .*: File too large"):
        eventlog.append(str(log), [event(1)])
    assert log.stat().st_size == 100


def test_people_read_on_where_they_were_and_across_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "log"
    eventlog.append(str(log), [event(1)])
    events, offset, inode = eventlog.read(str(log))
    assert sequences(events) == [1]
    assert eventlog.read(str(log), offset, inode) == ([], offset, inode)
    eventlog.append(str(log), [event(2)])
    log.rename(tmp_path / "log.1")
    eventlog.append(str(log), [event(3)])
    assert sequences(eventlog.read(str(log), offset, inode)[0]) == [2, 3]


def test_people_read_on_across_several_rotations(tmp_path: Path) -> None:
    log = tmp_path / "log"
    eventlog.append(str(log), [event(1)])
    _, offset, inode = eventlog.read(str(log))
    eventlog.append(str(log), [event(2)])
    for number in (3, 4, 5):
        for older in (2, 1):
            if (tmp_path / f"log.{older}").exists():
                (tmp_path / f"log.{older}").rename(tmp_path / f"log.{older + 1}")
        os.utime(log, (number, number))
        log.rename(tmp_path / "log.1")
        eventlog.append(str(log), [event(number)])
    assert sequences(eventlog.read(str(log), offset, inode)[0]) == [2, 3, 4, 5]


def test_people_may_read_a_log_of_somebody_else(tmp_path: Path) -> None:
    log = tmp_path / "log"
    eventlog.append(str(log), [event(1)])
    log.chmod(0o666)
    (tmp_path / "link").symlink_to(log)
    assert sequences(eventlog.read(str(tmp_path / "link"))[0]) == [1]


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_at_the_logs_name_is_nothing_to_read_for_people_either(tmp_path: Path, device: str) -> None:
    log = tmp_path / "log"
    log.symlink_to(device)
    with pytest.raises(EventLogError, match=r"a device|No such device"):
        eventlog.read(str(log))


def test_what_is_not_a_file_is_named_to_people(tmp_path: Path) -> None:
    log = tmp_path / "log"
    os.mkfifo(log)
    with pytest.raises(EventLogError, match="it is a FIFO, not a regular file"):
        eventlog.read(str(log))
    with pytest.raises(EventLogError, match="it is a folder, not a regular file"):
        eventlog.read(str(tmp_path))


def test_the_log_is_readable_for_all_and_writable_for_us_alone(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        eventlog.append(str(tmp_path / "log"), [event(1)])
    finally:
        os.umask(mask)
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o644


def test_a_line_without_end_is_skipped_and_what_follows_it_is_found(tmp_path: Path) -> None:
    log = tmp_path / "log"
    eventlog.append(str(log), [event(1)])
    with log.open("ab") as file:
        # Its tail alone would be an event.
        file.write(b"x" * (3 << 20) + event_line(event(7)))
    end = eventlog.append(str(log), [event(2)])
    events, position = eventlog.recover(str(log), START, SOURCE)
    assert (sequences(events), position) == ([1, 2], end)
    with log.open("ab") as file:
        file.write(b"y" * (3 << 20))
    assert eventlog.read(str(log))[1] == end.offset


def test_a_sibling_that_cannot_be_read_is_an_error_and_not_an_absence(tmp_path: Path) -> None:
    log = tmp_path / "log"
    position = eventlog.append(str(log), [event(1)])
    eventlog.append(str(log), [event(2)])
    log.rename(tmp_path / "log.1")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        with pytest.raises(EventLogError, match="Too many open files"):
            eventlog.recover(str(log), position, SOURCE)
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert sequences(eventlog.recover(str(log), position, SOURCE)[0]) == [2]


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder of everybody, seen by the user nobody."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o1777)  # noqa: S103 - as /tmp is
        rotated = Path(folder) / "agent-events.log.1"
        rotated.touch()
        os.seteuid(65534)
        try:
            yield Path(folder) / "agent-events.log"
        finally:
            os.seteuid(0)


def test_a_log_that_root_shares_with_a_group_is_not_made_anew_by_us(as_nobody: Path) -> None:
    """Ours alone, it would shut out who else may write to it: root makes it again."""
    os.seteuid(0)
    os.chmod(f"{as_nobody}.1", 0o664)
    os.seteuid(65534)
    with pytest.raises(EventLogError, match="root shares it with a group, and has not made it again"):
        eventlog.append(str(as_nobody), [])
    assert not as_nobody.exists()


def test_any_other_log_is_made_anew_after_its_rotation(as_nobody: Path) -> None:
    eventlog.append(str(as_nobody), [])
    assert as_nobody.stat().st_uid == 65534

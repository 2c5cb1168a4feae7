"""Tables are no wider than the terminal, and nothing in them breaks a line."""

from __future__ import annotations

from supervisor.show.table import Style, table, wrapped

ROWS = [
    ("SEVERITY", "SUBJECT", "REASON"),
    ("critical", "node:nas", "nas is offline, and so is all that runs on it"),
    ("warning", "service:nuc/dns", "dns\non nuc is missing"),
]


def test_columns_are_as_wide_as_they_need_where_there_is_no_terminal() -> None:
    assert table(ROWS, Style()) == [
        "SEVERITY  SUBJECT          REASON",
        "critical  node:nas         nas is offline, and so is all that runs on it",
        "warning   service:nuc/dns  dns\\non nuc is missing",
    ]


def test_on_a_narrow_terminal_the_last_column_goes_below_its_row() -> None:
    assert table(ROWS, Style(width=30)) == [
        "SEVERITY  SUBJECT",
        "critical  node:nas",
        "    nas is offline, and so is",
        "    all that runs on it",
        "warning   service:nuc/dns",
        "    dns\\non nuc is missing",
    ]


def test_no_line_is_wider_than_the_terminal_however_narrow() -> None:
    for width in range(5, 80):
        assert max(map(len, table(ROWS, Style(width=width)))) <= width


def test_words_are_coloured_without_changing_the_layout() -> None:
    lines = table(ROWS, Style(colour=True, width=200))
    assert lines[1].startswith("\x1b[31mcritical\x1b[0m  node:nas ")
    assert lines[2].startswith("\x1b[33mwarning \x1b[0m  service:nuc/dns ")


def test_a_text_is_broken_between_words_where_that_is_possible() -> None:
    assert wrapped("one two three", 7) == ["one two", "three"]
    assert wrapped("abcdefgh", 3) == ["abc", "def", "gh"]
    assert wrapped("", 3) == [""]
    assert wrapped("one two", 0) == ["o", "n", "e", "t", "w", "o"]

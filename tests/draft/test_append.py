"""Services are added to a file that people wrote, and nothing of theirs is touched."""

from __future__ import annotations

import textwrap

import pytest

from supervisor.draft.append import appended
from supervisor.draft.services import DraftService, OneshotReason
from supervisor.errors import DraftError

NEW = [DraftService("media/db", image="pg:1", oneshot=OneshotReason.NO_RESTART), DraftService("on")]
NOTE = '- media/db has restart: "no", so it is taken for a oneshot'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        "node: {critical: false}\n",
        "services:\n",
        "services: {}\n",
        "services: []   # none\n",
        "services: ~\nnode:\n",
    ],
)
def test_where_there_is_no_service_yet_they_are_the_first(text: str) -> None:
    lines = appended(text, NEW, "compose.yml").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("services:"))
    assert lines[at + 1 : at + 7] == [
        "  # added from compose.yml",
        f"  # {NOTE}",
        "  media/db:",
        '    image: "pg:1"',
        "    oneshot: true",
        '  "on":',
    ]


def test_they_come_after_the_last_service_as_that_is_indented() -> None:
    text = textwrap.dedent(
        """\
        # mine
        services:   # all of them
            web:   # the front

            script: {notes: |-
              }
              # not the end
                # of web
            # this belongs to the services

        # and this to the node
        node:
            critical: false
        """
    ).replace("{notes: |-\n      }", "\n        notes: |-\n            text\n")
    before, after = text.split("\n# and this")
    assert appended(text, [DraftService("db")], "x") == f"{before}    # added from x\n    db:\n\n# and this{after}"


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("services:\n  a:\n  b: {image: x}\n", "services:\n  a:\n  b: {image: x}\n  # added from x\n  db:\n"),
        ("services:\n- a\n- name: b\n", "services:\n- a\n- name: b\n# added from x\n- name: db\n"),
        ("services:\n  - a\nnode:\n", "services:\n  - a\n  # added from x\n  - name: db\nnode:\n"),
        ("services:\n  a:\n...\n", "services:\n  a:\n  # added from x\n  db:\n...\n"),
        ("services:\n  a: |\n    # text\n", "services:\n  a: |\n    # text\n  # added from x\n  db:\n"),
        ("services:\n  a:\n\n\n", "services:\n  a:\n  # added from x\n  db:\n\n\n"),
        ("services:\n  a:", "services:\n  a:\n  # added from x\n  db:\n"),
    ],
)
def test_the_file_keeps_its_shape(text: str, added: str) -> None:
    assert appended(text, [DraftService("db")], "x") == added


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("services: {a: }\n", "its services are written in one line"),
        ("{services: }\n", "it is written in one line"),
        ("- a\n", "it is not a mapping"),
        ("services: [\n", r"it is not YAML.*\(line 1\)"),
        ("services: text\n", "its shape is not understood well enough"),
    ],
)
def test_what_cannot_be_added_to_is_said_with_what_to_do(text: str, why: str) -> None:
    with pytest.raises(DraftError, match=f"cannot add to the inventory: {why}; --dry-run prints what to add by hand"):
        appended(text, [DraftService("db")], "x")

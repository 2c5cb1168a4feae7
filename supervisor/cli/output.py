"""Lines and JSON to standard output, notes to standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any


def write_json(value: Any) -> None:
    """Print a value, indented."""
    from supervisor.core.text import json_text

    sys.stdout.write(json_text(value, indent=2) + "\n")


def write_lines(lines: Sequence[str]) -> None:
    """Print lines, at once."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def complain(lines: Sequence[str]) -> None:
    """Print lines to standard error, whatever the files that they quote have in them."""
    from supervisor.core.text import printable

    for line in lines:
        print(printable(line), file=sys.stderr)

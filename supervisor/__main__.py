"""``python -m supervisor``: the same as the command ``runtime-supervisor``."""

from supervisor.cli import entry

entry()

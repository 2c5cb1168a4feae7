"""``python -m supervisor``: the same as the command ``runtime-supervisor``."""

from supervisor.cli.main import entry

entry()

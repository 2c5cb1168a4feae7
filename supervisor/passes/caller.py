"""Who may write the outputs. The service's files are not for others, and nobody writes into somebody else's.

A single pass that root makes by hand would leave files of root, which the service cannot write afterwards.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import NamedTuple, Self

from supervisor.errors import ConfigError, NotPermittedError
from supervisor.files.reading import printable_path
from supervisor.files.settings import DEFAULT_CONFIG, Settings, default_settings, load_settings

_USERS = "/etc/passwd"

SERVICE = "runtime-supervisor"
"""The user that the unit runs as."""

WORKING_DIRECTORY = "/opt/homelab"
"""Where relative paths of the installed settings begin; the unit sets it."""

_WAY_OUT = (
    "`runtime-supervisor reconcile --dry-run` only reports; `systemctl reload runtime-supervisor` makes the service "
    "look now; --event-log and --checkpoint name other files"
)


class Caller(NamedTuple):
    """Who runs this, by number. ``service`` is None where there is no such user; ``config`` the installed settings."""

    user: int
    service: int | None
    config: str = DEFAULT_CONFIG

    @classmethod
    def current(cls) -> Self:
        return cls(os.geteuid(), next((user for user, name in _names().items() if name == SERVICE), None))

    def refuse_outputs(self, settings: Settings) -> None:
        """NotPermittedError when event log, checkpoint or lock belong to somebody else or are those of the service."""
        if self.user == self.service:
            return
        for path in outputs(settings):
            with suppress(OSError):
                owner = os.lstat(path).st_uid
                if owner != self.user:
                    raise NotPermittedError(
                        f"cannot write {printable_path(path)}: it belongs to {_name(owner)}, and this runs as "
                        f"{_name(self.user)}; {_WAY_OUT}"
                    )
        if self.service is None:
            return
        for path in outputs(settings):
            if os.path.realpath(path) in self._of_service():
                raise NotPermittedError(
                    f"cannot write {printable_path(path)}: the service writes it as {_name(self.service)}, and this "
                    f"runs as {_name(self.user)}; {_WAY_OUT}"
                )

    def _of_service(self) -> set[str]:
        try:
            installed = load_settings({}, {}, self.config if os.path.lexists(self.config) else None)
        except ConfigError:
            installed = default_settings()
        return {os.path.realpath(os.path.join(WORKING_DIRECTORY, path)) for path in outputs(installed)}


def outputs(settings: Settings) -> tuple[str, str, str]:
    """Event log, checkpoint and its lock."""
    return settings.event_log, settings.checkpoint, f"{settings.checkpoint}.lock"


def _name(user: int) -> str:
    name = _names().get(user)
    return f"user {user}" if name is None else f"the user {name}"


def _names() -> dict[int, str]:
    """The users of this machine. The system's own look-up may ask others over sockets, which a pass never does."""
    names: dict[int, str] = {}
    with suppress(OSError), open(_USERS, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            name, _, number, *_ = [*line.split(":"), "", "", ""]
            if number.isascii() and number.isdigit():
                names.setdefault(int(number), name)
    return names

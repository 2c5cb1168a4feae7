"""Who may write the outputs. The service's files are not for others, and nobody writes into somebody else's.

A single pass that root makes by hand would leave files of root, which the service cannot write afterwards.
"""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from typing import NamedTuple, Self

from supervisor.errors import ConfigError, NotPermittedError
from supervisor.files.reading import printable_path
from supervisor.files.settings import DEFAULT_CONFIG, Settings, default_settings, load_settings

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
        with suppress(KeyError):
            return cls(os.geteuid(), pwd.getpwnam(SERVICE).pw_uid)
        return cls(os.geteuid(), None)

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
    with suppress(KeyError):
        return f"the user {pwd.getpwuid(user).pw_name}"
    return f"user {user}"

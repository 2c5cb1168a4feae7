"""``python -m tests.strangers COMMAND...``: runs a command on a machine where sockets of engines are open.

Behind Docker's socket somebody answers nonsense, behind Podman's nobody ever answers. What is there already is left
alone, socket or not. Ends with the command's exit status.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

SOCKETS = {Path("/run/docker.sock"): b"\x15\x03\x01 what?\r\n\r\n", Path("/run/podman/podman.sock"): b""}
"""Where engines listen, and what is said to whoever comes; nothing: they are left waiting."""


@contextmanager
def listening(path: Path, answer: bytes) -> Iterator[None]:
    """A socket that answers like that, in a folder that is made if need be. Raises OSError where it cannot be."""
    with ExitStack() as stack:
        if not path.parent.exists():
            path.parent.mkdir()
            stack.callback(path.parent.rmdir)
        stranger = stack.enter_context(socket.socket(socket.AF_UNIX))
        # Fails, and takes nobody's place, where something is.
        stranger.bind(str(path))
        stack.callback(path.unlink)
        stranger.listen(64)
        thread = threading.Thread(target=_serve, args=(stranger, answer))
        thread.start()
        stack.callback(thread.join)
        # Closing alone would not wake who waits for the next caller.
        stack.callback(stranger.shutdown, socket.SHUT_RDWR)
        yield


def _serve(stranger: socket.socket, answer: bytes) -> None:
    with ExitStack() as callers, suppress(OSError):
        while True:
            caller = callers.enter_context(stranger.accept()[0])
            if answer:
                with caller, suppress(OSError):
                    caller.sendall(answer)


def main(command: Sequence[str]) -> int:
    with ExitStack() as stack:
        for path, answer in SOCKETS.items():
            if os.path.lexists(path):
                print(f"{path} is there already", file=sys.stderr)
                continue
            try:
                stack.enter_context(listening(path, answer))
            except OSError as error:
                print(f"{path} cannot be made: {error.strerror}", file=sys.stderr)
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The one place that starts another program: without a shell, with signals as any program has them, and bounded.

Signals are blocked in every thread here (``signals``), and a child inherits that: it would survive SIGTERM. subprocess
can only mend it by code between fork and exec, which threads forbid; ``posix_spawn`` has it built in.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import BinaryIO

from supervisor.core.instant import SECOND, Duration
from supervisor.errors import ChildError
from supervisor.process.clock import Clock

OUTPUT_LIMIT = 16 << 20
_CHUNK = 1 << 16
_PLAIN = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
# Python ignores these two; the others are blocked, never handled, but nothing is taken for granted.
_DEFAULT = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit status (negative: the signal that killed it), and what it wrote."""

    status: int
    output: bytes
    complaint: bytes


def run(
    command: Sequence[str], timeout: Duration, environ: Mapping[str, str] = _PLAIN, limit: int = OUTPUT_LIMIT
) -> Ended:
    """The program ``command[0]`` with these arguments, run to its end; its standard input is empty.

    Neither it nor what it has started outlives this call. ChildError when it cannot be started, has not ended after
    ``timeout`` nanoseconds, or writes more than ``limit`` bytes to its output or to its standard error.
    """
    program = shutil.which(command[0], path=environ.get("PATH", os.defpath))
    if program is None:
        raise ChildError(f"cannot be started: there is no program {command[0]}")
    with ExitStack() as ends:
        pipes = [_pipe(ends), _pipe(ends)]
        readers = [reader for reader, _ in pipes]
        for reader in readers:
            os.set_blocking(reader.fileno(), False)
        writers = [writer for _, writer in pipes]
        try:
            child = os.posix_spawn(
                program,
                list(command),
                dict(environ),
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    *((os.POSIX_SPAWN_DUP2, writer.fileno(), number) for number, writer in enumerate(writers, 1)),
                ],
                setpgroup=0,
                setsigmask=(),
                setsigdef=_DEFAULT,
            )
        except OSError as error:
            raise ChildError(f"cannot be started: {command[0]}: {error.strerror or error}") from error
        try:
            for writer in writers:
                writer.close()
            texts = _read(child, [reader.fileno() for reader in readers], timeout, limit)
        finally:
            # Until it is waited for, its number is its own, and its group's: nobody else can be hit.
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Ended(status, *texts)


def _pipe(ends: ExitStack) -> tuple[BinaryIO, BinaryIO]:
    """Both ends of a pipe, as files: closed twice, they close nothing that is somebody else's by then."""
    reader, writer = os.pipe()
    return (
        ends.enter_context(open(reader, "rb", buffering=0)),
        ends.enter_context(open(writer, "wb", buffering=0)),
    )


def _read(child: int, readers: Sequence[int], timeout: Duration, limit: int) -> list[bytes]:
    """What it writes until it ends. A child of its own that holds the pipes open is not waited for."""
    monotonic = Clock().monotonic
    deadline = monotonic() + timeout
    texts = {reader: bytearray() for reader in readers}
    end = os.pidfd_open(child)
    try:
        with selectors.DefaultSelector() as ready:
            for descriptor in (end, *readers):
                ready.register(descriptor, selectors.EVENT_READ)
            over = False
            while not over:
                left = (deadline - monotonic()) / SECOND
                events = [key.fd for key, _ in ready.select(max(left, 0.0))]
                if not events and left <= 0:
                    raise ChildError(f"did not answer within {timeout / SECOND:g} s")
                over = end in events
                for reader in readers if over else events:
                    if not _drain(reader, texts[reader], limit) and not over:
                        ready.unregister(reader)
    finally:
        os.close(end)
    return [bytes(text) for text in texts.values()]


def _drain(reader: int, text: bytearray, limit: int) -> bool:
    """Take what a pipe holds; False at its end."""
    with suppress(BlockingIOError):
        while part := os.read(reader, _CHUNK):
            text += part
            if len(text) > limit:
                raise ChildError(f"wrote more than {limit} bytes")
        return False
    return True

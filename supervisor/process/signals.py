"""Signals are waited for; they interrupt nothing.

They are blocked in every thread, and the main thread takes them with ``wait``. So no handler runs in the middle of
something, a signal that comes early is kept, and a thousand signals of a kind are one.
"""

from __future__ import annotations

import signal

WANTED = frozenset((signal.SIGHUP, signal.SIGTERM, signal.SIGINT))


def block() -> None:
    """Call it first, before threads and heavy imports: until then a SIGHUP ends the process."""
    signal.pthread_sigmask(signal.SIG_BLOCK, WANTED)


def wait(timeout: float | None) -> signal.Signals | None:
    """The next of the blocked signals, or None after ``timeout`` seconds (None: without end)."""
    if timeout is None:
        return signal.Signals(signal.sigwait(WANTED))
    info = signal.sigtimedwait(WANTED, max(0.0, timeout))
    return None if info is None else signal.Signals(info.si_signo)

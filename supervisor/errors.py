"""Every error this program raises on purpose, in one tree.

::

    SupervisorError                 "cannot X: why"
      ConfigError                   refuse to start (exit 78); on a reload the old settings stay
      NotPermittedError             a caller who may not write the outputs (exit 77); nothing was read or written
      InputError                    collected into Loaded.problems; never ends a pass
        UnreadableError             the bytes could not be had (it may pass)
        MalformedError              the bytes are no document (perhaps half-written)
        SchemaError                 a document of the wrong shape
      OutputError                   the pass is not durable: retried, the checkpoint is not advanced
        EventLogError
        CheckpointError
          LockedError               another supervisor holds this checkpoint (exit 75)
      ChildError                    another program could not be started, or was ended by us
      SourceError                   a look at an engine failed: what it runs is unknown, and the other sources go on
        AwayError                   it may be back in a moment: asked again within the same look
      ObserverError                 a document of the observer cannot be written; the next look tries again
      DraftError                    an inventory cannot be drafted, or not be written
      InvariantError                our own fault: the pass is dropped and logged with its traceback
"""

from __future__ import annotations


class SupervisorError(Exception):
    """Base of all errors raised on purpose; the message reads "cannot X: why"."""


class ConfigError(SupervisorError):
    """A setting cannot be used. The message names the key, its source and the fix."""


class NotPermittedError(SupervisorError):
    """The caller may not write an output. The message has the way out."""


class InputError(SupervisorError):
    """An input cannot be used. ``line`` and ``column`` are 1-based, or None where there is no place."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class UnreadableError(InputError):
    """The bytes of a file could not be had: permission, a FIFO, too large, changing while read."""


class MalformedError(InputError):
    """The bytes are no YAML or JSON document, or break a guard (depth, aliases, duplicate keys)."""


class SchemaError(InputError):
    """A well-formed document has the wrong shape; ``pointer`` is the JSON pointer of the offending value."""

    def __init__(self, message: str, pointer: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message, line, column)
        self.pointer = pointer


class OutputError(SupervisorError):
    """Something could not be written durably."""


class EventLogError(OutputError):
    """The event log cannot be opened safely, read or appended to."""


class CheckpointError(OutputError):
    """The checkpoint cannot be opened safely, read or replaced."""


class LockedError(CheckpointError):
    """Another supervisor holds the checkpoint."""


class ChildError(SupervisorError):
    """Another program cannot be started, did not end in time or wrote too much; the message reads on after its name."""


class SourceError(SupervisorError):
    """What a source of observations runs cannot be told; the message reads on after the source's name."""


class AwayError(SourceError):
    """A source does not answer now, as when it is being restarted; asking again in a moment may help."""


class ObserverError(SupervisorError):
    """A document of the observer cannot be written."""


class DraftError(SupervisorError):
    """A first inventory cannot be drafted, or not be written."""


class InvariantError(SupervisorError):
    """A promise between our own parts does not hold: a bug."""

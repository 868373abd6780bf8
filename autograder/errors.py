"""Every error that the harness raises on purpose.

::

    AutograderError
    ├── UsageError                an argument or a file of the assignment is unusable     exit code 2
    │   └── RubricError           rubric.yaml: path, line and what is wrong
    ├── SubmissionRejected        the submission cannot be read at all                    exit code 2
    └── HarnessFault              our own failure: no score is issued                     exit code 3
        ├── SandboxUnavailable    no isolation can be had here
        └── SandboxFault          the sandbox broke for a reason that is not the student's
"""

from __future__ import annotations

from pathlib import Path


class AutograderError(Exception):
    """Base class; `exit_code` is what the command line returns."""

    exit_code = 3


class UsageError(AutograderError):
    """An argument, or a file of the assignment, cannot be used. The message says which, where and what to do."""

    exit_code = 2


class RubricError(UsageError):
    """`rubric.yaml` is wrong at a known line."""

    def __init__(self, path: Path | str, line: int | None, message: str) -> None:
        self.path = Path(path)
        self.line = line
        self.message = message
        place = f"{self.path.name}:{line}" if line is not None else self.path.name
        super().__init__(f"{place}: {message}")


class SubmissionRejected(AutograderError):
    """The submission as a whole cannot be read. The message is one that a student understands."""

    exit_code = 2


class HarnessFault(AutograderError):
    """Our own failure. Never a student's zero: the record has status `error` and no score."""

    exit_code = 3


class SandboxUnavailable(HarnessFault):
    """No isolation can be had on this machine; the message says what to install or to switch on."""


class SandboxFault(HarnessFault):
    """The sandbox failed for a reason that is not the student's (it could not be started, or its root died)."""


def in_words(error: BaseException) -> str:
    """Return why a file could not be used, without the number that the system has for it."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__

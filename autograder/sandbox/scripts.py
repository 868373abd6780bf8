"""A file of the submission run as a script: what is asked, and what comes back. Used with a sandbox and without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from autograder.outcomes import FailureKind
from autograder.sandbox.inside.scripts import MOST_BYTES, MOST_FILES, MOST_NAMED, is_plain_path
from autograder.sandbox.inspection import Inspect, Inspected
from autograder.sandbox.questions import Answer, Question, Refusal

_TEXT, _NAME, _LINES = 2000, 200, 20
_GIVEN_FILES, _GIVEN_BYTES, _ARGUMENTS = 100, 64 * 2**20, 100


@dataclass(frozen=True)
class RunScript:
    """A question that runs `python path argv...` in a folder which holds the submission.

    Attributes:
        path: The file, relative to the submission; a bare name is looked for in its folders, too.
        argv: Arguments after the file's name.
        files: Written into the folder first: relative POSIX name -> content.
        seconds: Limit in seconds of computing, where it differs from the sandbox's.
        seed: Seeds the global generators. On a student's own machine nothing does.

    Raises:
        ValueError: A name is absolute, has `..` in it or is not plain text, or there is too much of something.
    """

    path: str
    argv: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    seconds: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in (self.path, *self.files):
            if not is_plain_path(name):
                raise ValueError(f"{name!r} is not a name inside a folder: use a relative path without `..`")
        size = sum(map(len, self.files.values()))
        if len(self.files) > _GIVEN_FILES or size > _GIVEN_BYTES or len(self.argv) > _ARGUMENTS:
            raise ValueError(
                f"a script is given at most {_GIVEN_FILES} files, {_GIVEN_BYTES // 2**20} MiB and {_ARGUMENTS} arguments"
            )

    def found_in(self, paths: Sequence[str]) -> str | None:
        """Return which of a submission's files is meant: the very path, or the one nearest to the top that ends in it."""
        if self.path in paths:
            return self.path
        ending = [path for path in paths if path.endswith(f"/{self.path}")]
        return min(ending, key=lambda path: (path.count("/"), path), default=None)

    def missing(self) -> Refusal:
        """Return what is said where there is no such file."""
        return Refusal(FailureKind.MISSING, f"there is no file `{self.path}` in the submission")


@dataclass(frozen=True)
class ScriptAnswer:
    """How a script ended. Said by the submission's process, as everything that comes back.

    Attributes:
        exit_code: As the shell would see it: 1 after an exception.
        message: What `sys.exit("...")` or the exception said.
        exception: Type of the exception, if there was one.
        lines: The student's lines of the traceback.
        printed: Both streams together, shortened.
        files: Files that were made or changed: relative POSIX name -> content.
        left_out: Name -> size in bytes of those that are too many or too large.
        seconds: Wall-clock time measured outside.
    """

    exit_code: int
    message: str = ""
    exception: str = ""
    lines: tuple[str, ...] = ()
    printed: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    left_out: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@runtime_checkable
class AskedMore(Protocol):
    """Whatever can be asked about objects and scripts, too."""

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question."""
        ...

    def inspect(self, question: Inspect) -> Inspected | Refusal:
        """Ask what an object looks like."""
        ...

    def run_script(self, question: RunScript) -> ScriptAnswer | Refusal:
        """Run a file of the submission as a script."""
        ...


def script_answer_of(message: Mapping[str, Any], seconds: float, printed: str) -> ScriptAnswer:
    """Return what an "ended" message says.

    Raises:
        LookupError, TypeError, ValueError: A field is missing, of the wrong type, or larger than an honest worker sends.
    """
    files, left_out, lines = message["files"], message["left_out"], message["lines"]
    _require(type(message["exit_code"]) is int and 0 <= message["exit_code"] <= 255, "an exit code is a byte")
    _require(type(files) is dict and len(files) <= MOST_FILES, "files are a bounded map")
    _require(type(left_out) is dict and len(files) + len(left_out) <= MOST_NAMED, "left_out is a bounded map")
    _require(all(map(is_plain_path, [*files, *left_out])), "a file has a plain relative name")
    _require(all(type(data) is bytes for data in files.values()), "a file's content is bytes")
    _require(sum(map(len, files.values())) <= MOST_BYTES, "files have bounded sizes")
    _require(all(type(size) is int and 0 <= size < 2**60 for size in left_out.values()), "a size is a number")
    _require(type(lines) is list and all(type(line) is str for line in lines[:_LINES]), "lines are texts")
    return ScriptAnswer(
        exit_code=message["exit_code"],
        message=_text(message["message"], _TEXT),
        exception=_text(message["exception"], _NAME),
        lines=tuple(line[: 2 * _NAME] for line in lines[:_LINES]),
        printed=printed,
        files=files,
        left_out=left_out,
        seconds=seconds,
    )


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


def _text(value: Any, longest: int) -> str:
    _require(type(value) is str, "a text is a text")
    return str(value[:longest])

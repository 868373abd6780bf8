"""`answers.yaml` as a student handed it in: task -> question -> what was written, with lines. Hostile input, never converted.

What is wrong with one answer costs that answer; only a file that is no YAML at all is not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autograder.assignment.answer_kinds import LONGEST, Written
from autograder.assignment.plain_yaml import Node, PlainYamlError, Scalar, Table, parse_plain
from autograder.records import DataFile

FILE = "answers.yaml"
FILES = (FILE, "answers.yml")
"""Names under which answers are looked for, the first one first."""
MOST_BYTES = 64 * 1024
"""The largest `answers.yaml`; a page of answers has 2 kB."""
_DEEPEST = 4
_MOST_ENTRIES = 5_000
_MOST_ITEMS = 64


@dataclass(frozen=True)
class Given:
    """What stands in `answers.yaml` for one question.

    Attributes:
        line: Where.
        written: The answer; None where nothing is said (`null`, or no text).
        fault: Why it can be no answer at all, as a sentence that begins with small letters.
    """

    line: int
    written: Written | None = None
    fault: str = ""


@dataclass(frozen=True)
class GivenTask:
    """What stands there for one task; `fault` says why none of it can be read."""

    line: int
    answers: Mapping[str, Given] = field(default_factory=dict)
    fault: str = ""


@dataclass(frozen=True)
class HandedIn:
    """All answers of a submission.

    Attributes:
        path: The file they stand in; None if there is none.
        tasks: By task id.
        problem: Why nothing of the file can be read, as a sentence with the line.
    """

    path: str | None = None
    tasks: Mapping[str, GivenTask] = field(default_factory=dict)
    problem: str = ""


def find_answers(files: Sequence[DataFile]) -> DataFile | None:
    """The file with the answers: the one nearest to the top, `answers.yaml` before `answers.yml`; None if there is none."""
    named = [
        (file.path.count("/"), FILES.index(name), file.path, file) for file in files if (name := _name(file)) in FILES
    ]
    return min(named, key=lambda entry: entry[:3])[3] if named else None


def _name(file: DataFile) -> str:
    return file.path.rpartition("/")[2].lower()


def read_handed_in(files: Sequence[DataFile]) -> HandedIn:
    """The answers among the files of a submission."""
    file = find_answers(files)
    return HandedIn() if file is None else parse_handed_in(file.data, file.path)


def parse_handed_in(data: bytes, path: str = FILE) -> HandedIn:
    """The answers in `data`. Never raises, whatever the file holds."""
    if len(data) > MOST_BYTES:
        problem = f"{path} has {len(data):,} bytes; the limit is {MOST_BYTES:,}. Hand in the answers only."
        return HandedIn(path, problem=problem)
    try:
        tree = parse_plain(_decoded(data), deepest=_DEEPEST, longest=MOST_BYTES)
    except PlainYamlError as error:
        return HandedIn(path, problem=f"{path} could not be read: {error}.")
    if tree is None or (isinstance(tree, Scalar) and tree.empty):
        return HandedIn(path)
    if not isinstance(tree, Table) or len(tree.entries) > _MOST_ENTRIES:
        return HandedIn(
            path, problem=f"{path} could not be read: it should say `task:` and below it `question: answer`."
        )
    tasks: dict[str, GivenTask] = {}
    for key, node in tree.entries:
        before = tasks.get(key.text)
        tasks[key.text] = _task(key, node) if before is None else _twice_task(before, key)
    return HandedIn(path, tasks)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))  # what Notepad calls Unicode
        return data.decode("utf-16", "replace") if wide else data.decode("latin-1")


def _task(key: Scalar, node: Node) -> GivenTask:
    if isinstance(node, Scalar) and node.empty:
        return GivenTask(key.line)
    if not isinstance(node, Table):
        return GivenTask(
            key.line, fault=f"line {key.line}: below this name should stand `question: answer`, line by line"
        )
    answers: dict[str, Given] = {}
    for name, value in node.entries:
        before = answers.get(name.text)
        twice = f"it is answered twice, in lines {before.line} and {name.line}; which one counts?" if before else ""
        answers[name.text] = Given(name.line, fault=twice) if twice else _given(name.line, value)
    return GivenTask(key.line, answers)


def _twice_task(before: GivenTask, key: Scalar) -> GivenTask:
    fault = f"lines {before.line} and {key.line}: the task stands there twice; write all its answers in one place"
    return GivenTask(before.line, fault=fault)


def _given(line: int, node: Node) -> Given:
    if isinstance(node, Table):
        return Given(line, fault="a single value is expected, not a map (`name: value`)")
    if isinstance(node, Scalar):
        if len(node.text) > LONGEST:
            return Given(line, fault=f"it has {len(node.text):,} characters; the limit is {LONGEST:,}")
        return Given(line, None if node.empty else node.text)
    if len(node.items) > _MOST_ITEMS or not all(
        isinstance(item, Scalar) and len(item.text) <= LONGEST for item in node.items
    ):
        return Given(line, fault=f"a list of at most {_MOST_ITEMS} short values is expected")
    return Given(line, tuple(item.text for item in node.items if isinstance(item, Scalar)))

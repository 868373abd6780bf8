"""Short answers: the sheet of right ones (`reference/answers/<task>.yaml`), `answers.yaml` of a student, and what is right.

Judging is pure: `judge(question, given)` says passed or failed, and no message of it says what would have been right.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment.answer_kinds import (
    AnswerKind,
    Choice,
    Misread,
    Number,
    Truth,
    Whole,
    Words,
    Written,
    exact,
    shorten,
)
from autograder.assignment.answers_given import FILE, FILES, Given, GivenTask, HandedIn, parse_handed_in, read_handed_in
from autograder.assignment.plain_yaml import Items, Node, PlainYamlError, Scalar, Table, parse_plain
from autograder.errors import RubricError
from autograder.outcomes import Evidence, FailureKind, Judged, Outcome

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_KINDS = ("number", "choice", "list", "truth", "text")
_FIELDS = ("prompt", "answer", "tolerance", "unit", "choices", "kind", "help")
_MOST_SHOWN = 200

__all__ = [
    "FILE",
    "FILES",
    "AnswerQuestion",
    "AnswerSheet",
    "Given",
    "GivenTask",
    "HandedIn",
    "answers_template",
    "judge",
    "judge_sheet",
    "load_sheet",
    "parse_handed_in",
    "parse_sheet",
    "read_handed_in",
    "strays",
]


@dataclass(frozen=True)
class AnswerQuestion:
    """One question: a check that is named by its key and titled by its prompt."""

    key: str
    prompt: str
    kind: AnswerKind
    help: str = ""


@dataclass(frozen=True)
class AnswerSheet:
    """The questions of one task, in order, with the right answers."""

    task: str
    questions: tuple[AnswerQuestion, ...]
    intro: str = ""


# ------------------------------------------------------------------------------------------------ the right answers


def load_sheet(path: Path) -> AnswerSheet:
    """Read `reference/answers/<task>.yaml`.

    Raises:
        RubricError: With the line, for anything that is wrong with it.
    """
    try:
        return parse_sheet(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise RubricError(path, None, f"cannot be read: {error}") from None


def parse_sheet(text: str, path: Path) -> AnswerSheet:
    """Return the sheet in `text`; the task is the file's name without its ending.

    Raises:
        RubricError: With the line, for anything that is wrong with it.
    """
    try:
        tree = parse_plain(text)
    except PlainYamlError as error:
        raise RubricError(path, error.line, error.message) from None
    sheet = _Fields(tree, path, "a sheet of answers", ("intro", "questions"))
    questions = sheet.node("questions")
    if not isinstance(questions, Table) or not questions.entries:
        raise RubricError(path, sheet.line("questions"), "questions is a map: name -> {prompt, answer, ...}")
    _refuse_twice(questions, path)
    found = tuple(_question(key, node, path) for key, node in questions.entries)
    return AnswerSheet(path.stem, found, sheet.text("intro"))


class _Fields:
    """The fields of one map of a sheet; complains with the line of the field."""

    def __init__(self, node: Node | None, path: Path, what: str, known: Sequence[str]) -> None:
        self.path, self.what = path, what
        if not isinstance(node, Table):
            raise RubricError(path, 1 if node is None else node.line, f"{what} is a map with {', '.join(known)}")
        _refuse_twice(node, path)
        for key, _ in node.entries:
            if key.text not in known:
                raise RubricError(path, key.line, f"{what} has no field {key.text!r}; known are: {', '.join(known)}")
        self._table = node
        self._nodes = {key.text: value for key, value in node.entries}
        self._lines = {key.text: key.line for key, _ in node.entries}

    def node(self, name: str) -> Node | None:
        """The field, None if it is not there or empty."""
        node = self._nodes.get(name)
        return None if isinstance(node, Scalar) and node.empty else node

    def line(self, name: str) -> int:
        """Where the field stands, or the map if it is not there."""
        return self._lines.get(name, self._table.line)

    def text(self, name: str, needed: bool = False) -> str:
        """A field that is one text; `""` if it is not there."""
        node = self.node(name)
        if node is None and not needed:
            return ""
        if not isinstance(node, Scalar):
            raise self.wrong(name, f"{name} is a text")
        return " ".join(node.text.split())

    def texts(self, name: str) -> tuple[str, ...]:
        """A field that is a list of texts."""
        node = self.node(name)
        if not isinstance(node, Items) or not all(isinstance(item, Scalar) and not item.empty for item in node.items):
            raise self.wrong(name, f"{name} is a list of texts")
        return tuple(" ".join(item.text.split()) for item in node.items if isinstance(item, Scalar))

    def wrong(self, name: str, message: str) -> RubricError:
        """The complaint about a field."""
        return RubricError(self.path, self.line(name), f"{self.what}: {message}")


def _refuse_twice(table: Table, path: Path) -> None:
    for key in table.twice():
        raise RubricError(path, key.line, f"{key.text!r} stands twice")


def _question(key: Scalar, node: Node, path: Path) -> AnswerQuestion:
    if not _KEY.fullmatch(key.text):
        message = f"{key.text!r} is no name of a question: letters, numerals, _ and -, a letter first"
        raise RubricError(path, key.line, message)
    fields = _Fields(node, path, key.text, _FIELDS)
    kind = fields.text("kind") or _inferred(fields)
    if kind not in _KINDS:
        raise fields.wrong("kind", f"there is no kind {kind!r}; known are: {', '.join(_KINDS)}")
    for name, owner in (("tolerance", "number"), ("unit", "number"), ("choices", "choice")):
        if fields.node(name) is not None and kind != owner:
            raise fields.wrong(name, f"{name} belongs to the kind {owner}, and this is of the kind {kind}")
    made = {"number": _number, "choice": _choice, "list": _whole, "truth": _truth, "text": _words}[kind](fields)
    return AnswerQuestion(key.text, fields.text("prompt", needed=True), made, fields.text("help"))


def _inferred(fields: _Fields) -> str:
    """The kind that choices, and otherwise the look of the answer, speak for."""
    answer = fields.node("answer")
    if answer is None:
        raise fields.wrong("answer", "answer is missing")
    if fields.node("choices") is not None:
        return "choice"
    if isinstance(answer, Items):
        if any(not isinstance(item, Scalar) or not re.fullmatch(r"[+-]?\d+", item.text) for item in answer.items):
            raise fields.wrong("answer", "a list of texts needs `kind: text`: each of them is right")
        return "list"
    if isinstance(answer, Scalar) and answer.plain:
        if answer.text in ("true", "false", "True", "False"):
            return "truth"
        if _is_number(answer.text):
            return "number"
    raise fields.wrong("answer", "a text needs `choices: [...]` or `kind: text`")


def _is_number(text: str) -> bool:
    try:
        exact(text)
    except ValueError:
        return False
    return True


def _number(fields: _Fields) -> AnswerKind:
    text = fields.text("answer", needed=True)
    if not _is_number(text):
        raise fields.wrong("answer", f"{text!r} is not a number such as 0.618, 1/2 or 3e-4")
    answer, written = exact(text), fields.text("tolerance")
    if not written and answer.denominator != 1 and "/" not in text:
        raise fields.wrong("answer", "a decimal needs a tolerance, such as 0.005 or 1 %")
    relative = written.endswith("%")
    size = written.removesuffix("%").strip() or "0"
    if not _is_number(size) or exact(size) < 0:
        raise fields.wrong("tolerance", f"{written!r} is not a tolerance such as 0.005 or 1 %")
    if relative and answer == 0:
        raise fields.wrong("tolerance", f"{written} of 0 is 0; say how far off an answer may be, such as 0.005")
    tolerance = abs(answer) * exact(size) / 100 if relative else exact(size)
    return Number(answer, tolerance, fields.text("unit"))


def _choice(fields: _Fields) -> AnswerKind:
    choices, answer = fields.texts("choices"), fields.text("answer", needed=True)
    folded = [shorten(choice).casefold() for choice in choices]
    if len(set(folded)) < len(folded) or len(folded) < 2:
        raise fields.wrong("choices", "choices are at least two words that differ in more than case and space")
    if answer not in choices:
        raise fields.wrong("answer", f"{answer!r} is none of the choices: {', '.join(choices)}")
    return Choice(answer, choices)


def _whole(fields: _Fields) -> AnswerKind:
    node = fields.node("answer")
    items = [item.text for item in node.items if isinstance(item, Scalar)] if isinstance(node, Items) else []
    if (
        not isinstance(node, Items)
        or len(items) < len(node.items)
        or not all(re.fullmatch(r"[+-]?\d{1,18}", item) for item in items)
    ):
        raise fields.wrong("answer", "answer is a list of whole numbers, such as [3, 2]")
    return Whole(tuple(int(item) for item in items))


def _truth(fields: _Fields) -> AnswerKind:
    text = fields.text("answer", needed=True).lower()
    if text not in ("true", "false"):
        raise fields.wrong("answer", "answer is true or false")
    return Truth(text == "true")


def _words(fields: _Fields) -> AnswerKind:
    one = isinstance(fields.node("answer"), Scalar)
    answers = (fields.text("answer"),) if one else fields.texts("answer")
    if not answers:
        raise fields.wrong("answer", "answer is a text or a list of texts, each of them right")
    return Words(answers)


# ------------------------------------------------------------------------------------------------------------ judging


def judge(question: AnswerQuestion, given: Given | None) -> Judged:
    """Return what is to be said of one answer; None where the question does not occur in what was handed in."""
    nothing = (None,) if isinstance(question.kind, Whole) else (None, ())
    if given is None or (given.written in nothing and not given.fault):
        return _failed(question, FailureKind.MISSING, "not answered yet")
    if given.written is None:
        return _failed(question, FailureKind.CONTRACT, f"line {given.line}: {given.fault}")
    shown = _shown(given.written)
    evidence = Evidence(got=shown)
    try:
        right = question.kind.is_right(given.written)
    except Misread as misread:
        message = f"line {given.line}, `{shown}`: {misread}"
        return _failed(question, FailureKind.CONTRACT, message, evidence)
    if not right:
        message = f"line {given.line}: the answer `{shown}` is not right"
        return _failed(question, FailureKind.VALUE, message, evidence, question.help)
    return Judged(question.key, question.prompt, Outcome.PASSED, evidence=evidence)


def judge_sheet(sheet: AnswerSheet, handed_in: HandedIn) -> tuple[Judged, ...]:
    """Return what is to be said of every question of a task, in the sheet's order."""
    if handed_in.path is None:
        return tuple(_failed(q, FailureKind.MISSING, f"{FILE} was not handed in") for q in sheet.questions)
    task = handed_in.tasks.get(sheet.task)
    problem = handed_in.problem or (task.fault if task is not None else "")
    if problem:
        return tuple(_failed(q, FailureKind.CONTRACT, problem) for q in sheet.questions)
    answers: Mapping[str, Given] = task.answers if task is not None else {}
    return tuple(judge(q, answers.get(q.key)) for q in sheet.questions)


def strays(sheets: Sequence[AnswerSheet], handed_in: HandedIn) -> tuple[str, ...]:
    """Return a sentence for every name in the file that no sheet knows, at most ten: a typo would look like no answer."""
    known = {sheet.task: [question.key for question in sheet.questions] for sheet in sheets}
    found = []
    for name, task in handed_in.tasks.items():
        if name not in known:
            found.append(f"line {task.line}: there is no task `{_shown(name)}`; known are: {', '.join(known)}")
            continue
        for key, given in task.answers.items():
            if key not in known[name]:
                listed = ", ".join(known[name])
                found.append(f"line {given.line}: {name} has no question `{_shown(key)}`; its questions are: {listed}")
    return tuple(found[:10])


def _failed(
    question: AnswerQuestion, kind: FailureKind, message: str, evidence: Evidence | None = None, help: str = ""
) -> Judged:
    return Judged(question.key, question.prompt, Outcome.FAILED, kind, message, help, evidence)


def _shown(written: Written) -> str:
    """What was written, on one line and short; without backticks, which reports take for the ends of code."""
    text = written if isinstance(written, str) else f"[{', '.join(written)}]"
    line = " ".join(text[: _MOST_SHOWN * 4].split()).replace("`", "'")
    return line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]}…"


# ----------------------------------------------------------------------------------------------------------- template


def answers_template(sheets: Sequence[AnswerSheet]) -> str:
    """Return the `answers.yaml` that students fill in: prompts as comments, `null` for every answer."""
    parts = ["# Your answers: write each one in place of `null`. Nothing else in this file needs to change.\n"]
    for sheet in sheets:
        lines = _comment(sheet.intro, "") if sheet.intro else []
        lines.append(f"{_name(sheet.task)}:")
        for question in sheet.questions:
            lines += _comment(f"{question.prompt} ({question.kind.expects()})", "  ")
            lines.append(f"  {question.key}: null")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def _name(task: str) -> str:
    """A task's id as a key of YAML."""
    return task if _KEY.fullmatch(task) else "'" + task.replace("'", "''") + "'"

"""The sheet of right answers, `reference/answers/<task>.yaml`: read once, and refused with the line of what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment.answer_kinds import (
    AnswerKind,
    Choice,
    Largest,
    Number,
    Numbers,
    Truth,
    Whole,
    Words,
    exact,
    shorten,
)
from autograder.assignment.plain_yaml import Items, Node, PlainYamlError, Scalar, Table, parse_plain
from autograder.errors import RubricError

KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_OWNERS = {
    "tolerance": ("number",),
    "unit": ("number", "numbers"),
    "choices": ("choice", "largest"),
    "count": ("numbers",),
    "of": ("largest",),
}
"""Fields that not every kind has."""
_FIELDS = ("prompt", "answer", "kind", "help", *_OWNERS)


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
    _require_numbers(found, {key.text: key.line for key, _ in questions.entries}, path)
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
    if not KEY.fullmatch(key.text):
        message = f"{key.text!r} is no name of a question: letters, numerals, _ and -, a letter first"
        raise RubricError(path, key.line, message)
    fields = _Fields(node, path, key.text, _FIELDS)
    kind = fields.text("kind") or _inferred(fields)
    if kind not in _MAKERS:
        raise fields.wrong("kind", f"there is no kind {kind!r}; known are: {', '.join(_MAKERS)}")
    for name, owners in _OWNERS.items():
        if fields.node(name) is not None and kind not in owners:
            raise fields.wrong(
                name, f"{name} belongs to the kind {' or '.join(owners)}, and this is of the kind {kind}"
            )
    if kind in ("numbers", "largest") and fields.node("answer") is not None:
        raise fields.wrong("answer", f"a question of the kind {kind} has no answer of its own")
    return AnswerQuestion(key.text, fields.text("prompt", needed=True), _MAKERS[kind](fields), fields.text("help"))


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


def _numbers(fields: _Fields) -> AnswerKind:
    count = fields.text("count") or "1"
    if not re.fullmatch(r"[1-9]|[12]\d|3[0-2]", count):
        raise fields.wrong("count", f"{count!r} is no whole number from 1 to 32")
    return Numbers(int(count), fields.text("unit"))


def _largest(fields: _Fields) -> AnswerKind:
    of = (fields.text("of"),) if isinstance(fields.node("of"), Scalar) else fields.texts("of")
    choices = fields.texts("choices")
    if len({shorten(choice).casefold() for choice in choices}) < len(choices):
        raise fields.wrong("choices", "choices are words that differ in more than case and space")
    return Largest(of, choices)


_MAKERS = {
    "number": _number,
    "choice": _choice,
    "list": _whole,
    "truth": _truth,
    "text": _words,
    "numbers": _numbers,
    "largest": _largest,
}
"""By kind: what makes it of the fields."""


def _require_numbers(questions: Sequence[AnswerQuestion], lines: Mapping[str, int], path: Path) -> None:
    """Refuse a comparison of what holds no numbers, or of more or fewer numbers than there are choices."""
    counts = {q.key: q.kind.count for q in questions if isinstance(q.kind, Numbers)}
    for question in questions:
        if not isinstance(question.kind, Largest):
            continue
        if unknown := [key for key in question.kind.of if key not in counts]:
            message = f"{question.key}: of names {unknown[0]!r}, which is no question of the kind numbers"
            raise RubricError(path, lines[question.key], message)
        count = sum(counts[key] for key in question.kind.of)
        if count != len(question.kind.choices) or count < 2:
            message = (
                f"{question.key}: {count} numbers are compared, and there are {len(question.kind.choices)} choices"
            )
            raise RubricError(path, lines[question.key], message)

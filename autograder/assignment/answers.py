"""Short answers: the sheet of right ones (`reference/answers/<task>.yaml`), `answers.yaml` of a student, and what is right.

Judging is pure: `judge(question, given)` says passed or failed, and no message of it says what would have been right.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from fractions import Fraction

from autograder.assignment.answer_kinds import (
    Largest,
    Misread,
    Numbers,
    Whole,
    Written,
)
from autograder.assignment.answer_sheets import KEY, AnswerQuestion, AnswerSheet, load_sheet, parse_sheet
from autograder.assignment.answers_given import FILE, FILES, Given, GivenTask, HandedIn, parse_handed_in, read_handed_in
from autograder.outcomes import Evidence, FailureKind, Judged, Outcome

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


def judge(question: AnswerQuestion, given: Given | None, numbers: tuple[Fraction, ...] | None = None) -> Judged:
    """Return what is to be said of one answer.

    Args:
        question: What was asked.
        given: What was written; None where the question does not occur in what was handed in.
        numbers: The student's own, for a question that compares them; None where they are missing.
    """
    nothing = (None,) if isinstance(question.kind, Whole) else (None, ())
    if given is None or (given.written in nothing and not given.fault):
        return _failed(question, FailureKind.MISSING, "not answered yet")
    if given.written is None:
        return _failed(question, FailureKind.CONTRACT, f"line {given.line}: {given.fault}")
    shown = _shown(given.written)
    evidence = Evidence(got=shown)
    try:
        if isinstance(question.kind, Largest) and numbers is not None:
            right = question.kind.agrees(given.written, numbers)
        else:
            right = question.kind.is_right(given.written)
    except Misread as misread:
        message = f"line {given.line}, `{shown}`: {misread}"
        return _failed(question, FailureKind.CONTRACT, message, evidence)
    if isinstance(question.kind, Largest) and numbers is None:
        message = f"line {given.line}: it is compared with your own numbers, and {' and '.join(question.kind.of)} cannot be read"
        return _failed(question, FailureKind.MISSING, message, evidence)
    if not right:
        message = f"line {given.line}: the answer `{shown}` is not right"
        if isinstance(question.kind, Largest):
            message = f"line {given.line}: the answer `{shown}` does not agree with your numbers in {' and '.join(question.kind.of)}"
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
    return tuple(judge(q, answers.get(q.key), _own_numbers(q, sheet, answers)) for q in sheet.questions)


def _own_numbers(
    question: AnswerQuestion, sheet: AnswerSheet, answers: Mapping[str, Given]
) -> tuple[Fraction, ...] | None:
    """Return the numbers that an answer is compared with; None if one of them is missing or cannot be read."""
    kinds = {q.key: q.kind for q in sheet.questions}
    numbers: list[Fraction] = []
    for key in question.kind.of if isinstance(question.kind, Largest) else ():
        kind, given = kinds[key], answers.get(key)
        if not isinstance(kind, Numbers) or given is None or given.written is None:
            return None
        try:
            numbers += kind.read(given.written)
        except Misread:
            return None
    return tuple(numbers)


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
    return task if KEY.fullmatch(task) else "'" + task.replace("'", "''") + "'"

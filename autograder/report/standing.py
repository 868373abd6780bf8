"""How a task stands, in words: the line of the overview, the line at its head, what recognised mistakes leave."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Literal

from autograder.records import CheckRecord, FailureKind, Outcome, TaskRecord
from autograder.report import text, words

Blocked = Literal["missing", "import"]


def blocked(task: TaskRecord) -> Blocked | None:
    """Whether every check failed for the same lack (or waits for one that did)."""
    if any(check.outcome not in (Outcome.FAILED, Outcome.SKIPPED) for check in task.checks):
        return None
    if any(check.carried_from is not None for check in task.checks):
        return None  # it is another function that is missing
    kinds = {check.kind for check in task.checks if check.outcome is Outcome.FAILED}
    if kinds == {FailureKind.MISSING}:
        return "missing"
    return "import" if kinds == {FailureKind.IMPORT} else None


def state(task: TaskRecord, lack: Blocked | None) -> str:
    """The one line that says how a task stands."""
    if lack == "import":
        return f"waits for `{task.file}`, which could not be imported"
    if lack:
        return words.failure(task.kind, FailureKind(lack))
    if task.kind == "answers" and task.outcome is not Outcome.ERROR:
        return _state_of_answers(task)
    if task.mistakes and task.outcome is not Outcome.ERROR:
        return " ".join(mistake.text for mistake in task.mistakes)
    counted = [check for check in task.checks if check.outcome is Outcome.PASSED]
    undecided = sum(check.outcome is Outcome.INCONCLUSIVE for check in task.checks)
    failed = [check for check in task.checks if check.outcome is Outcome.FAILED]
    own = [check for check in failed if check.carried_from is None]
    passes = f"{len(counted)} of {text.count(len(task.checks), 'check')} passed"
    if task.outcome is Outcome.ERROR:
        return "could not be graded: a fault of the grader"
    if own:
        return f"{_brief(task, own[0])}; {passes}"
    if failed:
        origins = " and ".join(dict.fromkeys(check.carried_from for check in failed if check.carried_from))
        return f"fails only because of {origins}; {passes}"
    if task.outcome is Outcome.SKIPPED:
        return f"not run, waits for something else; {passes}" if counted else "not run, waits for something else"
    if undecided:
        return f"{text.count(undecided, 'check')} could not be decided and {'waits' if undecided == 1 else 'wait'} for a person; {passes}"
    return "complete" if task.outcome is Outcome.PASSED else f"{words.OUTCOMES[task.outcome]}; {passes}"


def headline(task: TaskRecord, lack: Blocked | None) -> str:
    """The line at the head of a task's section: how grave what follows is."""
    if not task.mistakes or task.outcome is Outcome.ERROR:
        return state(task, lack)
    passed = sum(check.outcome is Outcome.PASSED for check in task.checks)
    grave = " and ".join(dict.fromkeys(words.SEVERITIES[mistake.severity] for mistake in task.mistakes))
    return f"{grave}; {passed} of {text.count(len(task.checks), 'check')} passed"


def _brief(task: TaskRecord, check: CheckRecord) -> str:
    """What is wrong in a few words: `gradient not finite`."""
    if not words.has_code(task.kind) or check.kind not in (FailureKind.VALUE, FailureKind.CONTRACT):
        return words.failure(task.kind, check.kind)
    return check.brief or words.failure(task.kind, check.kind)


def _state_of_answers(task: TaskRecord) -> str:
    """`complete`, or `2 of 5 answers right, 1 not answered yet`."""
    right = sum(check.outcome is Outcome.PASSED for check in task.checks)
    if right == len(task.checks):
        return "complete"
    open_ = sum(check.kind is FailureKind.MISSING for check in task.checks)
    unanswered = f", {open_} {words.failure(task.kind, FailureKind.MISSING)}" if open_ else ""
    return f"{right} of {text.count(len(task.checks), 'answer')} right{unanswered}"


def look(task: TaskRecord) -> str:
    """The symbol and colour of a task: no red cross where nothing but form is wrong, or beside full points."""
    only_form = bool(task.mistakes) and all(mistake.severity == "form" for mistake in task.mistakes)
    return "form" if task.outcome is Outcome.FAILED and (only_form or task.points == task.max_points) else task.outcome


def price(task: TaskRecord) -> str:
    """`a slip keeps 60 %`; with several mistakes what each keeps, and what that comes to."""
    try:
        credits = [Decimal(mistake.credit) for mistake in task.mistakes]
    except InvalidOperation:
        return ""
    parts = [
        f"{words.SEVERITIES[mistake.severity]} keeps {_whole(credit)}"
        for mistake, credit in zip(task.mistakes, credits, strict=True)
    ]
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts)}: together {_whole(math.prod(credits))}"


def _whole(credit: Decimal | int) -> str:
    """A share in whole per cent, or with one place where it needs it: `60 %`."""
    return f"{(Decimal(credit) * 100).quantize(Decimal('0.1'), rounding=ROUND_HALF_UP).normalize():f} %"

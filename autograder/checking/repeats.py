"""Asking again: what a function returns must not depend on what was asked before.

Where a check has found a value right, a secret share of its questions is asked again when all checks have ended: in another order, in
a fresh worker, and one question of every task many times in a row. A function that counts its calls, or answers from what it
remembers, gives another value there. Only functions that take no generator are asked, and only right values are: an answer that
has noise of its own within the tolerance agrees again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import torch

from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, CheckStopped
from autograder.checking.objects import MethodCase, ScriptCase
from autograder.checking.results import CheckResult, Context
from autograder.checking.student import Student
from autograder.outcomes import FailureKind, Outcome
from autograder.sandbox.questions import Asked

TIMES = 50
"""How often one question of every task is asked in a row."""
_SHARE, _LEAST = 10, 2
_DECIDES = frozenset({FailureKind.VALUE, FailureKind.CONTRACT, FailureKind.EXCEPTION})
"""What fails a check: running out of time or memory may have other reasons the second time."""
_HELP = "A result may depend on the arguments alone: look for counters, caches and globals that a call changes."

Fresh = Callable[[], AbstractContextManager[Asked]]
"""Returns the submission in a worker that was asked nothing yet."""


@dataclass(frozen=True)
class _Agreed:
    """A call whose value was right."""

    check_id: str
    case: Case
    expected: Any
    finite: bool
    times: int = 1


class Repeats:
    """The calls of one submission whose values were right, and what becomes of some of them when they are asked again."""

    def __init__(self) -> None:
        self._agreed: dict[str, list[_Agreed]] = {}

    def note(self, student: Student, check_id: str, case: Case, expected: Any, finite: bool) -> None:
        """Remember a call of a check whose value was right, where asking again can show anything."""
        if isinstance(case, MethodCase | ScriptCase):
            return  # an object is no more there
        if all(parameter.name != "generator" for parameter in student.contract_of(case).parameters):
            agreed = _Agreed(check_id, case, expected, finite)
            self._agreed.setdefault(check_id.partition(".")[0], []).append(agreed)

    def settle(self, context: Context, results: Mapping[str, CheckResult], fresh: Fresh) -> None:
        """Ask again, and fail the checks whose calls give another value; one that does so once only is left alone.

        Raises:
            SandboxFault: The sandbox is broken.
        """
        chosen = [agreed for agreed in self._chosen(context) if results[agreed.check_id].outcome is Outcome.PASSED]
        failures = _failures(context, chosen, fresh)
        if failures:
            again = _failures(context, chosen, fresh)
            failures = {check_id: failure for check_id, failure in failures.items() if check_id in again}
        for check_id, failure in failures.items():
            _fail(results[check_id], failure)

    def _chosen(self, context: Context) -> list[_Agreed]:
        """Return a share of the calls of every task, shuffled; which ones hangs on the secret that its questions hang on."""
        chosen = []
        for task, agreed in self._agreed.items():
            generator = random.Random(f"{context.seed_of(task)}/again")  # noqa: S311 -- no more secret than its seed
            picked = generator.sample(agreed, min(len(agreed), max(_LEAST, len(agreed) // _SHARE)))
            smallest = min(picked, key=lambda one: _size(one.case))
            chosen += [*picked, replace(smallest, times=TIMES)]
        random.Random(f"{sorted(map(context.seed_of, self._agreed))}").shuffle(chosen)  # noqa: S311
        return chosen


def _size(case: Case) -> int:
    return sum(tensor.numel() for tensor in case.tensors().values())


def _failures(context: Context, chosen: list[_Agreed], fresh: Fresh) -> dict[str, CheckFailed]:
    """Return by check what was wrong first when its calls were asked again, all in one fresh worker."""
    found: dict[str, CheckFailed] = {}
    if not chosen:
        return found
    with fresh() as asked:
        for agreed in chosen:
            salt = context.seed_of(agreed.check_id.partition(".")[0])
            student = Student(asked, context.report, context.contract, agreed.check_id, salt)
            try:
                _require_again(student, agreed)
            except (CheckFailed, CheckStopped) as error:
                failure = error.failure if isinstance(error, CheckStopped) else error
                if failure.kind in _DECIDES:
                    found.setdefault(agreed.check_id, _worded(student, agreed, failure))
    return found


def _require_again(student: Student, agreed: _Agreed) -> None:
    if agreed.times == 1:
        student.agrees(agreed.case, agreed.expected, finite=agreed.finite)
        return
    answer = student.ask(agreed.case, repeat=agreed.times)
    rows = answer.value
    if answer.modified:
        return  # every call got what the one before had made of the arguments: that is charged as what it is
    if not isinstance(rows, list | torch.Tensor) or len(rows) != agreed.times:
        return  # results that cannot be told apart: the single question has asked for one
    for row in (rows[0], rows[agreed.times - 1]):
        student.require_agreement(agreed.case, replace(answer, value=row), agreed.expected, finite=agreed.finite)


def _worded(student: Student, agreed: _Agreed, failure: CheckFailed) -> CheckFailed:
    """Return the failure with the words that say what was asked."""
    name = student.called(agreed.case)
    when = "once" if agreed.times == 1 else f"{agreed.times} times"
    message = f"`{name}` gave the right value first, but the same call gave another one when it was made {when} in a fresh process"
    brief = "depends on earlier calls"
    return CheckFailed(FailureKind.VALUE, message, help=_HELP, evidence=failure.evidence, brief=brief)


def _fail(result: CheckResult, failure: CheckFailed) -> None:
    result.outcome, result.kind = Outcome.FAILED, failure.kind
    result.message, result.help, result.brief = failure.message, failure.help, failure.brief
    result.evidence = failure.evidence
    result.again = (
        None  # asked once more it would pass, whichever functions were stood in for: it is nobody else's fault
    )

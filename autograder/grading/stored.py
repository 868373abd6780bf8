"""Results that still hold: tasks of an earlier grading whose questions would be the same ones, with the same answers.

A task's results are taken over when the submission, the engine, the libraries and the limits are the same, and what the task and
the tasks that it is built from are made of (their digests); where something failed, the named mistakes as well. Points, weights
and titles may have changed: they are computed anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from autograder.assignment.kinds import KINDS
from autograder.assignment.loading import Assignment
from autograder.assignment.prices import Mistake
from autograder.assignment.rubric import Rubric, TaskRule
from autograder.checking.results import CheckResult
from autograder.diagnosis.carry import collaborators_of
from autograder.grading.provenance import provenance_of
from autograder.outcomes import Outcome
from autograder.records import CheckRecord, GradeRecord, MistakeRecord, Submission, TaskRecord

_SAME = ("submission_sha256", "engine_sha256", "versions", "limits")


@dataclass(frozen=True)
class _Named:
    """A diagnosis that was made before."""

    options: tuple[tuple[Mistake, ...], ...]
    text: str


def still_holding(
    earlier: GradeRecord, assignment: Assignment, rubric: Rubric, submission: Submission
) -> dict[str, CheckResult]:
    """Return the results of an earlier grading that hold for this one, by check id, for whole tasks."""
    now = provenance_of(submission, assignment, rubric)
    if earlier.status != "graded" or any(earlier.provenance.get(name) != now[name] for name in _SAME):
        return {}
    before = {task.id: task for task in earlier.tasks}
    if earlier.provenance.get("names_sha256") != now["names_sha256"]:
        before = {task_id: task for task_id, task in before.items() if task.outcome is Outcome.PASSED}
    uses = collaborators_of(rubric.tasks, assignment.graph)
    found: dict[str, CheckResult] = {}
    for task in rubric.tasks:
        parts = (task.id, *uses.get(task.id, ()))
        if (
            KINDS[task.kind].asked
            and _unchanged(parts, before, assignment.digests)
            and _complete(task, before[task.id])
        ):
            found |= {check.id: _result(check) for check in before[task.id].checks}
    return found


def _unchanged(parts: Sequence[str], before: Mapping[str, TaskRecord], digests: Mapping[str, str]) -> bool:
    return all(part in before and before[part].digest == digests[part] for part in parts)


def _complete(task: TaskRule, record: TaskRecord) -> bool:
    """Whether a record has every check that is weighed now, and none broke or needs what a record does not hold."""
    kept = {check.id for check in record.checks if check.outcome is not Outcome.ERROR}
    trains = KINDS[task.kind].budget == "training_budgets"  # its curves and figures are made by training
    return not trains and {f"{task.id}.{check.name}" for check in task.checks} <= kept


def _result(check: CheckRecord) -> CheckResult:
    return CheckResult(
        check.id,
        check.title,
        check.visibility,
        check.outcome,
        check.kind,
        check.message,
        check.help,
        check.evidence,
        _Named(tuple(tuple(map(_mistake, option)) for option in check.options), check.misconception_text)
        if check.options
        else None,
        waits_for=check.waits_for,
        carried_from=check.carried_from,
        lines=check.traceback,
        printed=check.printed,
        given=check.given,
        brief=check.brief,
        forms=check.forms,
        coerced=dict.fromkeys(check.coerced, ""),
    )


def _mistake(record: MistakeRecord) -> Mistake:
    return Mistake(record.name, record.text, record.severity, Decimal(record.credit) if record.credit else None)

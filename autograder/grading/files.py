"""What is judged by the files of a submission alone: answers, documents. No function is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograder.assignment.kinds import KINDS, Work
from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import Rubric, TaskRule
from autograder.checking.results import CheckResult
from autograder.records import Submission
from autograder.sandbox.readers import count_pages


def work_of(submission: Submission, assignment: Assignment, rubric: Rubric, backend: Any) -> Work:
    """Return what was handed in beside Python; `backend` is where documents are read."""
    return Work(
        files=submission.files,
        sheets=assignment.sheets,
        count_pages=lambda data: count_pages(backend, data, rubric.budgets),
    )


def judged(tasks: Sequence[TaskRule], work: Work) -> dict[str, CheckResult]:
    """Return how the checks of tasks ended that ask no function, by id."""
    results = {}
    for task in tasks:
        for verdict in KINDS[task.kind].judge(task, work):
            check_id = f"{task.id}.{verdict.name}"
            results[check_id] = CheckResult(
                check_id,
                verdict.title,
                "public",
                verdict.outcome,
                verdict.kind,
                verdict.message,
                verdict.help,
                verdict.evidence,
            )
    return results

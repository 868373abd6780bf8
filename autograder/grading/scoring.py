"""From outcomes to points. Pure and exact: fractions until the last step, then two places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from autograder.assignment.kinds import KINDS
from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import Rubric, TaskRule, points_text
from autograder.records import CheckRecord, Flag, Outcome, TaskRecord, share_earned

if TYPE_CHECKING:  # pytest and Hypothesis, which a rejected submission does not need
    from autograder.checking.results import CheckResult
    from autograder.sandbox.questions import LoadReport


def score_task(
    task: TaskRule,
    results: Mapping[str, CheckResult],
    assignment: Assignment,
    report: LoadReport,
    rubric: Rubric,
    handed_in: str | None = None,
) -> tuple[TaskRecord, Fraction]:
    """Return a task's record and the exact points it earned, rounded to cents once.

    Args:
        task: What it is worth, and its checks with their weights.
        results: How every check ended, by id.
        assignment: For signature and digest.
        report: For the place where its function or class was found.
        rubric: For what a carried failure costs.
        handed_in: The file that was handed in for it, where it is no function or class.
    """
    checks, earned = [], Fraction(0)
    for rule in task.checks:
        result = results[f"{task.id}.{rule.name}"]
        carried = result.carried_from is not None
        share = task.share(rule.name) * share_earned(result.outcome, rubric.carry, carried=carried)
        earned += share
        checks.append(
            CheckRecord(
                id=result.id,
                title=result.title,
                visibility="hidden" if result.visibility == "hidden" else "public",
                reveal=rule.reveal or result.visibility == "public",
                weight=str(rule.weight),
                outcome=result.outcome,
                points=f"{float(share):.4f}",
                kind=result.kind,
                message=result.message,
                help=result.help,
                evidence=result.evidence,
                misconception=" or ".join(result.diagnosis.names) if result.diagnosis else None,
                misconception_text=result.diagnosis.text if result.diagnosis else "",
                carried_from=result.carried_from,
                waits_for=result.waits_for,
                traceback=result.lines
                if result.outcome is not Outcome.ERROR
                else tuple(result.error.splitlines()[-40:]),
                printed=result.printed,
            )
        )
    found = report.found.get(task.object)
    place = found.path if found is not None else handed_in
    file, signature = KINDS[task.kind].place(task, assignment.contract)
    points = Fraction(points_text(earned))
    record = TaskRecord(
        id=task.id,
        title=task.title,
        kind=task.kind,
        file=file,
        signature=signature,
        found_in=place,
        points=points_text(points),
        max_points=points_text(task.points),
        outcome=task_outcome(checks),
        checks=tuple(checks),
        digest=assignment.digests[task.id],
    )
    return record, points


def task_outcome(checks: Sequence[CheckRecord]) -> Outcome:
    """Return the outcome of a task from those of its checks: the most serious one wins."""
    outcomes = {check.outcome for check in checks}
    for outcome in (Outcome.ERROR, Outcome.FAILED, Outcome.SKIPPED, Outcome.INCONCLUSIVE):
        if outcome in outcomes:
            return outcome
    return Outcome.PASSED


def flags_of(results: Mapping[str, CheckResult], loading: Sequence[str], *, isolated: bool) -> list[Flag]:
    """Return what staff should look at.

    Args:
        results: How every check ended, by id.
        loading: What was noticed while the submission was loaded.
        isolated: Whether the submission ran behind a sandbox.
    """
    flags = [Flag(code="tampering", message=f"{text} (while it was loaded)") for text in loading]
    for result in results.values():
        flags += [Flag(code="tampering", message=text, check=result.id) for text in dict.fromkeys(result.flags)]
        if result.outcome is Outcome.INCONCLUSIVE:
            flags.append(Flag(code="inconclusive", message=result.message, check=result.id))
        if result.outcome is Outcome.ERROR:
            flags.append(Flag(code="our-fault", message=result.message, check=result.id))
    if not isolated:
        message = "The submission ran without isolation (--sandbox none): this result proves nothing about somebody else's work."
        flags.append(Flag(code="not-isolated", message=message))
    return flags

"""What changes when submissions are graded again: whose points, by which check, and which points stand.

Two rules hold whatever was found: points that people gave are kept, and a grading that broke through a fault of ours never
lowers a grade (the points from before stand until it has been repeated). Everything here is pure but `compare`, which reads, and `write`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal

from autograder.errors import UsageError
from autograder.grading.results import load
from autograder.records import (
    RESULT,
    CheckRecord,
    Flag,
    GradeRecord,
    ManualPoints,
    Outcome,
    Record,
    TaskRecord,
    share_earned,
)

SET_ASIDE = "failed.json"
"""Where `write` keeps the record of a grading that failed, beside the one that stands."""
_NO_GRADE = {"error": "the grader failed", "rejected": "the submission could not be read"}
KEPT = "kept-grade"
"""Code of the flag on a record that stands because a later grading failed."""

Standing = Literal["new", "old", "none"]
Cause = Literal["points", "checks", "draw", "run"]
CAUSES: dict[Cause, str] = {
    "points": "other points, weights or prices of mistakes, the same outcomes",
    "checks": "the task's checks, contract or reference have changed",
    "draw": "the submission has changed",
    "run": "the same questions ended differently: look at this",
}
"""What a cause is called."""


class CheckChange(Record):
    """A check that ended differently. Outcomes and points are None where the check is not there.

    Attributes:
        old, new: Outcomes; `failed, carried from scaled_sum` for a carried failure.
        old_points, new_points: Unrounded, four places.
    """

    id: str
    old: str | None
    new: str | None
    old_points: str | None
    new_points: str | None


class TaskChange(Record):
    """A task with other points than before, or a check of which ended differently; None where the task is not there.

    Attributes:
        cause: Why, where the records tell: other `points` or weights for the same outcomes; other `checks`, because what the
            task is made of has changed (its inputs were drawn anew with it); a new `draw`, because the submission is another
            one; the same questions that ended differently (`run`), which deserves a look.
    """

    id: str
    old: str | None
    new: str | None
    checks: tuple[CheckChange, ...]
    cause: Cause | None = None


class SubmissionChange(Record):
    """One submission before and after.

    Attributes:
        old, new: Scores with all manual points; None where there is no grade.
        stands: Which of the two counts.
        total: The points that count: a decimal string, or None.
        change: `total` minus `old`, signed; None where one of them is missing.
        why: Why the old points stand, or what else is to be known, in sentences.
        manual: Points that people gave, from both records.
    """

    name: str
    old: str | None
    new: str | None
    stands: Standing
    total: str | None
    change: str | None
    why: str
    tasks: tuple[TaskChange, ...]
    manual: tuple[ManualPoints, ...]


class Summary(Record):
    """How many submissions went up, down, stayed, and kept their points because the new grading failed."""

    submissions: int
    up: int
    down: int
    unchanged: int
    kept: int
    no_grade: int


class Regrade(Record):
    """The comparison of two gradings of the same submissions."""

    schema_version: Literal[1] = 1
    old: str
    new: str
    summary: Summary
    submissions: tuple[SubmissionChange, ...]

    def to_json(self) -> str:
        """The text of `--json FILE`."""
        return self.model_dump_json(indent=2) + "\n"


# ------------------------------------------------------------------------------------------------------- comparing


def compare(old: Path, new: Path) -> Regrade:
    """Compare the results below two paths, submission by submission.

    Raises:
        UsageError: See `load`; or the two cannot be compared.
    """
    before, after = load(old), load(new)
    if ("" in before) != ("" in after):
        one, many = (old, new) if "" in before else (new, old)
        raise UsageError(f"{one} is one result and {many} is a folder of them: name two results, or two folders")
    if not set(before) & set(after):
        raise UsageError(
            f"{old} and {new} have no submission in common: results are matched by the names of their folders"
        )
    changes = []
    for name in sorted({*before, *after}):
        first, second = before.get(name), after.get(name)
        changes.append(change_of(name, first and first[1], second and second[1]))
    return Regrade(old=str(old), new=str(new), summary=_summary(changes), submissions=tuple(changes))


def change_of(name: str, old: GradeRecord | None, new: GradeRecord | None) -> SubmissionChange:
    """Return what became of one submission. One of the two records may be missing, not both.

    Raises:
        UsageError: The two are results of different assignments.
    """
    # a grading that failed may not have known which assignment it was
    if old and new and old.assignment and new.assignment and old.assignment != new.assignment:
        raise UsageError(
            f"{name or old.submission}: these are results of different assignments ({old.assignment!r} and {new.assignment!r})"
        )
    manual = merged(old.manual if old else (), new.manual if new else ())
    old_total = old.score if old else None
    kept_total, new_total = (r.with_manual(manual).score if r else None for r in (old, new))
    stands = _standing(old, new)
    total = {"old": kept_total, "new": new_total, "none": None}[stands]
    return SubmissionChange(
        name=name or (new or old or _nobody()).submission,
        old=old_total,
        new=new_total,
        stands=stands,
        total=total,
        change=None if total is None or old_total is None else f"{Decimal(total) - Decimal(old_total):+.2f}",
        why=" ".join(_remarks(old, new, stands)),
        tasks=() if old is None or new is None or not new.tasks else tuple(_tasks(old, new)),
        manual=manual,
    )


def _nobody() -> GradeRecord:
    raise ValueError("a change needs a record from before or after")


def merged(old: Sequence[ManualPoints], new: Sequence[ManualPoints]) -> tuple[ManualPoints, ...]:
    """Return the manual points of both, those from before first, each once."""
    return tuple(dict.fromkeys([*old, *new]))


def failed(record: GradeRecord) -> bool:
    """Whether a record is the result of a fault of ours, as a whole or in a check."""
    broken = any(check.outcome is Outcome.ERROR for task in record.tasks for check in task.checks)
    return record.status == "error" or broken


def _standing(old: GradeRecord | None, new: GradeRecord | None) -> Standing:
    """Return which points count: the new ones, where there are any that can be trusted."""
    if new is not None and new.score is not None and not failed(new):
        return "new"
    return "old" if old is not None and old.score is not None else "none"


def _remarks(old: GradeRecord | None, new: GradeRecord | None, stands: Standing) -> list[str]:
    """Return what has to be said about a pair of records."""
    if new is None:
        return ["It was not graded again: its points stand." if stands == "old" else "It was not graded again."]
    said = []
    if stands != "new":
        reason = _NO_GRADE.get(new.status, "a check broke through a fault of the grader")
        detail = f" ({new.message[:200]})" if new.message else ""
        then = "the points from before stand" if stands == "old" else "there is no grade"
        said.append(f"In the new grading {reason}{detail}: {then}.")
    if old is None:
        return [*said, "It was not graded before."]
    if old.score is None:
        said.append(f"There was no grade before: {_NO_GRADE.get(old.status, 'it has no score')}.")
    if old.track != new.track:
        said.append(f"The tracks differ: {old.track!r} before, {new.track!r} now.")
    if _same_submission(old, new) is False:
        said.append("These are different files: the submission itself has changed.")
    return said


def _tasks(old: GradeRecord, new: GradeRecord) -> list[TaskChange]:
    before, after = {t.id: t for t in old.tasks}, {t.id: t for t in new.tasks}
    changes = []
    for task_id in dict.fromkeys([*before, *after]):
        first, second = before.get(task_id), after.get(task_id)
        checks = tuple(_checks(_shares(first, old), _shares(second, new)))
        then, now = first.points if first else None, second.points if second else None
        if checks or then != now:
            cause = _cause(first, second, same_work=_same_submission(old, new))
            changes.append(TaskChange(id=task_id, old=then, new=now, checks=checks, cause=cause))
    return changes


def _same_submission(old: GradeRecord, new: GradeRecord) -> bool | None:
    digests = [record.provenance.get("submission_sha256") for record in (old, new)]
    return None if None in digests else digests[0] == digests[1]


def _cause(old: TaskRecord | None, new: TaskRecord | None, *, same_work: bool | None) -> Cause | None:
    """Return why a task changed; None where one of the records does not say what it was made of."""
    if old is None or new is None or not old.digest or not new.digest or same_work is None:
        return None
    if old.digest != new.digest:
        return "checks"
    if not same_work:
        return "draw"
    return "points" if _found_in(old) == _found_in(new) else "run"


def _found_in(task: TaskRecord) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what a grading found, whatever it is worth: how the checks ended, and which mistakes explain it."""
    return {check.id: in_words(check) for check in task.checks}, tuple(mistake.name for mistake in task.mistakes)


Shares = Mapping[str, tuple[str, str]]
"""Outcome in words and unrounded points, by check."""


def _shares(task: TaskRecord | None, record: GradeRecord) -> Shares:
    if task is None:
        return {}
    weights = sum((Fraction(check.weight) for check in task.checks), Fraction(0))
    shares = {}
    for check in task.checks:
        full = Fraction(task.max_points) * Fraction(check.weight) / weights
        share = share_earned(check.outcome, record.carry, carried=check.carried_from is not None)
        shares[check.id] = (in_words(check), check.points or f"{float(full * share):.4f}")
    return shares


def in_words(check: CheckRecord) -> str:
    """Return how a check ended: its outcome, and whose fault it was."""
    return f"{check.outcome}, carried from {check.carried_from}" if check.carried_from else str(check.outcome)


def _checks(before: Shares, after: Shares) -> list[CheckChange]:
    nothing = (None, None)
    changes = []
    for check_id in dict.fromkeys([*before, *after]):
        first, second = before.get(check_id, nothing), after.get(check_id, nothing)
        if first != second:
            changes.append(
                CheckChange(id=check_id, old=first[0], new=second[0], old_points=first[1], new_points=second[1])
            )
    return changes


def _summary(changes: Sequence[SubmissionChange]) -> Summary:
    moved = [Decimal(change.change) for change in changes if change.stands == "new" and change.change is not None]
    return Summary(
        submissions=len(changes),
        up=sum(by > 0 for by in moved),
        down=sum(by < 0 for by in moved),
        unchanged=sum(by == 0 for by in moved),
        kept=sum(change.stands == "old" for change in changes),
        no_grade=sum(change.stands == "none" for change in changes),
    )


# --------------------------------------------------------------------------------------------------------- writing


def to_write(old: GradeRecord, new: GradeRecord) -> GradeRecord:
    """Return the record that counts from now on: the new one, or the old one with a flag that says why; with all manual points."""
    manual = merged(old.manual, new.manual)
    if _standing(old, new) != "old":
        return new.remembering(old).with_manual(manual)
    reason = " ".join(_remarks(old, new, "old")) or "The points from before stand."
    others = tuple(flag for flag in old.flags if flag.code != KEPT)
    return old.model_copy(update={"flags": (*others, Flag(code=KEPT, message=reason))}).with_manual(manual)


def write(old: Path, new: Path, publish: Callable[[GradeRecord, Path], object]) -> list[str]:
    """Make the results below `new` those that count; return the names of those that were changed.

    Where a new grading failed and the points from before stand, its record is kept beside them as `failed.json`.

    Args:
        old, new: As in `compare`.
        publish: Writes a record and its reports into a folder.
    """
    before, after = load(old), load(new)
    changed = []
    for name in sorted(set(before) & set(after)):
        path, record = after[name]
        stands = to_write(before[name][1], record)
        if path.name != RESULT:
            raise UsageError(f"{path}: --write needs a folder with a {RESULT}, in which reports are written as well")
        if stands == record:
            continue
        if failed(record) or record.score is None:
            path.with_name(SET_ASIDE).write_text(record.to_json(), encoding="utf-8")
        publish(stands, path.parent)
        changed.append(name or stands.submission)
    return changed

"""Which record of a submission counts when a new one has come: the new one, or the one that lies there."""

from __future__ import annotations

from autograder.assignment.late import Late
from autograder.cohort.jobs import Job
from autograder.grading.history import with_history
from autograder.grading.regrading import to_write
from autograder.grading.results import manual_in, read_record
from autograder.records import RESULT, Flag, GradeRecord

SET_ASIDE = "set-aside"
"""Code of the flag on the record of a submission that nobody could grade."""


def that_counts(record: GradeRecord, job: Job, late: Late | None = None) -> GradeRecord:
    """Return a new record with who handed in, earlier attempts and points by hand; the one before, if the grader failed.

    Args:
        record: Of the job.
        job: Says what was published before.
        late: The rule for late work; a record without a score needs none.

    Raises:
        UsageError: What was published cannot be read.
    """
    whole = with_history(record.with_manual(manual_in(job.published)), job.published, job.about, late)
    path = job.published / RESULT
    return to_write(_without_flag(read_record(path)), whole) if whole.status == "error" and path.exists() else whole


def set_aside(record: GradeRecord, why: str) -> GradeRecord:
    """Return a record with the flag that says that its submission was set aside."""
    return record.model_copy(update={"flags": (*record.flags, Flag(code=SET_ASIDE, message=why))})


def _without_flag(record: GradeRecord) -> GradeRecord:
    return record.model_copy(update={"flags": tuple(flag for flag in record.flags if flag.code != SET_ASIDE)})

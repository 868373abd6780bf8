"""A table of what every piece of right work in unusual dress earns: `python -m tests.submissions.unusual [PART OF AN ID ...]`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from autograder.assignment.loading import Assignment
from autograder.grading.options import GradeOptions
from autograder.grading.run import grade_submission, open_backend
from autograder.intake import take_in
from autograder.records import GradeRecord
from tests.submissions.build import ROOT

from . import DRESSES, Dress


def graded(dresses: Sequence[Dress]) -> Iterator[tuple[Dress, GradeRecord]]:
    """Grade one after the other behind one sandbox, each for its own tasks."""
    assignment, backend = Assignment(ROOT), open_backend("auto")
    try:
        for dress in dresses:
            with tempfile.TemporaryDirectory() as place:
                submission = take_in(dress.write(Path(place) / "work"))
                options = GradeOptions(tasks=dress.tasks, training=False, data="digits", device="cpu")
                yield dress, grade_submission(submission, assignment, options, backend)
    finally:
        backend.close()


def losses(record: GradeRecord) -> list[str]:
    """What a record holds against a submission: points, undecided or failed checks, names of mistakes, flags."""
    if record.status != "graded":
        return [f"{record.status}: {record.message}"]
    found = [
        f"{task.id}: {task.points} of {task.max_points}"
        for task in record.tasks
        if Decimal(task.points) != Decimal(task.max_points)
    ]
    found += [f"{task.id} is named {m.name}" for task in record.tasks for m in task.mistakes]
    checks = [check for task in record.tasks for check in task.checks if check.outcome != "passed"]
    found += [f"{check.id} {check.outcome}: {check.message}" for check in checks]
    return found + [f"flag {flag.code}: {flag.message}" for flag in record.flags]


def main(wanted: Sequence[str]) -> int:
    """Print a line for each piece, and what it lost below it; return how many lost anything."""
    chosen = [dress for dress in DRESSES if not wanted or any(part in dress.id for part in wanted)]
    lost = 0
    for dress, record in graded(chosen):
        print(f"{record.score or '-':>6} of {record.max_score or '-':>5}  {dress.id}", flush=True)
        found = losses(record)
        lost += bool(found)
        for line in found:
            print(f"{'':17}{line}", flush=True)
    print(f"{lost} of {len(chosen)} lost something")
    return lost


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))

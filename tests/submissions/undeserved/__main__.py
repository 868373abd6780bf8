"""Grade every piece for its task and print what it earns: `python -m tests.submissions.undeserved [PATTERN ...]`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder.assignment.loading import Assignment
from autograder.grading.options import GradeOptions
from autograder.grading.run import grade_submission
from autograder.intake import take_in
from autograder.outcomes import Outcome
from autograder.records import TaskRecord
from autograder.sandbox.bubblewrap import Bubblewrap

from . import PIECES
from .naming import without_names

ROOT = Path(__file__).resolve().parents[3]


def graded(patterns: list[str]) -> Iterator[tuple[str, str, TaskRecord]]:
    """Yield pattern, name and the task's record of every piece of some patterns, all graded through one sandbox."""
    backend, assignment = Bubblewrap(), Assignment(ROOT)
    try:
        for pattern in patterns:
            for piece in PIECES[pattern]:
                with tempfile.TemporaryDirectory() as folder:
                    Path(folder, "work.py").write_text(piece.source, encoding="utf-8")
                    options = GradeOptions(tasks=(piece.task,), training=False, data="digits", device="cpu")
                    with without_names():
                        record = grade_submission(take_in(Path(folder)), assignment, options, backend)
                yield pattern, piece.name, record.tasks[0]
    finally:
        backend.close()


def line(pattern: str, name: str, task: TaskRecord) -> str:
    """One row: what is kept, and the checks that did not pass."""
    left = [f"{c.id.rpartition('.')[2]}: {c.outcome}" for c in task.checks if c.outcome is not Outcome.PASSED]
    kept = "kept all " if task.points == task.max_points else "         "
    return f"{kept}{task.points:>5} of {task.max_points}  {pattern:<10} {task.id:<24} {name:<46} {', '.join(left)}"


def main() -> int:
    """Print one line for each piece and one for all; exit code 1 where a piece keeps all its points."""
    kept = total = 0
    for pattern, name, task in graded(sys.argv[1:] or list(PIECES)):
        print(line(pattern, name, task), flush=True)
        kept, total = kept + (task.points == task.max_points), total + 1
    print(f"{kept} of {total} keep all their points")
    return int(kept > 0)


if __name__ == "__main__":
    sys.exit(main())

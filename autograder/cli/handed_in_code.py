"""The code of classes, for exports that hand it on to another tool. Nothing is run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from autograder.cli.progress import Ticker
from autograder.cli.shown import err, in_log
from autograder.errors import SubmissionRejected, UsageError
from autograder.export.formats import Classes, HandedIn


def handed_in_code(submissions: Path, also: Sequence[Path], assignment: Path) -> Classes:
    """Return what a class and earlier ones handed in, and what an assignment gave them.

    Raises:
        UsageError: A download or the assignment is unusable.
    """
    from autograder.assignment.loading import Assignment
    from autograder.cohort.similarity.given import given_code
    from autograder.cohort.similarity.reading import read_classes

    for path in (submissions, *also):
        if not path.exists():
            raise UsageError(f"{path} does not exist. Check the path; nothing was written.")
    given = given_code(Assignment(assignment))
    found: list[HandedIn] = []
    ticker = Ticker(err, what="submissions", first="reading what the class handed in")
    with tempfile.TemporaryDirectory() as workspace, ticker:
        every, remarks = read_classes(submissions, also, Path(workspace))
        without = list(remarks)
        for done, one in enumerate(every, start=1):
            try:
                found.append(HandedIn(one.entry.key, one.label, one.sources()))
            except SubmissionRejected as error:
                without.append(f"{f'{one.label}: ' if one.label else ''}{one.entry.key}: {error}")
            ticker.tick(done, len(every), in_log(one.entry.key))
    return Classes(tuple(found), given, tuple(without))

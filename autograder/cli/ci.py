"""What `grade` does for CI services: `--fail-under`, `--junit` and `--github`."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path

from autograder.errors import UsageError
from autograder.records import GradeRecord


def threshold(asked: str) -> Callable[[GradeRecord], bool]:
    """Return what says whether a record has enough points: as many as were asked for, or such a percentage; anything if "".

    Raises:
        UsageError: It is neither a number nor a percentage.
    """
    if not asked:
        return lambda record: True
    try:
        least = Decimal(asked.removesuffix("%").strip())
    except InvalidOperation:
        least = Decimal("NaN")
    if not least.is_finite() or least < 0:
        raise UsageError(f"--fail-under {asked}: give points, such as 12.5, or a percentage, such as 50%")
    percent = asked.endswith("%")

    def enough(record: GradeRecord) -> bool:
        score, most = record.score, record.out_of
        if score is None or most is None:
            return False
        return Decimal(score) >= (least * Decimal(most) / 100 if percent else least)

    return enough


def write_junit(record: GradeRecord, path: Path) -> None:
    """Write the JUnit file of a result."""
    from autograder.export.junit import junit

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(junit(record), encoding="utf-8")


def show_on_github(record: GradeRecord) -> None:
    """Print annotations, and add a summary to the file that `$GITHUB_STEP_SUMMARY` names, where it names one."""
    from autograder.export.github import annotation_lines, summary

    for line in annotation_lines(record):
        print(line, flush=True)
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(summary(record))

"""A plain table for spreadsheets: who, the score that counts, and a column for each task."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.export.formats import Export, Format, Result
from autograder.export.results import people, score_of, scored
from autograder.export.sheet import number, safe, table

_WHO = ("name", "id", "login", "email", "submission", "submitted_at")
_SCORE = ("score", "max_score")
_ATTEMPT = "which_attempt"


def plain(results: Sequence[Result]) -> Export:
    """Return a CSV file with a row for every person; the points of a task are those that count, with what people gave by hand.
    Where somebody has several attempts, a last column says which one counts and why.

    Raises:
        UsageError: Two results are of one student, or none has a score.
    """
    found, remarks = scored(results)
    tasks = list(dict.fromkeys(task for result in found for task in _tasks(result)))
    again = any(result.record.counted for result in found)
    rows = [[*_WHO, *_SCORE, *map(safe, tasks), *([_ATTEMPT] if again else [])]]
    for result in found:
        points = result.record.task_points()
        earned = [number(points[task]) if task in points else "" for task in tasks]
        totals = [number(total) for total in score_of(result)]
        for member in people(result):
            who = (member.name, member.id, member.login, member.email, result.name, result.record.about.submitted_at)
            why = result.record.counted.message if result.record.counted else ""
            rows.append([*map(safe, who), *totals, *earned, *([safe(why)] if again else [])])
    return Export({"scores.csv": table(rows)}, tuple(remarks))


def _tasks(result: Result) -> list[str]:
    record = result.record
    return [*(task.id for task in record.tasks), *(work.id for work in record.waiting), *record.task_points()]


FORMAT = Format("csv", "A plain table: who, the score that counts, the points of each task.", plain)

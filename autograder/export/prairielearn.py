"""PrairieLearn: `results.json` of an external grader, with a test for each task."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from autograder.export.formats import Export, Format, Result
from autograder.export.results import Part, open_remarks, score_of, whose, why_no_score
from autograder.export.words import TEST_BYTES, as_json, head_and_tail, not_graded, one_line, overview, stories, within
from autograder.report.redact import for_student

MOST_BYTES = 1_000_000
"""PrairieLearn takes no more."""


def prairielearn(result: Result) -> Export:
    """Return `results.json`, at most `MOST_BYTES`: the score as a share from 0 to 1.

    A record without a score is not gradable, which costs a student no attempt and issues no grade.
    """
    if why := why_no_score(result.record):
        content = {"gradable": False, "message": head_and_tail(not_graded(result.record), TEST_BYTES)}
        remark = f"{whose(result)}: there is no score, because {why}: results.json says that it is not gradable"
        return Export({"results.json": as_json(content)}, (remark,))
    record = for_student(result.record)
    score, most = score_of(result)
    share = min(score / most, Decimal(1)) if most else Decimal(0)
    found = stories(record)

    def build(room: int) -> bytes:
        message = head_and_tail("\n".join(overview(record)), 2 * room)
        tests = [_test(part, told, room) for part, told in found if part.points is not None]
        return as_json({"gradable": True, "score": float(share), "message": message, "tests": tests})

    return Export({"results.json": within(MOST_BYTES, build)}, open_remarks(result))


def _test(part: Part, told: str, room: int) -> dict[str, Any]:
    return {
        "name": one_line(part.title),
        "points": float(part.points or 0),
        "max_points": float(part.most or 0),
        "output": head_and_tail(told, room),
    }


FORMAT = Format("prairielearn", "PrairieLearn: results.json of one result.", prairielearn, reads="one")

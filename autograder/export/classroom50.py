"""Classroom 50 (`classroom50/result/v1`): `result.json` of one result. Its scores are whole numbers, so points are given in hundredths."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from autograder.errors import UsageError
from autograder.export.formats import Export, Format, Need, Result
from autograder.export.results import Part, open_remarks, parts, score_of, utc, whose
from autograder.export.words import as_json, one_line

_HUNDREDTHS = 100


def classroom50(
    result: Result,
    *,
    classroom: str,
    assignment: str,
    submission: str,
    commit: str,
    release: str,
    review: str,
    datetime: str,
) -> Export:
    """Return `result.json` with points in hundredths, which are exact: 12.50 of 20.00 points are 1250 of 2000.

    Args:
        result: One that has a score; without one nothing is written, and the release stays as it was.
        classroom, assignment, submission, commit, release, review: What the workflow's environment says.
        datetime: The time of the commit, so that grading again says the same; "" for the time of handing in that the record holds.

    Raises:
        UsageError: There is no score, or no time.
    """
    score, most = score_of(result)
    moment = datetime or result.record.about.submitted_at
    if not moment:
        raise UsageError(f"{whose(result)}: the record holds no time of handing in: give the commit's with --datetime")
    content = {
        "schema": "classroom50/result/v1",
        "classroom": classroom,
        "assignment": assignment,
        "submission": submission,
        "commit": commit,
        "release": release,
        "review": review,
        "datetime": utc(moment, "--datetime" if datetime else whose(result)),
        "score": _whole(score),
        "max-score": _whole(most),
        "tests": [_test(part) for part in parts(result.record) if part.points is not None],
    }
    said = "points are written in hundredths, because Classroom 50 takes whole numbers only"
    return Export({"result.json": as_json(content)}, (said, *open_remarks(result)))


def _test(part: Part) -> dict[str, Any]:
    points, most = part.points or Decimal(0), part.most or Decimal(0)
    return {
        "test-name": one_line(part.title),
        "passed": points >= most,
        "score": _whole(points),
        "max-score": _whole(most),
    }


def _whole(points: Decimal) -> int:
    return int(points * _HUNDREDTHS)


def _given(name: str, variable: str, what: str) -> Need:
    return Need(name, what, is_required=True, variable=variable)


FORMAT = Format(
    "classroom50",
    "Classroom 50: result.json of one result, points in hundredths.",
    classroom50,
    reads="one",
    needs=(
        _given("classroom", "CLASSROOM", "Name of the classroom."),
        _given("assignment", "ASSIGNMENT", "Name of the assignment there."),
        _given("submission", "SUBMISSION_TAG", "Tag of the submission."),
        _given("commit", "COMMIT_URL", "Address of the commit."),
        _given("release", "RELEASE_URL", "Address of the release."),
        _given("review", "REVIEW_URL", "Address of the review."),
        Need("datetime", "Time of the commit. Default: when it was handed in, as the record says."),
    ),
)

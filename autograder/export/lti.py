"""LTI 1.3: a score file of Assignment and Grade Services for each student, to be posted to `{lineitem}/scores`.

Platforms may erase a grade for anything but `FullyGraded`: without a score, and while people still have to decide, there is no file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import count
from typing import Any

from autograder.errors import UsageError
from autograder.export.formats import Export, Format, Need, Result
from autograder.export.results import (
    people,
    require_one_each,
    score_of,
    unfinished,
    utc,
    whose,
    why_no_score,
)
from autograder.export.words import as_json, head_and_tail, losses, overview
from autograder.records import Member
from autograder.report.redact import for_student

_COMMENT_BYTES = 4_000


def lti(results: Sequence[Result], *, timestamp: str) -> Export:
    """Return a file for each person whose score is complete, named after the folder of the result.

    Args:
        results: Those of a class; the id of a member is what the platform calls the user (`sub` at the launch).
        timestamp: When the scores were made: platforms refuse one that is not newer than the last.

    Raises:
        UsageError: Two results are of one student, or no file can be written.
    """
    require_one_each(results)
    moment = utc(timestamp, "--timestamp")
    files: dict[str, bytes] = {}
    remarks = []
    for result in results:
        if why := why_no_score(result.record) or unfinished(result.record):
            remarks.append(f"{whose(result)}: no file is written, because {why}")
            continue
        for member in people(result):
            if member.id:
                files[_file_name(result, files)] = as_json(_score(result, member, moment))
            else:
                who = member.name or "somebody"
                remarks.append(f"{whose(result)}: no file is written for {who}, whose id on the platform is not known")
    if not files:
        raise UsageError(f"no score can be written. {' '.join(f'{remark}.' for remark in remarks[:3])}")
    return Export(files, tuple(remarks))


def _score(result: Result, member: Member, moment: str) -> dict[str, Any]:
    score, most = score_of(result)
    record = for_student(result.record)
    content: dict[str, Any] = {
        "userId": member.id,
        "timestamp": moment,
        "scoreGiven": float(score),
        "scoreMaximum": float(most),
        "comment": head_and_tail("\n".join([*overview(record), *losses(record)]), _COMMENT_BYTES),
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
    }
    if record.about.submitted_at:
        content["submission"] = {"submittedAt": utc(record.about.submitted_at, whose(result))}
    return content


def _file_name(result: Result, taken: Collection[str]) -> str:
    """Return a name that is safe in every file system, and new also where capitals do not count."""
    stem = re.sub(r"[^a-z0-9_-]+", "-", result.name.lower()).strip("-")[:80] or "score"
    return next(name for n in count(1) if (name := f"{stem}{f'-{n}' if n > 1 else ''}.json") not in taken)


FORMAT = Format(
    "lti",
    "LTI 1.3: a folder with a score file for each student whose grading is complete.",
    lti,
    writes="folder",
    needs=(Need("timestamp", "When the scores were made. Default: now.", kind="moment"),),
)

"""Who handed a submission in, and what earlier attempts of the same student earned."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from autograder.assignment.late import Late
from autograder.errors import UsageError, in_words
from autograder.grading.lateness import with_lateness
from autograder.grading.results import read_record
from autograder.records import RESULT, About, Attempt, GradeRecord

MOST_ATTEMPTS = 50
"""Of more, the first ones are forgotten; the number of each attempt stays."""
_TIMES = ("submitted_at", "due", "extension")


def read_about(path: Path) -> About:
    """Return what a JSON file says about who handed in, and when.

    Raises:
        UsageError: It cannot be read, has a field that is not known, or a time that is none.
    """
    try:
        about = About.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"--about {path}: cannot be read ({in_words(error)})") from None
    except json.JSONDecodeError as error:
        raise UsageError(f"--about {path}:{error.lineno}: this is not JSON ({error.msg})") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        known = ", ".join(About.model_fields)
        raise UsageError(f"--about {path}: {where}: {first['msg']}; the fields are {known}") from None
    for name, longest in (("name", 200), ("id", 200), *((name, 40) for name in _TIMES)):
        if len(getattr(about, name)) > longest:
            raise UsageError(f"--about {path}: {name} has more than {longest} characters")
    for name in _TIMES:
        written = getattr(about, name)
        try:
            if written:
                datetime.fromisoformat(written)
        except ValueError:
            raise UsageError(
                f"--about {path}: {name}: {written!r} is no time; write it like 2026-03-01T23:59:00+01:00"
            ) from None
    return about


def with_history(record: GradeRecord, folder: Path, about: About | None, late: Late | None = None) -> GradeRecord:
    """Return a record with who handed in, what it cost to be late, and the attempts before it.

    Args:
        record: A new grading.
        folder: Where its reports will be written; what lies there now is the attempt before this one, unless it is of another
            student, or of the same files: grading these again is no new attempt. Where either has no id, work of another name is
            another student's: nobody is shown what somebody else has earned.
        about: What is known now; None to keep what was known of the same student.
        late: What the rubric says of work that is late; None for nothing.

    Raises:
        UsageError: What lies in the folder cannot be read.
    """
    path = folder / RESULT
    earlier = read_record(path) if path.exists() else None
    update: dict[str, object] = {"about": about or About()}
    if earlier is not None and _same_student(record, earlier, about):
        update = {"about": about or earlier.about, "attempts": _attempts(record, earlier)}
    return with_lateness(record.model_copy(update=update), late)


def _same_student(record: GradeRecord, earlier: GradeRecord, about: About | None) -> bool:
    if about and about.id and earlier.about.id:
        return about.id == earlier.about.id
    return record.submission == earlier.submission


def _attempts(record: GradeRecord, earlier: GradeRecord) -> tuple[Attempt, ...]:
    digest = str(earlier.provenance.get("submission_sha256", ""))
    if earlier.score is None or digest == record.provenance.get("submission_sha256"):
        return earlier.attempts
    last = Attempt(
        number=earlier.attempts[-1].number + 1 if earlier.attempts else 1,
        score=earlier.score,
        max_score=earlier.out_of or "",
        submitted_at=earlier.about.submitted_at,
        sha256=digest,
    )
    return (*earlier.attempts, last)[-MOST_ATTEMPTS:]

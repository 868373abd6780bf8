"""Classes for the tests of exports: records of people with ordinary and with hostile names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import factories

from autograder.export.formats import Result
from autograder.records import About, GradeRecord, Member, Outcome, TaskRecord

HOSTILE = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "-2",
    "Smith, Jr., John",
    '"Quote", Anna',
    "<script>alert(1)</script>",
    "..\\..\\etc/passwd",
    "\u202eevil\u202c\x00\x1b[31m",
    "line\r\nbreak\n",
    "a;=1+1",
    "ليلى",
    "山田 太郎",
    "under_score_1_assignfeedback",
    "~.hidden",
)
"""Names that mean something to a spreadsheet, a browser, a file system or a terminal."""
_TASK = "log_prior"


def task(points: str = "12.50", most: str = "20.00") -> TaskRecord:
    """A task with the points of the whole."""
    outcome = Outcome.PASSED if points == most else Outcome.FAILED
    checks = (factories.check(_TASK, "value", "agrees", outcome, message="" if points == most else "It is wrong."),)
    return factories.task(_TASK, checks, points, outcome, max_points=most)


def graded(score: str = "12.50", **more: Any) -> GradeRecord:
    """A record with one task that has all the points."""
    fields: dict[str, Any] = {"score": score, "max_score": "20.00", "tasks": (task(score),)}
    return factories.record(**(fields | more))


def of(name: str, id_: str = "", score: str = "12.50", **more: Any) -> Result:
    """A result of one student; `platform`, `platform_id`, `login`, `email`, `members`, `folder` say more, the rest is of the record."""
    member = Member(name=name, id=id_, login=more.pop("login", ""), email=more.pop("email", ""))
    about = About(
        name=name,
        id=id_,
        members=more.pop("members", (member,)),
        platform=more.pop("platform", ""),
        platform_id=more.pop("platform_id", ""),
        submitted_at="2026-03-01T12:00:00+01:00",
    )
    folder = more.pop("folder", re.sub(r"\W+", "_", name) or "nobody")
    return Result(folder, graded(score, **more).model_copy(update={"about": about}))


def without_score(name: str, status: str = "error", id_: str = "") -> Result:
    """A result that has no grade."""
    record = {"error": factories.error, "rejected": factories.rejected}[status]()
    about = About(name=name, id=id_, members=(Member(name=name, id=id_),))
    return Result(name, record.model_copy(update={"about": about}))


def hostile(text: str) -> GradeRecord:
    """A record in which every free string is hostile, and points are points."""
    numbers = ("score", "max_score", "automatic_score", "points", "max_points", "credit")

    def repaired(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: repaired(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [repaired(inner, key) for inner in value]
        return value.removesuffix(text) if key in numbers and isinstance(value, str) else value

    return GradeRecord.model_validate(repaired(factories.hostile(text).model_dump(mode="json")))


def put(folder: Path, *results: Result) -> Path:
    """Write results into folders of their names."""
    for result in results:
        (folder / result.name).mkdir(parents=True)
        (folder / result.name / "result.json").write_text(result.record.to_json(), encoding="utf-8")
    return folder

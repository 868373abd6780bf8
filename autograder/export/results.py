"""Whose results these are, and which of them have a score to post."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from autograder.errors import UsageError
from autograder.export.formats import Result
from autograder.records import GradeRecord, Member, Outcome, TaskRecord
from autograder.report.text import count

_NO_SCORE = {"rejected": "the submission could not be read", "error": "the grader failed"}


def people(result: Result) -> tuple[Member, ...]:
    """Return who handed a result in; the name of its folder is the name of somebody of whom nothing is known."""
    about = result.record.about
    if len(about.members) > 1:
        return about.members
    known = about.members[0] if about.members else Member()
    one = known.model_copy(update={"name": known.name or about.name, "id": known.id or about.id})
    return (one if one != Member() else Member(name=result.name),)


def platform_number(result: Result, platform: str) -> str:
    """Return what a platform calls the one participant who handed in; "" for a group, and where it comes from elsewhere."""
    about = result.record.about
    return about.platform_id if about.platform == platform and len(about.members) < 2 else ""


def whose(result: Result) -> str:
    """Return the folder of a result with the name of its student, for messages."""
    name = result.record.about.name
    return f"{result.name} ({name})" if name and name != result.name else result.name


def scored(results: Sequence[Result]) -> tuple[list[Result], list[str]]:
    """Return the results with a score, and remarks: which have none, and in which the work of people is still missing.

    Raises:
        UsageError: Two results are of one student, or none has a score.
    """
    require_one_each(results)
    found = [result for result in results if why_no_score(result.record) == ""]
    if not found:
        first = f"; {whose(results[0])}: {why_no_score(results[0].record)}" if results else ""
        raise UsageError(f"none of {count(len(results), 'result')} has a score{first}. Grade again what can be graded")
    left_out = [
        f"{whose(result)}: no score is written, because {why}"
        for result in results
        if (why := why_no_score(result.record))
    ]
    return found, left_out + [remark for result in found for remark in open_remarks(result)]


def score_of(result: Result) -> tuple[Decimal, Decimal]:
    """Return the score that counts and what can be reached.

    Raises:
        UsageError: There is none.
    """
    if why := why_no_score(result.record):
        raise UsageError(f"{whose(result)}: nothing is written, because {why}: there is no score")
    return Decimal(result.record.score or "0"), possible(result.record)


def why_no_score(record: GradeRecord) -> str:
    """Return why a record has no score to post, as a part of a sentence; "" where it has one."""
    if record.status != "graded" or record.score is None or record.max_score is None:
        return _NO_SCORE.get(record.status, "it holds no points")
    return "" if all(map(_is_number, _points(record))) else "its points are no numbers: grade it again"


def _points(record: GradeRecord) -> Iterator[str]:
    yield from (record.score or "", record.max_score or "")
    yield from (points for task in record.tasks for points in (task.points, task.max_points))
    yield from (work.max_points for work in record.waiting)


def _is_number(points: str) -> bool:
    try:
        return Decimal(points).is_finite()
    except InvalidOperation:
        return False


def unfinished(record: GradeRecord) -> str:
    """Return what people still have to decide, as a part of a sentence; "" where the score is complete."""
    waiting = record.still_waiting()
    if waiting:
        points = sum((Decimal(work.max_points) for work in waiting), Decimal(0))
        return f"{points:.2f} points wait for a person ({waiting[0].title}{', ...' if len(waiting) > 1 else ''})"
    decided = {entry.task for entry in record.manual}
    open_ = [
        task
        for task in record.tasks
        if task.id not in decided and any(check.outcome is Outcome.INCONCLUSIVE for check in task.checks)
    ]
    return f"a check of {open_[0].id} is undecided and waits for a person" if open_ else ""


def open_remarks(result: Result) -> tuple[str, ...]:
    """Return what is to be said of a score that is written before people have decided all."""
    why = unfinished(result.record)
    return (f"{whose(result)}: written, although {why}",) if why else ()


def possible(record: GradeRecord) -> Decimal:
    """Return what can be reached: `max_score` with the work that people grade, whose points count in `score` once they are given."""
    return sum((Decimal(work.max_points) for work in record.waiting), Decimal(record.max_score or 0))


@dataclass(frozen=True)
class Part:
    """What a score is made of: a task, work that people grade, or something else that they gave points for.

    Attributes:
        points: Those that count; None where nobody has given them yet.
        most: What can be reached; None where nothing says it.
        task: Its record, where checks looked at it.
    """

    title: str
    points: Decimal | None
    most: Decimal | None
    task: TaskRecord | None = None


def parts(record: GradeRecord) -> Iterator[Part]:
    """Yield the parts of a score, in the order of the record."""
    points = record.task_points()
    for task in record.tasks:
        yield Part(task.title, points.pop(task.id), Decimal(task.max_points), task)
    for work in record.waiting:
        yield Part(work.title, points.pop(work.id, None), Decimal(work.max_points))
    for name, given in points.items():
        yield Part(name, given, None)


def utc(moment: str, where: str) -> str:
    """Return a point in time in ISO 8601 as platforms take it, `2026-11-21T15:10:16.123Z`; one without a zone is taken for UTC.

    Raises:
        UsageError: It is none; `where` says where it was written.
    """
    try:
        parsed = datetime.fromisoformat(moment)
        there = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{where}: {moment!r} is no point in time: write it like 2026-03-01T23:59:00+01:00") from None
    return there.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def require_one_each(results: Sequence[Result]) -> None:
    """Require that no two results are of one student.

    Raises:
        UsageError: Two are; it names both.
    """
    owners: dict[tuple[str, str], Result] = {}
    for result in results:
        for key in _identities(result):
            other = owners.setdefault(key, result)
            if other is not result:
                raise UsageError(
                    f"{whose(other)} and {whose(result)} are results of one student ({key[1]}): "
                    "move the one that does not count to another folder"
                )


def _identities(result: Result) -> Iterator[tuple[str, str]]:
    """Yield what nobody else has: the platform's own number, and what is known of each member; the name where nothing else is."""
    about = result.record.about
    if about.platform_id:
        yield f"{about.platform} number", about.platform_id
    for member in people(result):
        known = [(kind, value) for kind in ("id", "email", "login") if (value := getattr(member, kind).strip())]
        yield from ((kind, value.casefold()) for kind, value in known or [("name", member.name)] if value)

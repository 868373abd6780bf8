"""Several attempts of one student: which of them are graded, which one counts, and the sentence that says so. Pure but for reading files.

What there is to choose from is what was handed out now and what the store knows from before. The order and the price of being late come
from the times that the platform wrote, never from a clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from autograder.assignment.attempts import Attempts
from autograder.assignment.late import Late
from autograder.cohort.entries import Entry
from autograder.cohort.plan import NEVER, content_digest, moment
from autograder.cohort.store import Stored
from autograder.grading.lateness import cost_in_brief, with_lateness, without_lateness
from autograder.records import About, Attempt, Counted, Flag, GradeRecord

MOST_NAMED = 8
"""Of the other attempts, so many are named in the sentence."""


@dataclass(frozen=True)
class Handed:
    """One attempt.

    Attributes:
        entry: Whose it is, when it was handed in, and where it lies; its path is None if only its results are known.
        sha256: Digest of what was handed in.
    """

    entry: Entry
    sha256: str


@dataclass(frozen=True)
class Tried:
    """An attempt with its newest record; None where it was not graded."""

    handed: Handed
    record: GradeRecord | None


def several(
    entries: Sequence[Entry], stored: Mapping[str, Sequence[Stored]], rule: Attempts
) -> dict[str, tuple[Handed, ...]]:
    """Return by key the attempts, in the order of handing in, of every student who has more than one to choose from.

    Where the last one counts in any case, what is not handed out any more is nothing to choose from.
    """
    found = {}
    for entry in entries:
        before = stored.get(entry.key, ()) if rule.needs_all else ()
        if entry.before or before:
            attempts = _attempts(entry, before, rule)
            if len(attempts) > 1:
                found[entry.key] = attempts
    return found


def to_grade(attempts: Sequence[Handed], rule: Attempts) -> tuple[Entry, ...]:
    """Return those attempts that can count and whose files are there."""
    can = [one.entry for number, one in enumerate(attempts, 1) if rule.may_count(number)]
    return tuple(one for one in (can if rule.counts == "best" else can[-1:]) if one.path is not None)


def _attempts(entry: Entry, stored: Sequence[Stored], rule: Attempts) -> tuple[Handed, ...]:
    """The same files again are no new attempt: their time is the first one where the best counts, and otherwise the last."""
    known = [
        Handed(replace(entry, about=_now(one, entry), path=None, problem="", before=()), one.known.sha256)
        for one in stored
    ]
    here = [Handed(replace(one, before=()), content_digest(one.path)) for one in (*entry.before, entry) if one.path]
    found: dict[str, Handed] = {}
    for one in (*known, *here):
        other = found.get(one.sha256)
        found[one.sha256] = one if other is None else _same_files(other, one, rule)
    attempts = list(found.values())
    if all(moment(one.entry.about.submitted_at) != NEVER for one in attempts):
        attempts.sort(key=lambda one: moment(one.entry.about.submitted_at))
    return tuple(attempts)


def _now(stored: Stored, entry: Entry) -> About:
    """Who handed in and when, with until when there is time by now."""
    return stored.about.model_copy(update={"due": entry.about.due, "extension": entry.about.extension})


def _same_files(one: Handed, other: Handed, rule: Attempts) -> Handed:
    """Return the attempt whose files are at hand, with the time that holds."""
    times = [at for at in (one.entry.about.submitted_at, other.entry.about.submitted_at) if moment(at) != NEVER]
    at = (min if rule.counts == "best" else max)(times, key=moment, default="")
    here = other if other.entry.path is not None else one
    return replace(here, entry=replace(here.entry, about=here.entry.about.model_copy(update={"submitted_at": at})))


# ---------------------------------------------------------------------------------------------------- which one counts


def which_counts(tried: Sequence[Tried], rule: Attempts, late: Late | None) -> GradeRecord | None:
    """Return the record of the attempt that counts, which says why; None where none was graded.

    The best is the one with the most points of the checks after what it costs to be late. What has no grade because of a fault of the
    grader leaves an earlier grade standing, and staff are told.

    Args:
        tried: All attempts, in the order of handing in.
        rule: Which counts.
        late: What the rubric says of work that is late: applied again to what cannot be graded again, as there may be an extension by now.
    """
    records = [_as_of_now(one, late) for one in tried]
    can = [place for place in range(len(records)) if rule.may_count(place + 1) and records[place] is not None]
    graded = [place for place in can if _points(records[place]) is not None]
    if not can:
        return None
    if rule.counts == "best":
        chosen = max(graded, key=lambda place: _points(records[place]) or 0) if graded else can[-1]
    else:
        chosen = can[-1] if not graded or _status(records[can[-1]]) != "error" else graded[-1]
    record = records[chosen]
    assert record is not None
    message = _sentence(records, chosen, rule, late)
    return record.model_copy(
        update={
            "attempts": tuple(_earlier(tried, records, chosen)),
            "counted": Counted(number=chosen + 1, of=len(tried), message=message),
            "flags": (*record.flags, *_flags(tried, records, rule)),
        }
    )


def _as_of_now(one: Tried, late: Late | None) -> GradeRecord | None:
    if one.record is None or one.handed.entry.path is not None:
        return one.record
    return with_lateness(without_lateness(one.record, one.handed.entry.about), late)


def _points(record: GradeRecord | None) -> Decimal | None:
    return None if record is None or record.automatic_score is None else Decimal(record.automatic_score)


def _status(record: GradeRecord | None) -> str:
    return "" if record is None else record.status


def _earlier(tried: Sequence[Tried], records: Sequence[GradeRecord | None], chosen: int) -> Iterator[Attempt]:
    for place, (one, record) in enumerate(zip(tried[:chosen], records, strict=False)):
        if record is not None and record.automatic_score is not None:
            yield Attempt(
                number=place + 1,
                score=record.automatic_score,
                max_score=record.max_score or "",
                submitted_at=one.handed.entry.about.submitted_at,
                sha256=str(record.provenance.get("submission_sha256", "")),
            )


def _sentence(records: Sequence[GradeRecord | None], chosen: int, rule: Attempts, late: Late | None) -> str:
    """Return `Attempt 2 of 3 counts, because it has the most points: 14.50 of 20.00 ...; attempt 3 had 13.00.`"""
    record = records[chosen]
    assert record is not None
    most, beyond = _points(record), [n for n in range(1, len(records) + 1) if not rule.may_count(n)]
    if rule.counts == "best":
        equal = sum(_points(one) == most for n, one in enumerate(records, 1) if rule.may_count(n))
        why = "because it has the most points" if equal == 1 else "the first of those with the most points"
    else:
        why = f"the last of {rule.at_most} that can count" if beyond else "because it is the last one"
        if chosen + 1 < len(records) - len(beyond):
            why = "because those after it have no grade yet"
    points = "" if most is None else f": {most:.2f} of {record.max_score} points"
    cost = cost_in_brief(record, late)
    others = [_other(number, one, rule) for number, one in enumerate(records, 1) if number != chosen + 1]
    named = [text for text in others if text][-MOST_NAMED:]
    left_out = len([text for text in others if text]) - len(named)
    said = f"Attempt {chosen + 1} of {len(records)} counts, {why if most is not None else 'though it has no points'}{points}"
    parts = [f"{said}{f', after {cost}' if cost else ''}", *named, *([f"{left_out} more before"] if left_out else [])]
    return "; ".join(parts) + "."


def _other(number: int, record: GradeRecord | None, rule: Attempts) -> str:
    if not rule.may_count(number):
        return f"attempt {number} is one more than can count"
    if record is None:
        return "" if rule.counts == "last" else f"attempt {number} has no grade yet"
    points = _points(record)
    lacks = {"rejected": "could not be read", "error": "has no grade yet"}.get(record.status, "has no points")
    return f"attempt {number} {lacks if points is None else f'had {points:.2f}'}"


def _flags(tried: Sequence[Tried], records: Sequence[GradeRecord | None], rule: Attempts) -> Iterator[Flag]:
    """Yield what staff have to know of attempts that could not be weighed as the others."""
    fresh = [one.record for one in tried if one.handed.entry.path is not None and one.record is not None]
    made_of = _made_of(fresh[-1]) if fresh else None
    for number, (one, record) in enumerate(zip(tried, records, strict=True), 1):
        is_before_the_last = rule.counts == "last" and number < len(tried) and rule.may_count(number + 1)
        if not rule.may_count(number) or is_before_the_last:
            continue
        if record is None or record.status == "error":
            message = f"Attempt {number} has no grade, by a fault of the grader: it is decided again which one counts when it has."
            yield Flag(code="attempt-without-grade", message=message)
        elif one.handed.entry.path is None and made_of is not None and _made_of(record) != made_of:
            message = (
                f"Attempt {number} was graded before the tasks or their points changed, and its files are not here any more: "
                "look whether its points can be compared."
            )
            yield Flag(code="attempt-graded-before", message=message)


def _made_of(record: GradeRecord) -> object:
    return [(task.id, task.digest, task.max_points) for task in record.tasks] if record.status == "graded" else None

"""What being late costs: from the time of submission that a platform reports, never from a clock. Pure."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from autograder.assignment.late import Late
from autograder.assignment.rubric import points_text
from autograder.records import About, Deduction, Flag, GradeRecord, Note

LATE = "late"
"""The code of the deduction, and of the note with the arithmetic."""
UNKNOWN = "lateness-unknown"
"""The code of the flag where it is not known when something was handed in."""


def with_lateness(record: GradeRecord, late: Late | None) -> GradeRecord:
    """Return a new grading's record with what the rubric's `late` takes away, and the sentence that says how it was computed.

    Args:
        record: With who handed in and when. An extension counts before the rubric's date, that before what the platform says.
        late: The rule; None for none.
    """
    about = record.about
    late = late or Late()
    due = about.extension or late.due or about.due
    if about == About() or not due:
        return record
    about = about.model_copy(update={"due": late.moment(due).isoformat()})
    record = record.model_copy(update={"about": about})
    if not late.per_day.is_something:
        return record
    if not about.submitted_at:
        message = "It is not known when this was handed in: nothing was taken away for being late."
        return record.model_copy(update={"flags": (*record.flags, Flag(code=UNKNOWN, message=message))})
    days = late.days(late.moment(about.submitted_at), late.moment(about.due))
    if record.automatic_score is None or not days:
        return record
    earned = Fraction(record.automatic_score)
    cost = Decimal(points_text(late.cost(days, earned)))
    message = _arithmetic(late, days, earned, cost)
    return GradeRecord(
        **{name: getattr(record, name) for name in GradeRecord.model_fields}
        | {
            "automatic_score": points_text(Fraction(earned) - Fraction(cost)),
            "deductions": (*record.deductions, Deduction(code=LATE, message=message, points=f"{cost:.2f}")),
            "notes": (*record.notes, Note(code=LATE, message=message)),
            "passed": None
            if record.passed is None or record.pass_mark is None
            else earned - Fraction(cost) >= Fraction(record.pass_mark),
        }
    )


def without_lateness(record: GradeRecord, about: About) -> GradeRecord:
    """Return a record as it was before `with_lateness`, with what is known of who handed in by now: an extension may have been given."""
    cost = sum((Fraction(taken.points) for taken in record.deductions if taken.code == LATE), Fraction(0))
    fields = {name: getattr(record, name) for name in GradeRecord.model_fields} | {"about": about}
    fields["flags"] = tuple(flag for flag in record.flags if flag.code != UNKNOWN)
    if cost:
        earned = Fraction(record.automatic_score or 0) + cost
        fields |= {
            "automatic_score": points_text(earned),
            "deductions": tuple(taken for taken in record.deductions if taken.code != LATE),
            "notes": tuple(note for note in record.notes if note.code != LATE),
        }
        if record.passed is not None and record.pass_mark is not None:
            fields["passed"] = earned >= Fraction(record.pass_mark)
    return GradeRecord(**fields)


def cost_in_brief(record: GradeRecord, late: Late | None) -> str:
    """Return what a record lost for being late, `1.61 points for 1 started day late at 10% a day`; "" for nothing."""
    cost = sum((Decimal(taken.points) for taken in record.deductions if taken.code == LATE), Decimal(0))
    if late is None or not cost:
        return ""
    days = late.days(late.moment(record.about.submitted_at), late.moment(record.about.due))
    return f"{cost:.2f} points for {days} started day{'s' if days != 1 else ''} late at {late.per_day} a day"


def _arithmetic(late: Late, days: int, earned: Fraction, cost: Decimal) -> str:
    """Return the sentence that a student can check: `2 started days at 10% of 17.50 points each: 3.50 points.`"""
    each = f"{late.per_day} of {points_text(earned)} points" if late.per_day.share else str(late.per_day)
    counted = f"{days} started day{'s' if days != 1 else ''} at {each}{' each' if days != 1 else ''}"
    uncapped = days * late.per_day.of(earned)
    capped = late.most is not None and late.most.of(earned) < uncapped
    limit = f", at most {late.most}" if capped else ""
    return f"Handed in after the due date: {counted}{limit} cost {cost:.2f} points."

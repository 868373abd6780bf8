"""What being late takes away, and the sentence that says how it was computed."""

from __future__ import annotations

from typing import Any

import pytest

from autograder.assignment.late import Late
from autograder.grading.lateness import with_lateness
from autograder.records import About, GradeRecord, ManualPoints

DUE = "2026-03-01T23:59+01:00"
RULE = Late.model_validate({"due": DUE, "per_day": "10%", "most": "50%"})


def graded(submitted_at: str = "", score: str | None = "17.50", **fields: Any) -> GradeRecord:
    """Return a record of somebody."""
    about = fields.pop("about", About(name="Anna", submitted_at=submitted_at))
    return GradeRecord(
        status="graded" if score else "error",
        assignment="A",
        submission="anna",
        track="full",
        score=score,
        max_score=score and "20.00",
        about=about,
        **fields,
    )


def test_the_arithmetic_stands_in_the_report() -> None:
    """Two started days at 10% of 17.50 points; the deduction, the note and the score say the same."""
    record = with_lateness(graded("2026-03-03T08:00:00+01:00"), RULE)

    sentence = "Handed in after the due date: 2 started days at 10% of 17.50 points each cost 3.50 points."
    assert (record.score, record.automatic_score) == ("14.00", "14.00")
    assert [(d.code, d.points, d.message) for d in record.deductions] == [("late", "3.50", sentence)]
    assert [note.message for note in record.notes] == [sentence]
    assert record.about.due == "2026-03-01T23:59:00+01:00"


def test_a_cap_is_said() -> None:
    """Ten days cost half of it, and the sentence says why not all."""
    record = with_lateness(graded("2026-03-11T08:00:00+01:00"), RULE)

    assert record.score == "8.75"
    assert "10 started days at 10% of 17.50 points each, at most 50% cost 8.75 points." in record.notes[0].message


@pytest.mark.parametrize(
    "record",
    [
        graded("2026-03-01T23:59:00+01:00"),
        graded("2026-02-01T00:00:00+01:00"),
        graded("2026-03-03T08:00:00+01:00", score=None),
        graded(about=About()),
        graded(about=About(submitted_at="2026-03-03T08:00:00+01:00", extension="2026-03-04T00:00+01:00")),
    ],
    ids=["in time", "early", "without a score", "nobody known", "extension"],
)
def test_who_loses_nothing(record: GradeRecord) -> None:
    """In time, without a grade, not known, or with an extension: no deduction."""
    after = with_lateness(record, RULE)

    assert after.score == record.score
    assert after.deductions == ()
    assert after.flags == ()


def test_an_extension_counts_before_the_rubrics_date() -> None:
    """One day after the extension is one day, not eight; a date of the platform counts only where the rubric has none."""
    about = About(submitted_at="2026-03-09T00:00:00+01:00", extension="2026-03-08T23:59:00+01:00", due=DUE)

    assert with_lateness(graded(about=about), RULE).deductions[0].points == "1.75"
    platform = Late.model_validate({"per_day": 1})
    assert with_lateness(graded(about=about.model_copy(update={"extension": ""})), platform).score == "9.50"


def test_an_unknown_time_is_for_a_person() -> None:
    """The clock is never asked: without a time of submission nothing is taken away, and staff are told."""
    record = with_lateness(graded(), RULE)

    assert record.score == "17.50"
    assert [flag.code for flag in record.flags] == ["lateness-unknown"]


def test_points_by_hand_and_the_pass_mark() -> None:
    """What people gave stays whole; whether it is passed follows from what is left."""
    manual = (ManualPoints(task="f", points="2.00", reason="Well said.", author="TA"),)  # type: ignore[arg-type]
    record = graded("2026-03-03T08:00:00+01:00", manual=manual, passed=True, pass_mark="15.00")

    after = with_lateness(record, RULE)
    assert (after.automatic_score, after.score, after.passed, after.passes()) == ("14.00", "16.00", False, True)


def test_without_a_rule_only_the_date_is_shown() -> None:
    """An extension is shown as the due date, and costs nothing."""
    about = About(submitted_at="2026-03-09T00:00:00+01:00", extension="2026-03-08T23:59:00+01:00")

    after = with_lateness(graded(about=about), None)
    assert (after.score, after.about.due) == ("17.50", "2026-03-08T23:59:00+01:00")

"""Small classes, and a large one, for the tests of the summary and the page of a class."""

from __future__ import annotations

import random
from typing import Any

import factories

from autograder.class_records import ClassRecord
from autograder.cohort.entries import Entry
from autograder.cohort.summary import summarise
from autograder.records import (
    About,
    Attempt,
    Behaviour,
    FailureKind,
    Flag,
    GradeRecord,
    ManualPoints,
    MistakeRecord,
    Outcome,
    ProbeAnswer,
    TaskRecord,
    Waiting,
)

HALF = factories.HALF
SIGN = MistakeRecord(name="sign", text="The sign is wrong.", severity="slip", credit="0.6")
PASSED, FAILED, INCONCLUSIVE = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
DERIVATION = Waiting(id="derivation", title="Derivation", max_points="4.00", what="Look at it.", file="*.pdf")

RAISING = Behaviour(
    probes="p",
    answers=(
        ProbeAnswer(
            sizes={"B": 1, "D": 3},
            relation="failed",
            failure=FailureKind.EXCEPTION,
            exception="IndexError",
            message="index # is out of bounds for dimension #",
            line="return x[n] + total",
            asked="array (B,)",
        ),
        ProbeAnswer(sizes={"B": 4, "D": 3}, relation="equal", came="array (B,)", asked="array (B,)"),
    ),
)
"""A fault that nobody has named."""


def task(name: str, points: str, **more: Any) -> TaskRecord:
    """A task of two points with one check, which passes where nothing was lost."""
    outcome = PASSED if points == more.get("max_points", "2.00") else FAILED
    fields = {"title": name.title(), "file": "a.py", "signature": "", "found_in": "a.py", "max_points": "2.00"}
    fields |= {"checks": (factories.check(name, "value", f"{name} is right", outcome),)}
    return TaskRecord(**(fields | {"id": name, "points": points, "outcome": outcome} | more))


def graded(name: str, *tasks: TaskRecord, **more: Any) -> GradeRecord:
    """A graded record whose score is the sum of its tasks."""
    score = sum(float(task.points) for task in tasks)
    possible = sum(float(task.max_points) for task in tasks)
    fields = {"score": f"{score:.2f}", "max_score": f"{possible:.2f}", "about": About(name=name, id=f"id-{name}")}
    fields |= {"assignment": "Sums", "track": "short", "provenance": {}, "timing": {}, "submission": name}
    return factories.record(tasks=tasks, **(fields | more))


def by_name(*records: GradeRecord, absent: tuple[Entry, ...] = ()) -> ClassRecord:
    """The summary of records whose keys are their students' names, in small letters."""
    return summarise(((record.about.name.lower(), record) for record in records), absent)


def varied() -> ClassRecord:
    """A dozen entries with a bit of everything."""
    records = [
        graded(
            f"Student {number:02}",
            task(
                "one",
                f"{number % 3}.00",
                mistakes=(HALF,) if number % 3 == 1 else (),
                behaviour=RAISING if number % 3 == 0 else None,
            ),
            task("two", f"{min(number / 4, 2):.2f}", mistakes=(SIGN,) if number < 4 else ()),
            waiting=(DERIVATION,),
            pass_mark="2.00",
            attempts=(Attempt(number=1, score="0.50", max_score="4.00"),) * (number % 2),
            timing={"stages_seconds": {"checks": 1.5 * number}},
            manual=(ManualPoints(task="derivation", points="3", sets=True, reason="good", author="TA"),) * (number > 6),
            flags=(Flag(code="network", message="A connection was stopped."),) * (number == 5),
        )
        for number in range(9)
    ]
    rejected = factories.rejected().model_copy(update={"about": About(name="Zoe", id="z")})
    error = factories.error().model_copy(update={"about": factories.ABOUT})
    absent = Entry("nobody", About(name="Nobody"), None, "The folder is empty.")
    return by_name(*records, rejected, error, absent=(absent,))


def large(students: int = 3000, tasks: int = 60) -> ClassRecord:
    """A class of ordinary names and keys in which every other task has one of five mistakes; its rows repeat a hundred records."""
    generator = random.Random(1)
    mistakes = [
        MistakeRecord(name=f"m{n}", text=f"Mistake {n} of them all.", severity="gap", credit="0.4") for n in range(5)
    ]
    records = [
        graded(
            f"Ordinary Name {number}",
            *(
                task(f"task_{place:02}", "2.00") if generator.random() < 0.5
                else task(f"task_{place:02}", "0.80", mistakes=(generator.choice(mistakes),))
                for place in range(tasks)
            ),
            about=factories.ABOUT,
        )
        for number in range(100)
    ]  # fmt: skip
    return summarise(
        ((f"lindgren_astrid_{number:06}", records[number % len(records)]) for number in range(students)), ()
    )

"""The nouns of the harness as frozen, typed records. They hold data and know how to become JSON; they do no work.

All that leaves the grading process (`result.json`, reports, exports) is built from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from pydantic import Field, model_validator

from autograder.behaviour import Behaviour, ProbeAnswer
from autograder.drawn import Contours, Curve, Drawing, Grid, Layer, Picture, Scatter, TrainingRecord
from autograder.handed_in import (
    About,
    Attempt,
    Cell,
    Code,
    Counted,
    DataFile,
    Member,
    Note,
    Record,
    SourceFile,
    Submission,
)
from autograder.outcomes import EARNS, Evidence, FailureKind, Outcome

RESULT = "result.json"
"""The name of the file that holds a `GradeRecord`."""

# ---------------------------------------------------------------------------------------------------------- grades


class MistakeRecord(Record):
    """A mistake that was recognised in a task, and what it costs.

    Attributes:
        name: An identifier.
        text: What is wrong, in one sentence.
        severity: `form`, `slip`, `gap` or `empty`.
        credit: The share of the task that is kept with this mistake: a decimal string from 0 to 1. In `CheckRecord.options` what its
            author said, "" where that is the share of its severity.
    """

    name: str
    text: str
    severity: Literal["form", "slip", "gap", "empty"]
    credit: str


class CheckRecord(Record):
    """The result of one check.

    Attributes:
        id: `"<task>.<name>"`.
        title: The check's docstring: the line a student reads.
        visibility: Whether students have the check's source.
        reveal: Whether students may see `evidence` (public checks, and hidden ones where the rubric says so).
        weight: Share of the task's points, a decimal string.
        kind: Set when `outcome` is `failed`.
        message: One or two sentences that are safe for students: no hidden input in them.
        help: What to look at, if the harness has a hint.
        brief: What is wrong in two or three words, where the kind does not say it.
        given: Whether its points are earned in proportion to what the task's other checks earn: it looks at form, or at a property
            that work without substance has as well.
        misconception: Name of the recognised mistake; " and " joins those that explain the failure together, " or " what it may be.
        misconception_text: Its explanation with the evidence.
        options: The mistakes that `misconception` names, before they were priced.
        forms: The faults of form, where it failed for nothing else.
        coerced: The faults of form that were undone in the answers that it judged.
        points: What it earned, before a task's points are rounded: a decimal string with four places.
        carried_from: Task (or tasks, joined by " and ") whose fault this failure repeats: with their functions right, the
            check passes. `GradeRecord.carry` says what it costs.
        waits_for: The check that must pass first, when `outcome` is `skipped`.
        traceback: The student's own lines only.
        printed: What the student's code printed during the check, shortened (staff only).
    """

    id: str
    title: str
    visibility: Literal["public", "hidden"]
    reveal: bool
    weight: str
    outcome: Outcome
    points: str = ""
    kind: FailureKind | None = None
    message: str = ""
    help: str = ""
    brief: str = ""
    given: bool = False
    evidence: Evidence | None = None
    misconception: str | None = None
    misconception_text: str = ""
    options: tuple[tuple[MistakeRecord, ...], ...] = ()
    forms: tuple[str, ...] = ()
    coerced: tuple[str, ...] = ()
    carried_from: str | None = None
    waits_for: str | None = None
    traceback: tuple[str, ...] = ()
    printed: str = ""


class TaskRecord(Record):
    """The result of one task; `points` and `max_points` are decimal strings with two places.

    Attributes:
        mistakes: What explains all that failed through a fault of the task's own; then the points are the product of the credits.
            Empty where something failed that has no name: then they are earned by the checks.
        diagnosis: The sentence, with the evidence, that is said once for the whole task.
        coerced: What of the form of answers was undone before their values were judged, in sentences.
        digest: What the task was made of when it was graded, see `assignment.digests`: draws depend on it.
        kind: What kind of work it is: `"function"`, `"answers"`, `"document"`, ...
        file: Where it is expected.
        signature: How the function is called; empty for work that is no function.
        found_in: Where it was found.
        code: The function or class as it was handed in.
        behaviour: How the function answered the probes of the class, where something failed that no written mistake explains (staff
            only).
    """

    id: str
    title: str
    kind: str = "function"
    file: str
    signature: str
    found_in: str | None
    points: str
    max_points: str
    outcome: Outcome
    checks: tuple[CheckRecord, ...]
    mistakes: tuple[MistakeRecord, ...] = ()
    diagnosis: str = ""
    coerced: tuple[str, ...] = ()
    digest: str = ""
    code: Code | None = None
    behaviour: Behaviour | None = None


class Flag(Record):
    """Something staff should look at: an attack that was stopped, an undecided check, a policy question."""

    code: str
    message: str
    check: str | None = None


class Deduction(Record):
    """Points that a rule of the assignment takes away from the whole: a decimal string, never negative."""

    code: str
    message: str
    points: str


class Waiting(Record):
    """Work that a person grades. Its points are no part of `score` and `max_score`; they come as `ManualPoints` of the same id.

    Attributes:
        id: The task, as `ManualPoints.task` names it.
        max_points: What it is worth: a decimal string with two places.
        what: One sentence for whoever grades it.
        file: What was asked to be handed in for it, such as `*.pdf`; "" if it is about the code.
        files: The files of the submission that it is about; none if nothing of it was handed in.
    """

    id: str
    title: str
    max_points: str
    what: str
    file: str = ""
    files: tuple[str, ...] = ()

    @property
    def is_absent(self) -> bool:
        """Whether something was asked for and nothing was handed in."""
        return bool(self.file) and not self.files


class ManualPoints(Record):
    """Points that a person added, took away or set. They count in `score`, and survive regrading.

    Attributes:
        task: A task's id, or a name for something that only people grade (`"essay"`).
        points: Signed: `"0.50"` is added, `"-1"` taken away; 0 with a reason is a comment.
        sets: Whether the task has these points, whatever its checks, and entries before this one, gave.
        reason: For the student.
        author: Who decided it (staff only).
    """

    task: str = Field(min_length=1, max_length=200)
    points: Decimal = Field(ge=-1000, le=1000, decimal_places=2)
    sets: bool = False
    reason: str = Field(min_length=1, max_length=2000)
    author: str = Field(min_length=1, max_length=200)


Carry = Literal["never", "half", "always"]
_CHARGED: dict[Carry, Fraction] = {"never": Fraction(0), "half": Fraction(1, 2), "always": Fraction(1)}


def share_earned(outcome: Outcome, carry: Carry, *, carried: bool) -> Fraction:
    """Return the part of its points that a check earns. `carried`: its failure comes from another task, which was charged for it;
    `carry` says whether it is charged again.
    """
    if outcome in EARNS:
        return Fraction(1)
    return 1 - _CHARGED[carry] if carried else Fraction(0)


class GradeRecord(Record):
    """The whole result of grading one submission: `result.json` is this record.

    Everything that may differ between two gradings of the same submission stands under `timing`.

    Attributes:
        score: The score that counts, never below zero: `automatic_score` with what people gave. It follows from these two whenever a
            record is made.
        automatic_score: What the checks gave, less `deductions`, never below zero.
        carry: Whether a failure that comes from another task, which was charged for it, was charged again.
        passed: In a track that is passed or not: whether `automatic_score` reaches `pass_mark`. `passes` looks at `score`.
        pass_mark: Points that such a track asks for, a decimal string with two places.
        drawings: What the grader drew for work that a person grades.
        pictures: What pictures the submission holds, in files and in notebooks.
        waiting: Work that a person grades.
        about: Who handed it in and when.
        attempts: What earlier submissions of the same student earned, the first one first.
        counted: Which of several attempts this is and why it counts, where a class was graded and there is more than one to choose from.
        manual: Points that people gave: `autograder by-hand` writes them, `regrade --write` and new gradings keep them.
    """

    schema_version: Literal[1] = 1
    status: Literal["graded", "rejected", "error"]
    assignment: str
    submission: str
    track: str
    score: str | None
    max_score: str | None
    automatic_score: str | None = None
    passed: bool | None = None
    pass_mark: str | None = None
    carry: Carry = "never"
    message: str = ""
    about: About = About()
    attempts: tuple[Attempt, ...] = ()
    counted: Counted | None = None
    tasks: tuple[TaskRecord, ...] = ()
    training: tuple[TrainingRecord, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    pictures: tuple[Picture, ...] = ()
    notes: tuple[Note, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    manual: tuple[ManualPoints, ...] = ()
    flags: tuple[Flag, ...] = ()
    deductions: tuple[Deduction, ...] = ()
    provenance: dict[str, Any] = Field(default_factory=dict)
    timing: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _count(self) -> GradeRecord:
        score = automatic = self.automatic_score if self.score and self.automatic_score else self.score
        if automatic is not None and self.manual:
            score = f"{max(Decimal(automatic) + self._by_hand(), Decimal(0)):.2f}"
        self.__dict__.update(score=score, automatic_score=automatic)  # a record is frozen once it is made
        return self

    def _by_hand(self) -> Decimal:
        """Return by how much people changed the score."""
        return sum(self.task_points().values(), Decimal(0)) - sum((Decimal(t.points) for t in self.tasks), Decimal(0))

    def task_points(self) -> dict[str, Decimal]:
        """Return the points that count, by task, also of what only people grade: those of the checks with those given by hand."""
        points = {task.id: Decimal(task.points) for task in self.tasks}
        for entry in self.manual:
            points[entry.task] = entry.points + (0 if entry.sets else points.get(entry.task, 0))
        return points

    @property
    def out_of(self) -> str | None:
        """What `score` is out of: `max_score` with that of work for which people have given points; None without a score."""
        waiting = {work.id for work in self.still_waiting()}
        graded = [Decimal(work.max_points) for work in self.waiting if work.id not in waiting]
        return f"{sum(graded, Decimal(self.max_score)):.2f}" if graded and self.max_score else self.max_score

    def with_manual(self, manual: Iterable[ManualPoints]) -> GradeRecord:
        """Return the same record with other points given by hand, and the score that follows."""
        return GradeRecord(
            **{name: getattr(self, name) for name in type(self).model_fields} | {"manual": tuple(manual)}
        )

    def remembering(self, old: GradeRecord) -> GradeRecord:
        """Return the same record; where it does not say who handed in, or what was before, with what an old one says."""
        update = {
            "about": self.about if self.about != About() else old.about,
            "attempts": self.attempts or old.attempts,
            "counted": self.counted or old.counted,
        }
        return self.model_copy(update=update)

    def passes(self) -> bool | None:
        """Whether the score reaches the track's pass mark; None where the track has none, or there is no score."""
        if self.pass_mark is None or self.score is None or (self.passed is not None and not self.manual):
            return self.passed
        return Decimal(self.score) >= Decimal(self.pass_mark)

    def still_waiting(self) -> tuple[Waiting, ...]:
        """The work that nobody has given points for yet."""
        return tuple(work for work in self.waiting if all(entry.task != work.id for entry in self.manual))

    def to_json(self) -> str:
        """The canonical text of `result.json`: two spaces of indent, non-ASCII kept, a final newline."""
        return self.model_dump_json(indent=2) + "\n"


__all__ = [
    "RESULT",
    "About",
    "Attempt",
    "Behaviour",
    "Carry",
    "Cell",
    "CheckRecord",
    "Code",
    "Contours",
    "Counted",
    "Curve",
    "DataFile",
    "Deduction",
    "Drawing",
    "Evidence",
    "FailureKind",
    "Flag",
    "GradeRecord",
    "Grid",
    "Layer",
    "ManualPoints",
    "Member",
    "MistakeRecord",
    "Note",
    "Outcome",
    "Picture",
    "ProbeAnswer",
    "Record",
    "Scatter",
    "SourceFile",
    "Submission",
    "TaskRecord",
    "TrainingRecord",
    "Waiting",
    "share_earned",
]

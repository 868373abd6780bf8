"""What is graded and what it is worth, as frozen records. `rubric_file` reads them; everything here is data and arithmetic.

`Rubric.for_track(name)` comes first in every grading: all that follows sees one plain rubric with the points, the policies and the
deliverables of that track.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from autograder.assignment.attempts import Attempts
from autograder.assignment.documents import DocumentRule
from autograder.assignment.kinds import KindName
from autograder.assignment.late import Late
from autograder.assignment.prices import CREDITS, Mistake, Severity
from autograder.errors import UsageError
from autograder.records import Carry, Record
from autograder.sandbox.limits import Limits

_CENT = Decimal("0.01")
FULL = "full"
"""The track that is graded when none is named."""


class CheckRule(Record):
    """One check of a task.

    Attributes:
        name: Second half of the check's id.
        weight: Its share of the task's points, relative to the other checks' weights.
        reveal: Show a hidden check's smallest failing input to students.
    """

    name: str
    weight: Decimal = Field(gt=0)
    reveal: bool = False


class TaskRule(Record):
    """One task: what it is worth and how the points are split.

    Attributes:
        id: What it is called in the rubric, in records and reports: letters, numbers, `_` and `-`.
        kind: What is handed in for it, see `autograder.assignment.kinds`.
        name: The Python name that a submission defines for it; the id where nothing is said.
        checks: Its checks; a kind that brings its own (short answers, documents) needs none here, work for a person has none.
        uses: Earlier tasks whose functions this one is built from: a failure that comes from one of them is carried. Where
            nothing is said, those that the reference uses.
        file: The script, the answers or the document that is handed in; may hold `*` for a document.
        pages: Most pages of a document.
        mentions: Words that a document must hold.
        what: For a person: what to look at.
        measure: For training: how the trained model is measured, see `autograder.training`.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=50)
    title: str
    kind: KindName = "function"
    name: str = Field(default="", pattern=r"^([A-Za-z_]\w*)?$")
    points: Decimal = Field(gt=0)
    checks: tuple[CheckRule, ...] = ()
    uses: tuple[str, ...] | None = None
    file: str = ""
    pages: int | None = Field(default=None, gt=0)
    mentions: tuple[str, ...] = ()
    what: str = ""
    measure: str = ""

    @property
    def object(self) -> str:
        """The Python name that a submission defines for this task."""
        return self.name or self.id

    def without(self, checks: Collection[str]) -> TaskRule:
        """Return the task without some checks, `"<task>.<check>"`."""
        kept = tuple(check for check in self.checks if f"{self.id}.{check.name}" not in checks)
        return self if len(kept) == len(self.checks) else self.model_copy(update={"checks": kept})

    def share(self, name: str) -> Fraction:
        """Return the exact part of the task's points that check `name` carries."""
        total = sum((Fraction(check.weight) for check in self.checks), Fraction(0))
        return Fraction(self.points) * next(Fraction(c.weight) for c in self.checks if c.name == name) / total


class TrainingRule(Record):
    """Budget and thresholds of a training task on one data set.

    Attributes:
        epochs: Passed to the student's function.
        batch_size, learning_rate: Likewise, where it takes them.
        arguments: Further arguments that are passed to it, by name.
        n_train, n_validation: Examples it gets; a model without labels needs no validation examples.
        world: Whether images look as they do elsewhere (`plain`), or as is drawn for each submission (`secret`).
        threshold: The measured figure must reach it: what it is, and in which unit, the measure says (accuracy as a fraction).
        wall_seconds: Wall clock as a stop.
    """

    epochs: int = Field(gt=0)
    batch_size: int = Field(default=100, gt=0)
    learning_rate: float = Field(default=0.001, gt=0)
    arguments: dict[str, int | float | str] = Field(default_factory=dict)
    n_train: int = Field(gt=0)
    n_validation: int = Field(default=0, ge=0)
    world: Literal["secret", "plain"] = "secret"
    threshold: float
    wall_seconds: float = Field(gt=0)


class Policies(Record):
    """What a submission may not use. Findings are shown to students and staff and never stop the grading.

    Attributes:
        forbidden_imports: Dotted names; `torch.distributions` forbids that module, not torch.
        allowed_imports: If not empty: the only libraries that may be imported, beside Python's own.
        costs: Points taken away when there is any finding, once.
    """

    forbidden_imports: tuple[str, ...] = ()
    allowed_imports: tuple[str, ...] = ()
    costs: Decimal = Field(default=Decimal(0), ge=0)


class Deliverable(DocumentRule):
    """A file that belongs to a submission beside the graded work.

    Attributes:
        costs: Points taken away when it is missing or not as it should be.
    """

    costs: Decimal = Field(default=Decimal(0), ge=0)


def _price(value: object) -> object:
    """Say what a price may be; the messages about each alternative of a union say it of one at a time."""
    if isinstance(value, str) and value in get_args(Severity):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 <= value <= 1:
        return value
    known = ", ".join(get_args(Severity))
    raise PydanticCustomError("price", "A price is a severity ({known}) or a share from 0 to 1", {"known": known})


Price = Annotated[Severity | Decimal, BeforeValidator(_price)]
"""What a rubric may say of a mistake: another severity, or a credit of its own."""


class Credits(Record):
    """The share of a task's points that is kept where a mistake of a severity explains all that failed."""

    form: Decimal = Field(default=CREDITS["form"], ge=0, le=1)
    slip: Decimal = Field(default=CREDITS["slip"], ge=0, le=1)
    gap: Decimal = Field(default=CREDITS["gap"], ge=0, le=1)
    empty: Decimal = Field(default=CREDITS["empty"], ge=0, le=1)


class Track(Record):
    """A named choice of tasks with points and rules of its own.

    Attributes:
        tasks: Task ids, with the track's points where they differ from the tasks' own; all tasks when nothing is said.
        kinds: If not empty: only tasks of these kinds.
        each: Points of every task of the track, in place of their own.
        without: Checks (`"<task>.<check>"`) that this course does not ask for; the others share the task's points.
        points: What the track's tasks must add up to, if stated.
        pass_mark: Points that are needed to pass; then the track is pass or fail.
        credits, mistakes, late, attempts: What differs in this track: see `Rubric`.
    """

    title: str
    tasks: dict[str, Decimal | None] | None = None
    kinds: tuple[KindName, ...] = ()
    each: Decimal | None = Field(default=None, gt=0)
    without: tuple[str, ...] = ()
    points: Decimal | None = None
    pass_mark: Decimal | None = Field(default=None, gt=0)
    policies: Policies = Policies()
    deliverables: tuple[Deliverable, ...] = ()
    credits: dict[Severity, Annotated[Decimal, Field(ge=0, le=1)]] = Field(default_factory=dict)
    mistakes: dict[str, Price] = Field(default_factory=dict)
    late: Late | None = None
    attempts: Attempts | None = None


class Rubric(Record):
    """The whole rubric, or what `for_track` makes of it for one track.

    Attributes:
        points: What the tasks must add up to.
        carry: Whether a failure that comes from another task, which was charged for it, is charged again.
        notes: A paragraph of Markdown for the students' README.
        requires: Libraries that students install beside what the checks need.
        training: Budgets by training task and data set.
        credits: What severities keep.
        mistakes: Prices of single mistakes, `"<task>.<name>"`, or `"<name>"` for a fault of form in all tasks.
        late: When work is due, and what it costs to be late; None if it does not matter.
        attempts: Which of several attempts of a student counts in a class.
        track: The track that this rubric was made for; "" for the whole one.
        policies, deliverables, pass_mark: Those of the track.
    """

    title: str
    points: Decimal
    carry: Carry = "never"
    notes: str = ""
    requires: tuple[str, ...] = ()
    budgets: Limits
    training_budgets: Limits
    training: dict[str, dict[str, TrainingRule]] = Field(default_factory=dict)
    tasks: tuple[TaskRule, ...] = Field(min_length=1)
    credits: Credits = Credits()
    mistakes: dict[str, Price] = Field(default_factory=dict)
    late: Late | None = None
    attempts: Attempts = Attempts()
    tracks: dict[str, Track]
    track: str = ""
    policies: Policies = Policies()
    deliverables: tuple[Deliverable, ...] = ()
    pass_mark: Decimal | None = None

    def task(self, task_id: str) -> TaskRule:
        """Return the task called `task_id`."""
        return next(task for task in self.tasks if task.id == task_id)

    def credit(self, task_id: str, mistake: Mistake) -> tuple[Severity, Fraction]:
        """Return how grave a mistake in a task is held, and the share of the task's points that is kept with it."""
        price = self.mistakes.get(f"{task_id}.{mistake.name}", self.mistakes.get(mistake.name, mistake.credit))
        if isinstance(price, str):
            return price, Fraction(getattr(self.credits, price))
        kept: Decimal = getattr(self.credits, mistake.severity) if price is None else price
        return mistake.severity, Fraction(kept)

    def check_ids(self) -> list[str]:
        """Return every check id, `"<task>.<name>"`, in the rubric's order."""
        return [f"{task.id}.{check.name}" for task in self.tasks for check in task.checks]

    def for_track(self, name: str) -> Rubric:
        """Return the plain rubric of one track: its tasks in the rubric's order, with its points and rules.

        Raises:
            UsageError: There is no such track.
        """
        if name not in self.tracks:
            raise UsageError(f"there is no track {name!r}; rubric.yaml has: {', '.join(self.tracks)}")
        track = self.tracks[name]
        chosen: Mapping[str, Decimal | None] = track.tasks or dict.fromkeys(task.id for task in self.tasks)
        tasks = [
            task.without(track.without).model_copy(update={"points": chosen[task.id] or track.each or task.points})
            for task in self.tasks
            if task.id in chosen and (not track.kinds or task.kind in track.kinds)
        ]
        if not tasks:
            raise UsageError(f"track {name!r} has no task")
        changes: dict[str, Any] = {
            "tasks": tuple(tasks),
            "points": sum((task.points for task in tasks), Decimal(0)),
            "track": name,
            "policies": track.policies,
            "deliverables": track.deliverables,
            "pass_mark": track.pass_mark,
            "late": track.late or self.late,
            "attempts": track.attempts or self.attempts,
            "credits": self.credits.model_copy(
                update={str(severity): kept for severity, kept in track.credits.items()}
            ),
            "mistakes": self.mistakes | track.mistakes,
        }
        return self.model_copy(update=changes)

    def only(self, ids: tuple[str, ...], *, training: bool = True) -> Rubric:
        """Return the same rubric for some of its tasks (all when `ids` is empty), with or without trained models.

        Raises:
            UsageError: A task that it does not have, or no task is left.
        """
        if unknown := [task_id for task_id in ids if task_id not in {task.id for task in self.tasks}]:
            known = ", ".join(task.id for task in self.tasks)
            raise UsageError(f"track {self.track!r} has no task {unknown[0]!r}; it has: {known}")
        tasks = [task for task in self.tasks if not ids or task.id in ids]
        tasks = [task for task in tasks if training or task.kind != "training"]
        if not tasks:
            raise UsageError("no task is left to grade")
        return self.model_copy(update={"tasks": tuple(tasks)})


def points_text(value: Fraction | Decimal) -> str:
    """Return points as a decimal string with two places, halves rounded up."""
    exact = Fraction(value)
    cents = (exact * 100 + Fraction(1, 2)).__floor__()
    return str((Decimal(cents) / 100).quantize(_CENT))

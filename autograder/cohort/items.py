"""How a class did in every task and check: counted while its records pass by, none of which is kept."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import fmean

from autograder.class_records import CheckSummary, TaskSummary
from autograder.records import CheckRecord, GradeRecord, Outcome, TaskRecord, Waiting

FEWEST = 3
"""Of pairs, for a correlation: through two points there is always a line."""


@dataclass(frozen=True)
class Standing:
    """What one graded record has in its tasks.

    Attributes:
        points: By task, in the order of the record, with what people gave; a task that still waits for them has none.
        most: What can be had in each of these.
    """

    points: dict[str, Decimal]
    most: dict[str, Decimal]

    def shares(self) -> dict[str, float]:
        """Return points divided by what can be had, for tasks where something can be."""
        return {task: float(points / self.most[task]) for task, points in self.points.items() if self.most[task] > 0}


def standing(record: GradeRecord) -> Standing:
    """Return what a record has in its tasks. Points that people gave for what is no task of it count in its score only."""
    points = record.task_points()
    work: tuple[TaskRecord | Waiting, ...] = (*record.tasks, *record.waiting)
    most = {item.id: Decimal(item.max_points) for item in work}
    return Standing({task: points[task] for task in most if task in points}, most)


@dataclass
class Correlation:
    """Pearson's correlation of pairs of whole numbers, from sums that are exact: equal values are seen to be equal."""

    n: int = 0
    x: int = 0
    y: int = 0
    xx: int = 0
    yy: int = 0
    xy: int = 0

    def add(self, x: int, y: int) -> None:
        """Count one pair."""
        self.n += 1
        self.x += x
        self.y += y
        self.xx += x * x
        self.yy += y * y
        self.xy += x * y

    def value(self) -> float | None:
        """Return it, from -1 to 1; None for fewer than `FEWEST` pairs, or where one side is always the same."""
        spread_x, spread_y = self.n * self.xx - self.x**2, self.n * self.yy - self.y**2
        if self.n < FEWEST or not spread_x or not spread_y:
            return None
        return (self.n * self.xy - self.x * self.y) / (math.sqrt(spread_x) * math.sqrt(spread_y))


@dataclass
class _Check:
    title: str
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    together: Correlation = field(default_factory=Correlation)

    def summary(self, check_id: str) -> CheckSummary:
        outcomes = {outcome: self.outcomes[outcome] for outcome in Outcome if self.outcomes[outcome]}
        return CheckSummary(
            id=check_id, title=self.title, outcomes=outcomes, discrimination=_rounded(self.together.value())
        )


@dataclass
class _Task:
    title: str
    kind: str
    most: Decimal = Decimal(0)
    waiting: int = 0
    shares: list[float] = field(default_factory=list)
    together: Correlation = field(default_factory=Correlation)
    checks: dict[str, _Check] = field(default_factory=dict)

    def summary(self, task_id: str) -> TaskSummary:
        checks = sorted(
            (check.summary(check_id) for check_id, check in self.checks.items()),
            key=lambda check: check.passed / check.taken,
        )
        full = sum(share >= 1 for share in self.shares)
        zero = sum(share <= 0 for share in self.shares)
        return TaskSummary(
            id=task_id,
            title=self.title,
            kind=self.kind,
            max_points=str(self.most),
            full=full,
            partial=len(self.shares) - full - zero,
            zero=zero,
            waiting=self.waiting,
            mean=fmean(self.shares) if self.shares else None,
            discrimination=_rounded(self.together.value()),
            checks=tuple(checks),
        )


class Items:
    """All tasks of a class, in the order in which records have them."""

    def __init__(self) -> None:
        self._tasks: dict[str, _Task] = {}

    def add(self, record: GradeRecord, stands: Standing) -> None:
        """Count a graded record."""
        total = sum(map(_hundredths, stands.points.values()))
        waiting = {work.id for work in record.still_waiting()}
        for task in record.tasks:
            rest = total - _hundredths(stands.points[task.id])
            self._task(task.id, task.title, task.kind)
            for check in task.checks:
                self._add_check(task, check, rest)
        for work in record.waiting:
            self._task(work.id, work.title, "person").waiting += work.id in waiting
        shares = stands.shares()
        for task_id, most in stands.most.items():
            counted = self._tasks[task_id]
            counted.most = max(counted.most, most)
            if task_id in shares:
                points = _hundredths(stands.points[task_id])
                counted.shares.append(shares[task_id])
                counted.together.add(points, total - points)

    def summaries(self) -> tuple[TaskSummary, ...]:
        """Return what was counted."""
        return tuple(task.summary(task_id) for task_id, task in self._tasks.items())

    def _task(self, task_id: str, title: str, kind: str) -> _Task:
        return self._tasks.setdefault(task_id, _Task(title, kind))

    def _add_check(self, task: TaskRecord, check: CheckRecord, rest: int) -> None:
        counted = self._tasks[task.id].checks.setdefault(check.id, _Check(check.title))
        counted.outcomes[check.outcome] += 1
        counted.together.add(check.outcome is Outcome.PASSED, rest)


def _hundredths(points: Decimal) -> int:
    """Points, which have two places, as a whole number."""
    return int(points * 100)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

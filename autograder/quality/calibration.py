"""How right trainings spread: the figure that a threshold is about, for every right answer, in many worlds.

A threshold that a right answer misses by chance is wrong. Each row is one answer on one data set: as many trainings, each with images and
noise of its own, as a submission would get them.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist, mean, stdev
from typing import Any

import torch

from autograder.assignment.loading import Assignment
from autograder.authoring.failures import CheckFailed, CheckStopped
from autograder.checking.student import Student
from autograder.errors import UsageError
from autograder.report.text import less_is_better
from autograder.sandbox.inprocess import OneFunction
from autograder.training import measure_named


@dataclass(frozen=True)
class Spread:
    """What one right answer reaches in many trainings.

    Attributes:
        task, answer: The task, and who answers: `reference` or a right candidate.
        data, device: What was trained on, and where.
        figure: Which measured figure has the threshold.
        threshold: What it must reach.
        values: What it reached, one entry per training; NaN where there was no model.
        seconds: Of one training with all that is measured, on average.
    """

    task: str
    answer: str
    data: str
    device: str
    figure: str
    threshold: float
    values: tuple[float, ...]
    seconds: float

    @property
    def failed(self) -> int:
        """How many trainings missed the threshold."""
        return sum(not self._reaches(value) for value in self.values)

    def sentence(self) -> str:
        """Return the row in words, for a terminal."""
        return (
            f"{self.task} on {self.data}, {self.answer}: {self.figure.replace('_', ' ')} {mean(self.values):.4g} "
            f"(worst {_worst(self):.4g}) in {len(self.values)} trainings of {self.seconds:.1f} s; {self.threshold:g} is needed, "
            f"{self.deviations:.1f} deviations away; missed by {self.failed}"
        )

    def _reaches(self, value: float) -> bool:
        return value <= self.threshold if less_is_better(self.figure) else value >= self.threshold

    @property
    def deviations(self) -> float:
        """By how many standard deviations the mean is on the right side of the threshold; infinite where nothing varies."""
        distance = (self.threshold - mean(self.values)) * (1 if less_is_better(self.figure) else -1)
        spread = stdev(self.values) if len(self.values) > 1 else 0.0
        return distance / spread if spread > 0 else math.copysign(math.inf, distance)

    @property
    def failing(self) -> float:
        """The probability that this answer misses the threshold, if its figure is Gaussian."""
        return NormalDist().cdf(-self.deviations) if math.isfinite(self.deviations) else float(self.deviations < 0)


def calibrate(
    assignment: Assignment,
    tasks: Sequence[str],
    data: str,
    root: Path | None,
    device: str,
    seeds: int,
    said: Callable[[str], None] = lambda text: None,
) -> Iterator[Spread]:
    """Train every right answer in `seeds` worlds and yield what it reaches.

    Args:
        assignment: Whose reference and right candidates.
        tasks: Ids of training tasks.
        data, root: What is trained on, and where it lies.
        device: Where.
        seeds: How many worlds.
        said: Told what is going on.

    Raises:
        UsageError: A task has no budget for these data.
    """
    torch.set_num_threads(1)  # as in a grading
    for task in tasks:
        rule = assignment.rubric.task(task)
        measure = measure_named(rule.measure)
        images = measure.load(data, root)
        if images.name not in assignment.rubric.training[task]:
            raise UsageError(f"rubric.yaml has no training budget of {task} for the data set {images.name!r}")
        budget = assignment.rubric.training[task][images.name]
        answers: dict[str, Any] = {"reference": assignment.objects[rule.object]}
        answers |= {found.name: found.function for found in assignment.candidates.variants(task)}
        for name, function in answers.items():
            started, values, figure = time.monotonic(), [], ""
            for seed in range(seeds):
                said(f"{task}, {name}, {images.name}: {seed + 1} of {seeds}")
                one = OneFunction(assignment.contract.resolved(task), function, device)
                run = measure(one, task, images, budget, f"calibration {seed}", device)
                student = Student(one, one.report, assignment.contract, f"{task}.calibration", seed)
                try:
                    run.measured(student)
                except (CheckFailed, CheckStopped):
                    values.append(math.nan)
                    continue
                record = run.record()
                (figure,) = record.thresholds
                values.append(record.metrics[figure])
            seconds = (time.monotonic() - started) / seeds
            yield Spread(task, name, images.name, device, figure, budget.threshold, tuple(values), seconds)


def remembered(path: Path) -> list[Spread]:
    """Return the rows of a file that `kept` wrote; none where there is no file.

    Raises:
        UsageError: It holds something else.
    """
    if not path.is_file():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [Spread(**row | {"values": tuple(row["values"])}) for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path} is not what `calibrate` writes ({error}); name another file with --out") from None


def kept(path: Path, rows: Sequence[Spread]) -> list[Spread]:
    """Write rows into a file, in place of older ones of the same answers, and return all that it holds now."""
    every = {(r.task, r.data, r.device, r.answer): r for r in (*remembered(path), *rows)}
    ordered = [every[key] for key in sorted(every)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(_rounded(row)) for row in ordered) + "\n]\n", encoding="utf-8")
    return ordered


def _rounded(row: Spread) -> dict[str, Any]:
    return asdict(row) | {"values": [round(value, 5) for value in row.values], "seconds": round(row.seconds, 1)}


def page(rows: Sequence[Spread]) -> str:
    """Return what `make calibrate` writes for people, in Markdown."""
    return _HEAD + table(rows)


_HEAD = """# Calibration of thresholds

Written by `make calibrate`; the numbers are in `calibration.json`. Each line is a right answer, trained in so many worlds:
images, noise and seeds of its own each time, as submissions get them. *deviations*: how many standard deviations its mean is on
the right side of the threshold of `rubric.yaml`; beyond 3.1 a right answer misses it with a probability under 1e-3, if the figure
is Gaussian. *missed*: how many of these trainings did.

"""


def table(rows: Sequence[Spread]) -> str:
    """Return rows as a table of Markdown, one line for each."""
    head = "| task | data | device | right answer | trainings | figure | mean | spread | worst | threshold | deviations | missed |\n"
    head += "| --- | --- | --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    return head + "".join(
        f"| `{r.task}` | {r.data} | {r.device} | {r.answer} | {len(r.values)} | {r.figure.replace('_', ' ')} | {mean(r.values):.4g} | "
        f"{stdev(r.values) if len(r.values) > 1 else 0:.2g} | {_worst(r):.4g} | {r.threshold:g} | {r.deviations:.1f} | {r.failed} |\n"
        for r in rows
    )


def _worst(row: Spread) -> float:
    return max(row.values) if less_is_better(row.figure) else min(row.values)

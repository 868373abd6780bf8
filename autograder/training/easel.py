"""What an author draws with, for work that a person grades: a submission's functions and trained models, and the data.

`tests/figures/<task>.py` has a function `draw(easel)`, which returns `Drawn`. Nothing that happens in it changes points.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, CheckStopped
from autograder.checking.student import Student
from autograder.records import Contours, Curve, Grid, Scatter
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import Asked, Question
from autograder.training.data import Images
from autograder.training.models import ModelRun
from autograder.training.weights import Weights


class NotDrawn(Exception):
    """There is nothing to draw, through nobody's fault: this grading has no such training, or the model has other sizes."""


@dataclass(frozen=True)
class Drawn:
    """Pictures for one task."""

    grids: tuple[Grid, ...] = ()
    scatters: tuple[Scatter, ...] = ()
    contours: tuple[Contours, ...] = ()
    curves: tuple[Curve, ...] = ()


@dataclass
class Easel:
    """One submission, to draw with.

    Attributes:
        task: Id of the task that is drawn for.
        salt: Fixes what is drawn at random.
        make: Makes what asks a sandbox, for questions of the check that is named.
        runs: The training runs of this grading, by task.
    """

    task: str
    salt: int
    asked: Asked
    make: Callable[[Asked, str], Student]
    runs: Mapping[str, Any]
    load: Callable[[], Images]

    @cached_property
    def student(self) -> Student:
        """Asks the submission's functions."""
        return self.make(self.asked, f"{self.task}.figure")

    @cached_property
    def generator(self) -> torch.Generator:
        """Source of what is drawn at random: the same for every grading of a submission."""
        return torch.Generator().manual_seed(zlib.crc32(f"{self.task}/{self.salt}".encode()))

    @cached_property
    def images(self) -> Images:
        """The data set."""
        return self.load()

    def value(self, function: str, **arguments: Any) -> Any:
        """Return what a function of the submission returns; errors are those of `Student.value`."""
        return _value(self.student, Case(function, arguments, seed=self.salt % 2**31))

    def run(self, task: str) -> Any:
        """Return the training run of a task.

        Raises:
            NotDrawn: No model was trained for it in this grading.
        """
        run = self.runs.get(task)
        if run is None or run.record() is None:
            raise NotDrawn(f"no model was trained for {task}")
        return run

    def trained(self, task: str) -> Trainee:
        """Return the model that was trained for a task, as it is in a process that has not seen the images.

        Raises:
            NotDrawn: No model was trained for it in this grading.
            CheckFailed, CheckStopped: Its weights cannot be loaded into an untrained model.
        """
        run = self.run(task)
        student = self.make(run.asked, f"{self.task}.figure")
        return self.model_of(run, student, run.trained(student).model.weights)

    def model_of(self, run: ModelRun, student: Student, weights: Weights) -> Trainee:
        """Return a model with given weights; errors are those of `trained`."""
        return Trainee(run, student, run.elsewhere(student, weights, run.case()), self.salt % 2**31)


@dataclass(frozen=True)
class Trainee:
    """A trained model, and the submission's functions in the process where it lives: these can be given the model's parts."""

    run: Any
    student: Student
    handle: Handle
    seed: int

    def part(self, name: str) -> Handle:
        """Return a method or a submodule of the model, in evaluation mode, as something to call.

        Raises:
            CheckFailed, CheckStopped: It has none of this name.
        """
        self.student.ask_handle(Question(self.handle, method="eval", keep=True), "`eval` of the model")
        said = f"`model.{name}`"
        try:
            answer = self.student.ask_handle(Question(self.handle, [name], method="__getattribute__", keep=True), said)
        except (CheckFailed, CheckStopped):
            answer = self.student.ask_handle(Question(self.handle, [name], method="get_submodule", keep=True), said)
        found = answer.value
        if not isinstance(found, Handle):
            raise NotDrawn(f"{said} cannot be called")
        return found

    def value(self, function: str, **arguments: Any) -> Any:
        """Return what a function of the submission returns; errors are those of `Student.value`."""
        return _value(self.student, Case(function, arguments, seed=self.seed))


def _value(student: Student, case: Case) -> Any:
    try:
        return student.value(case)
    except CheckFailed as failure:
        if f"`{case.function}`" not in failure.message:  # there is no title of a check that says what was asked
            failure.message = f"`{case.function}`: {failure.message}"
        raise


__all__ = ["Drawn", "Easel", "NotDrawn", "Trainee"]

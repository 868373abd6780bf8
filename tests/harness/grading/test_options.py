"""Options of a grading: which plain rubric they make, and what a machine can do."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import torch

from autograder.assignment.rubric import Rubric
from autograder.assignment.rubric_file import parse_rubric
from autograder.errors import UsageError
from autograder.grading.options import GradeOptions, device_of, limits_on

RUBRIC = parse_rubric(
    """\
title: Tiny
points: 3
budgets: {call_seconds: 5}
training_budgets: {threads: 2}
training:
  train:
    digits: {epochs: 1, batch_size: 8, learning_rate: 0.1, n_train: 9, n_validation: 5, threshold: 0.5, wall_seconds: 9}
tasks:
  - {id: double, title: Twice, points: 1, checks: {value: 2}}
  - {id: triple, title: Thrice, points: 1, checks: {value: 2}}
  - {id: train, title: Train, kind: training, points: 1, checks: {accuracy: 3}}
tracks:
  full: {title: Everything}
  less: {title: Less, tasks: {triple: 4}}
  models: {title: Models, kinds: [training]}
""",
    Path("rubric.yaml"),
)


def ids(rubric: Rubric) -> list[str]:
    """The ids of the tasks."""
    return [task.id for task in rubric.tasks]


def test_what_is_graded() -> None:
    """The track first, then the tasks that were asked for, in the rubric's order, with or without trained models."""
    assert ids(GradeOptions().applied_to(RUBRIC)) == ["double", "triple", "train"]
    assert ids(GradeOptions(training=False).applied_to(RUBRIC)) == ["double", "triple"]
    assert ids(GradeOptions(tasks=("train", "double")).applied_to(RUBRIC)) == ["double", "train"]
    less = GradeOptions(track="less").applied_to(RUBRIC)
    assert [(task.id, task.points) for task in less.tasks] == [("triple", Decimal(4))]


REFUSED = {
    "an unknown track": (GradeOptions(track="most"), "there is no track 'most'; rubric.yaml has: full, less, models"),
    "an unknown task": (GradeOptions(tasks=("quadruple",)), "track 'full' has no task 'quadruple'; it has: double, triple, train"),
    "a task of another track": (GradeOptions(track="less", tasks=("double",)), "track 'less' has no task 'double'; it has: triple"),
    "nothing left": (GradeOptions(track="models", training=False), "no task is left to grade"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_graded(options: GradeOptions, message: str) -> None:
    """What the track does not have is refused with what it has."""
    with pytest.raises(UsageError) as caught:
        options.applied_to(RUBRIC)
    assert str(caught.value) == message


def test_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` takes what there is; a GPU that is asked for and not there is refused."""
    assert device_of("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto") == "cpu"
    with pytest.raises(UsageError, match="--device cuda: torch sees no GPU on this machine; use --device cpu or auto"):
        device_of("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of("cuda") == "cuda"


def test_functions_are_asked_on_the_cpu() -> None:
    """Only models are trained on a GPU: no verdict on a function depends on the machine."""
    functions, models = limits_on("cuda", RUBRIC)
    assert (functions.device, models.device) == ("cpu", "cuda")
    assert (functions.call_seconds, models.threads) == (5, 2)

"""A model as it was after some epochs, for pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from autograder.checking.student import Student
from autograder.training.easel import Easel, Trainee
from autograder.training.measures.vae.run import VaeRun
from autograder.training.models import Model
from autograder.training.weights import Weights


def at_epochs(easel: Easel, run: VaeRun, epochs: Sequence[int]) -> Iterator[tuple[int, Trainee]]:
    """Yield the model after each of these epochs that the rubric's budget reaches, and after the last one.

    It is trained once more, with snapshots; where none come back, once for every number of epochs, with the same seed.

    Raises:
        CheckFailed, CheckStopped: A training gives no model.
    """
    student = easel.make(run.asked, f"{run.task}.figure")
    wanted = tuple(sorted({epoch for epoch in epochs if epoch < run.rule.epochs} | {run.rule.epochs}))
    found: dict[int, Weights] = run.once(f"weights after {wanted}", lambda: _weights(student, run, wanted))
    for epoch, weights in found.items():
        yield epoch, easel.model_of(run, student, weights)


def _weights(student: Student, run: VaeRun, epochs: tuple[int, ...]) -> dict[int, Weights]:
    model = run.made(student, run.case(snapshot_epochs=epochs), seconds=run.rule.wall_seconds)
    kept = _snapshots(model, epochs)
    if kept:
        return kept
    made = {epoch: run.made(student, run.case(epochs=epoch), seconds=run.rule.wall_seconds) for epoch in epochs[:-1]}
    return {epoch: trained.weights for epoch, trained in made.items()} | {epochs[-1]: model.weights}


def _snapshots(model: Model, epochs: tuple[int, ...]) -> dict[int, Weights]:
    """Return the snapshots of a history, by epoch; none unless all are there and fit the model."""
    found: Any = model.history.get("snapshots") if isinstance(model.history, Mapping) else None
    if isinstance(found, list | tuple) and len(found) == len(epochs):
        found = dict(zip(epochs, found, strict=True))
    if not isinstance(found, Mapping) or not all(_fits(found.get(epoch), model.weights) for epoch in epochs):
        return {}
    return {epoch: found[epoch] for epoch in epochs}


def _fits(state: Any, weights: Weights) -> bool:
    return (
        isinstance(state, Mapping)
        and state.keys() == weights.keys()
        and all(isinstance(state[name], Tensor) and state[name].shape == weights[name].shape for name in weights)
    )

"""What the checks of `train_autoencoder` recognise by themselves, and what right work in unusual dress keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from autograder.assignment.loading import Assignment
from autograder.quality.matrix import Entry, Row, entries_of, run_matrix

OWN = Assignment(Path(__file__).resolve().parents[3])
TASK = "train_autoencoder"
FEW = ("logits_decoded", "most_images_unused")
"""Those that are asked about with every change."""
UNNAMED = ("zero_grad_missing",)
"""Nothing that they do proves what they are."""


def row_of(function: Any, name: str) -> Row:
    """Return how a trainer fares in all checks."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the networks are small
    try:
        (row,) = run_matrix(OWN, [Entry("misconception", TASK, name, function)])
    finally:
        torch.set_num_threads(threads)
    return row


NAMED = {e.name: e.function for e in entries_of(OWN) if e.task == TASK and e.kind == "misconception"}
RIGHT = {e.name: e.function for e in entries_of(OWN) if e.task == TASK and e.kind == "variant"}
ASKED = [
    pytest.param(name, marks=() if name in FEW else pytest.mark.matrix) for name in sorted(set(NAMED) - set(UNNAMED))
]


@pytest.mark.parametrize("name", ASKED)
def test_a_mistake_is_named_and_paid_once(name: str) -> None:
    """The mistake has its name and no other, and the task keeps what the mistake costs, however many checks fail for it."""
    row = row_of(NAMED[name], name)
    mistake = next(c.mistake for c in OWN.candidates.mistakes(TASK) if c.name == name)

    assert row.named == (name,), row.messages
    assert row.share == pytest.approx(float(OWN.rubric.credit(TASK, mistake)[1])), row.messages


def test_who_sets_images_aside_keeps_all() -> None:
    """A fifth for validation, which the loop does not see, is the student's choice."""

    def sets_aside(images: Any, *, seed: int, **settings: Any) -> Any:
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
        return RIGHT["linear"](images[order[len(images) // 5 :]], seed=seed, **settings)

    row = row_of(sets_aside, "sets_aside")
    assert row.share == 1.0, row.messages


def test_whoever_cannot_make_an_untrained_model_loses_little() -> None:
    """A schedule that needs at least one epoch fails one check: the weights are loaded into a model that was trained on noise."""

    def needs_an_epoch(images: Any, *, epochs: int, **settings: Any) -> Any:
        if epochs < 1:
            raise ValueError("Expected positive integer total_steps, but got 0")
        return RIGHT["linear"](images, epochs=epochs, **settings)

    row = row_of(needs_an_epoch, "needs_an_epoch")
    failed = {name for name, outcome in row.outcomes.items() if outcome.value == "failed"}
    assert failed == {"settings"}, row.messages

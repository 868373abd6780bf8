"""What the checks of trained generative models recognise by themselves, and what right work in unusual dress keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from autograder.assignment.loading import Assignment
from autograder.quality.matrix import Entry, Row, entries_of, run_matrix

OWN = Assignment(Path(__file__).resolve().parents[3])
FEW = {("train_vae", "kl_missing"), ("train_vae", "history_forgotten"), ("train_hierarchical_vae", "ratio_reversed")}
"""Those that are asked about with every change."""
UNNAMED = {
    "train_vae": {"zero_grad_missing", "one_batch_per_epoch", "variance_as_deviation", "deviation_detached"},
    "train_hierarchical_vae": {"zero_grad_missing", "reconstruction_averaged"},
}
"""Nothing that they do proves what they are. Its keys are the tasks that are asked about here."""


def row_of(task: str, function: Any, name: str) -> Row:
    """Return how a trainer fares in all checks."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the networks are small
    try:
        (row,) = run_matrix(OWN, [Entry("misconception", task, name, function)])
    finally:
        torch.set_num_threads(threads)
    return row


NAMED = {
    (e.task, e.name): e.function
    for e in entries_of(OWN)
    if e.kind == "misconception" and e.task in UNNAMED and e.name not in UNNAMED[e.task]
}


@pytest.mark.parametrize(
    ("task", "name"), [pytest.param(*key, marks=() if key in FEW else pytest.mark.matrix) for key in sorted(NAMED)]
)
def test_a_mistake_is_named_and_paid_once(task: str, name: str) -> None:
    """The mistake has its name and no other, and the task keeps what the mistake costs, however many checks fail for it."""
    row = row_of(task, NAMED[task, name], name)
    mistake = next(c.mistake for c in OWN.candidates.mistakes(task) if c.name == name)

    assert row.named == (name,), row.messages
    assert row.share == pytest.approx(float(OWN.rubric.credit(task, mistake)[1])), row.messages


def test_whoever_cannot_make_an_untrained_model_loses_little() -> None:
    """A schedule that needs at least one epoch fails one check: the weights are loaded into a model that was trained on noise."""
    right = next(e.function for e in entries_of(OWN) if (e.task, e.name) == ("train_vae", "relu_and_kl_by_hand"))

    def needs_an_epoch(images: Any, *, epochs: int, **settings: Any) -> Any:
        if epochs < 1:
            raise ValueError("Expected positive integer total_steps, but got 0")
        return right(images, epochs=epochs, **settings)

    row = row_of("train_vae", needs_an_epoch, "needs_an_epoch")
    failed = {name for name, outcome in row.outcomes.items() if outcome.value == "failed"}
    assert failed == {"settings"}, row.messages

"""What the checks of `train_classifier` recognise by themselves, and what honest work that learns slowly keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from autograder.assignment.loading import Assignment
from autograder.quality.matrix import Entry, Row, entries_of, run_matrix

OWN = Assignment(Path(__file__).resolve().parents[3])
TASK = "train_classifier"


def row_of(function: Any, name: str) -> Row:
    """Return how a trainer fares in all checks."""
    (row,) = run_matrix(OWN, [Entry("misconception", TASK, name, function)])
    return row


def candidate(name: str) -> Any:
    """Return a named mistake."""
    return next(entry.function for entry in entries_of(OWN) if (entry.task, entry.name) == (TASK, name))


RECOGNISED = {
    "steps_too_small": "accuracy",
    "epochs_accumulated": "history",
    "validated_on_training_data": "history",
    "last_batch_reported": "history",
    "history_forgotten": "contract",
}


@pytest.mark.parametrize(("name", "check"), RECOGNISED.items(), ids=RECOGNISED)
def test_what_a_check_recognises(name: str, check: str) -> None:
    """The mistake has its name, nothing else fails, and the task keeps what the mistake costs."""
    row = row_of(candidate(name), name)
    failed = {name for name, outcome in row.outcomes.items() if outcome.value == "failed"}

    assert (row.named, failed) == ((name,), {check}), row.messages
    assert row.share == pytest.approx(float(OWN.rubric.credit(TASK, mistake(name))[1]))


def mistake(name: str) -> Any:
    """Return what a named mistake is called and costs."""
    return next(c.mistake for c in OWN.candidates.mistakes(TASK) if c.name == name)


def test_an_untrained_model_has_a_name_and_no_price() -> None:
    """Nothing was learnt: its history is right, and earns nothing by itself."""
    row = row_of(candidate("no_update"), "no_update")

    assert (row.named, row.share) == (("no_update",), 0.0), row.messages
    assert row.outcomes["history"].value == "passed"


def test_momentum_at_the_given_rate_keeps_most_of_its_points() -> None:
    """The rate is meant for Adam: with SGD and momentum, less is learnt than is asked for, and everything else is right."""
    from reference.classifier import train_classifier

    def with_momentum(*arguments: Any, **settings: Any) -> Any:
        adam = torch.optim.Adam
        torch.optim.Adam = lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9)  # type: ignore[assignment, misc]
        try:
            return train_classifier(*arguments, **settings)
        finally:
            torch.optim.Adam = adam  # type: ignore[misc]

    row = row_of(with_momentum, "sgd_with_momentum")

    assert row.share is not None
    assert row.share >= 0.85, (row.outcomes, row.messages)

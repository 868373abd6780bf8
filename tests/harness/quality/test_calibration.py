"""Calibration: what right answers reach, and how far that is from a threshold."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograder.assignment.loading import Assignment
from autograder.errors import UsageError
from autograder.quality.calibration import Spread, calibrate, kept, page, remembered

OWN = Assignment(Path(__file__).resolve().parents[3])


def spread(figure: str = "test_accuracy", threshold: float = 0.9, values: Any = (0.94, 0.96), **more: Any) -> Spread:
    """A row."""
    fields = {"task": "fit", "answer": "reference", "data": "few", "device": "cpu", "seconds": 1.0} | more
    return Spread(figure=figure, threshold=threshold, values=tuple(values), **fields)


def test_a_figure_that_must_be_large() -> None:
    """Two trainings 0.02 apart, whose mean is 0.05 above the threshold."""
    row = spread()

    assert row.failed == 0
    assert row.deviations == pytest.approx(0.05 / 0.01414, rel=1e-3)
    assert row.failing == pytest.approx(2e-4, rel=0.1)
    assert spread(values=(0.89, 0.91, math.nan)).failed == 2


def test_a_figure_that_must_be_small() -> None:
    """A loss is on the right side below its threshold."""
    row = spread("training_loss", 30.0, (20.0, 22.0))

    assert row.failed == 0
    assert row.deviations == pytest.approx(9 / math.sqrt(2))
    assert spread("training_loss", 30.0, (29.0, 33.0)).failed == 1


def test_what_does_not_vary_is_sure() -> None:
    """One side of the threshold or the other."""
    assert (spread(values=(0.95, 0.95)).failing, spread(values=(0.85, 0.85)).failing) == (0.0, 1.0)


def test_rows_are_kept_until_they_are_measured_again(tmp_path: Path) -> None:
    """One row for each answer, data set and device; sorted, and the same when they are read."""
    path = tmp_path / "docs" / "calibration.json"
    first, other, again = spread(), spread(answer="tall"), spread(values=(0.91, 0.92))

    assert remembered(path) == []
    assert kept(path, [other, first]) == [first, other]
    assert kept(path, [again]) == [again, other]
    assert remembered(path) == [again, other]
    assert "| `fit` | few | cpu | tall | 2 | test accuracy | 0.95 |" in page(remembered(path))


@pytest.mark.parametrize("text", ["{", "[1]", '[{"task": "fit"}]'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    """Nothing is written over that `calibrate` did not write."""
    path = tmp_path / "calibration.json"
    path.write_text(text)

    with pytest.raises(UsageError, match="is not what `calibrate` writes"):
        remembered(path)


def test_right_answers_are_trained_in_worlds_of_their_own() -> None:
    """The reference and both variants, with a tiny budget: figures of each training, another one in each world."""
    rule = next(iter(OWN.rubric.training["train_classifier"].values()))
    few = rule.model_copy(update={"epochs": 1, "n_train": 60, "n_validation": 20})
    small = SimpleNamespace(
        rubric=OWN.rubric.model_copy(update={"training": {"train_classifier": {"digits": few}}}),
        objects=OWN.objects, contract=OWN.contract, candidates=OWN.candidates,
    )  # fmt: skip
    said: list[str] = []
    rows = list(calibrate(small, ["train_classifier"], "digits", None, "cpu", 2, said.append))  # type: ignore[arg-type]

    assert [row.answer for row in rows] == ["reference", "mlp_with_momentum", "convolutions_with_one_cycle"]
    assert all(row.figure == "test_accuracy" and len(set(row.values)) == 2 for row in rows)
    assert said[:2] == [f"train_classifier, reference, digits: {n} of 2" for n in (1, 2)]

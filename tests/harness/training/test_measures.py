"""Measures are found by the names of their modules."""

from __future__ import annotations

import pkgutil

import pytest
import torch

from autograder.assignment.rubric import TrainingRule
from autograder.errors import UsageError
from autograder.sandbox.inprocess import OneFunction
from autograder.training import measure_named, measures
from autograder.training.data import Images
from autograder.training.measures.classifier import ClassifierRun
from autograder.training.measures.vae import VaeRun


@pytest.mark.parametrize("name", sorted(module.name for module in pkgutil.iter_modules(measures.__path__)))
def test_a_measure_is_the_module_of_its_name(name: str) -> None:
    """`measure: classifier` means `measures/classifier.py`."""
    run = measure_named(name)

    assert run.__module__.startswith(f"autograder.training.measures.{name}")
    assert callable(run.load)


def test_nothing_said_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is said and there are several, none is taken; where there is one, that is it."""
    with pytest.raises(UsageError, match="there is no measure ''"):
        measure_named("")

    found = [module for module in pkgutil.iter_modules(measures.__path__) if module.name == "vae"]
    monkeypatch.setattr(pkgutil, "iter_modules", lambda _path: iter(found))
    assert measure_named("") is VaeRun


@pytest.mark.parametrize("name", ["regressor", "os", "", "classifier.Run", "../data/mnist"])
def test_an_unknown_measure_is_refused(name: str) -> None:
    """Any other name is refused with those that there are: nothing else can be imported by way of a rubric."""
    with pytest.raises(UsageError) as caught:
        measure_named(name)
    assert f"there is no measure {name!r} for trained models; there are: autoencoder, classifier" in str(caught.value)


@pytest.mark.parametrize("threshold", [0.0, -125.0, 97.0])
def test_an_accuracy_is_a_share(threshold: float) -> None:
    """What a threshold means is the measure's to say: 97 for 97 % is refused."""
    rule = TrainingRule(epochs=1, batch_size=8, learning_rate=0.1, n_train=9, threshold=threshold, wall_seconds=9)
    pixels, labels = torch.zeros(20, 1, 28, 28), torch.arange(20) % 10
    with pytest.raises(UsageError, match=r"training\.fit: the threshold is an accuracy, a share from 0 to 1, not"):
        ClassifierRun(
            OneFunction("fit", len), "fit", Images("few", "", pixels, labels, pixels, labels), rule, "secret", "cpu"
        )

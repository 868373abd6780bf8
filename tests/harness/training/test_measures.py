"""Measures are found by the names of their modules."""

from __future__ import annotations

import pytest

from autograder.errors import UsageError
from autograder.training import measure_named
from autograder.training.measures.classifier import ClassifierRun


@pytest.mark.parametrize("name", ["classifier", ""])
def test_a_measure_is_the_module_of_its_name(name: str) -> None:
    """`measure: classifier` means `measures/classifier.py`; where nothing is said, the only one there is."""
    assert measure_named(name) is ClassifierRun


@pytest.mark.parametrize("name", ["regressor", "os", "classifier.Run", "../data/mnist"])
def test_an_unknown_measure_is_refused(name: str) -> None:
    """Any other name is refused with those that there are: nothing else can be imported by way of a rubric."""
    with pytest.raises(UsageError) as caught:
        measure_named(name)
    assert f"there is no measure {name!r} for trained models; there are: classifier" in str(caught.value)

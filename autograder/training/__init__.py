"""Training runs judged honestly: data, budgets, and what the trusted process measures of a trained model."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from autograder.errors import UsageError

_MEASURES = {"classifier": "autograder.training.classifier:ClassifierRun"}
"""Measures by the name that the rubric gives them: `measure: classifier`."""


OFFLINE = "digits"
"""The data set that needs no download."""


def measure_named(name: str) -> Any:
    """Return the class that trains and measures models of one sort; the first one where nothing is said.

    Raises:
        UsageError: There is no such measure.
    """
    if (place := _MEASURES.get(name or next(iter(_MEASURES)))) is None:
        raise UsageError(
            f"rubric.yaml: there is no measure {name!r} for trained models; there are: {', '.join(_MEASURES)}"
        )
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)

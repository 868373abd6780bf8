"""Training runs judged honestly: data, budgets, and what the trusted process measures of a trained model."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

from autograder.errors import UsageError
from autograder.training import measures


def measure_named(name: str) -> Any:
    """Return the class that trains and measures models of one sort: `Run` of the module `measures/NAME.py`.

    Where nothing is said, it is the only one there is.

    Raises:
        UsageError: There is no such measure, or none is named although there are several.
    """
    known = sorted(module.name for module in pkgutil.iter_modules(measures.__path__))
    chosen = name or (known[0] if len(known) == 1 else "")
    if chosen not in known:
        raise UsageError(f"rubric.yaml: there is no measure {name!r} for trained models; there are: {', '.join(known)}")
    return import_module(f"{measures.__name__}.{chosen}").Run

"""What a submission says of its own training: a dictionary of lists, of which nothing is believed that was not measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from autograder.records import Curve

_UNITS = {"acc": "fraction", "loss": "nats"}
_MOST_CURVES, _LONGEST = 12, 1000


def history_list(history: Any, name: str) -> list[float] | None:
    """Return one of the history's lists as floats, or None when it is not a list of numbers."""
    values = history.get(name) if isinstance(history, dict) else None
    if isinstance(values, Tensor | np.ndarray) and values.ndim == 1:
        values = values.tolist()
    if not isinstance(values, list | tuple):
        return None
    plain: list[Any] = [value.item() if getattr(value, "shape", None) == () else value for value in values]
    return [float(value) for value in plain] if all(isinstance(value, int | float) for value in plain) else None


def curves(history: Any, titles: Mapping[str, tuple[str, str]] | None = None) -> tuple[Curve, ...]:
    """Return what of a history can be drawn: its lists of finite numbers, sorted by name, a dozen at most.

    `titles` says of names of its lists what they are called in words, and their unit.
    """
    found = []
    names = [name for name in history if isinstance(name, str)] if isinstance(history, dict) else []
    for name in sorted(names)[:_MOST_CURVES]:
        values = history_list(history, name)
        if values and len(values) <= _LONGEST and all(map(math.isfinite, values)):
            usual = ("", next((unit for word, unit in _UNITS.items() if word in name), ""))
            title, unit = (titles or {}).get(name, usual)
            found.append(Curve(name=name[:40], title=title, unit=unit, values=tuple(values)))
    return tuple(found)


def diverged(history: Any, titles: Mapping[str, tuple[str, str]] | None = None) -> tuple[str, ...]:
    """Return a sentence about the first list of a history, by name, in which numbers stop being finite; none where all are finite.

    `titles` is that of `curves`.
    """
    names = [name for name in history if isinstance(name, str)] if isinstance(history, dict) else []
    for name in sorted(names)[:_MOST_CURVES]:
        values = history_list(history, name) or []
        first = next((place for place, value in enumerate(values) if not math.isfinite(value)), None)
        if first is not None:
            said = (titles or {}).get(name, ("", ""))[0] or name[:40]
            where = f"entry {first + 1} of {len(values)}"
            return (f"It diverged: as your program reported it, {said} is {values[first]} from {where} on",)
    return ()

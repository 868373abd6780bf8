"""How else a function may be called, and what it may change beyond its own result: what faults of form are told by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from autograder.checking.coercion import FormFault
from autograder.sandbox.inside.values import EARLIER_RESULT, GRADIENT_MODE

_IN_PLACE = "In-place operations end in `_`, or are `+=` and the like."
MANNERS = {
    "scattered": ("scattered_memory", "arguments that do not lie in one piece in memory"),
    "by_name": ("called_by_name", "arguments passed by their names"),
}
"""Option of a question -> the fault of form, and what it is in words."""


def changed_beyond(called: str, modified: Sequence[str]) -> tuple[tuple[FormFault, ...], str]:
    """Return the faults of form that are in what a call has changed beyond its own result, at most one, and what helps."""
    if not modified:
        return (), ""
    if modified[0] == EARLIER_RESULT:
        message = f"`{called}` writes over the result of an earlier call: return a new tensor"
        return (FormFault("changed_result", message),), _IN_PLACE
    if modified[0] == GRADIENT_MODE:
        message = f"`{called}` leaves gradients switched off: `with torch.no_grad():` switches them on again at its end"
        return (FormFault("gradients_left_off", message),), ""
    message = f"`{called}` changed its argument `{modified[0]}`: work on a copy"
    return (FormFault("changed_input", message),), _IN_PLACE


def alike(one: Any, other: Any) -> bool:
    """Whether two answers to one call are the same, up to rounding."""
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(alike, one, other))
    if not isinstance(one, Tensor | int | float) or not isinstance(other, Tensor | int | float):
        return True
    first, second = (torch.as_tensor(value).double() for value in (one, other))
    close = 1e-3 * first.abs().nan_to_num(posinf=0.0, neginf=0.0).amax() if first.numel() else 0.0
    return first.shape == second.shape and bool(
        ((first - second).abs() <= close).logical_or(first == second).logical_or(first.isnan() & second.isnan()).all()
    )


def identical(one: Any, other: Any) -> bool:
    """Whether two answers to one call are the same to the last bit."""
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape == other.shape and bool(((one == other) | (one.isnan() & other.isnan())).all())
    return bool(one == other)

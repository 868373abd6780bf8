"""Answers in another form than asked for, brought into the form that is asked for wherever nothing has to be guessed.

Pure functions from a value to a value and the faults of form that were found on the way (`assignment.prices.FORMS`). What would
need a guess (which axis, which order, which sign) is left as it is, for the ladder to refuse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.assignment.specs import ArraySpec, Sizes, expected_shape, match_shape

_MOST_ENTRIES = 10_000_000


@dataclass(frozen=True)
class FormFault:
    """One thing about the form of an answer.

    Attributes:
        name: Of the fault, a key of `FORMS`.
        message: What came and what was expected.
    """

    name: str
    message: str


def as_tensor(value: Any, spec: ArraySpec, sizes: Sizes) -> tuple[Any, str]:
    """Return a value as a tensor, with the name of what it was; the value itself and "" where it is one, or cannot be.

    A tuple whose first entry alone is what is asked for is that entry with an extra output.
    """
    if isinstance(value, Tensor):
        return value, ""
    if isinstance(value, np.ndarray):
        made = _from_array(value)
        return (value, "") if made is None else (made, "numpy_array")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return torch.tensor(value, dtype=torch.float64), "python_number"
    if isinstance(value, tuple | list):
        if len(value) > 1 and _fits(value[0], spec, sizes):
            return value[0], "extra_output"
        made = _from_list(value)
        return (value, "") if made is None else (made, "python_list")
    return value, ""


def _fits(value: Any, spec: ArraySpec, sizes: Sizes) -> bool:
    """Whether an array has the shape that is asked for, apart from axes of size 1."""
    if isinstance(value, np.ndarray):
        value = _from_array(value)
    return isinstance(value, Tensor) and in_shape(value, spec, sizes) is not None


def _from_array(value: np.ndarray[Any, Any]) -> Tensor | None:
    if value.dtype.kind not in "fiub" or value.dtype.name in ("uint16", "uint32", "uint64"):
        return None
    return torch.from_numpy(np.ascontiguousarray(value).reshape(value.shape).copy())


def _from_list(value: Sequence[Any]) -> Tensor | None:
    """Return nested numbers, or tensors of one shape, as one tensor; None where they are neither."""
    if value and all(type(item) in (int, float) for item in value):  # at once: there may be very many
        return torch.tensor(value, dtype=torch.float64)
    items: list[Tensor] = []
    for item in value:
        if isinstance(item, np.ndarray):
            item = _from_array(item)
        elif isinstance(item, tuple | list):
            item = _from_list(item)
        elif isinstance(item, int | float) and not isinstance(item, bool):
            item = torch.tensor(item, dtype=torch.float64)
        if not isinstance(item, Tensor):
            return None
        items.append(item)
    if not items or any(item.shape != items[0].shape or item.dtype != items[0].dtype for item in items):
        return None
    return torch.stack(items) if len(items) * items[0].numel() <= _MOST_ENTRIES else None


def in_kind(value: Tensor, kind: str) -> Tensor | None:
    """Return a tensor of whole numbers as one of floats where these are asked for, and the other way round where that is exact."""
    if kind == "Float" and not value.dtype.is_floating_point and not value.dtype.is_complex:
        return value.to(torch.float64)
    if kind == "Int" and value.dtype.is_floating_point and bool((value == value.round()).all()):
        return value.to(torch.int64)
    return None


def in_shape(value: Tensor, spec: ArraySpec, sizes: Sizes) -> tuple[Tensor, Sizes] | None:
    """Return a tensor in the shape that is asked for, if at most axes of size 1 differ; with the sizes that are then known."""
    matched = match_shape(spec, value.shape, sizes)
    if matched is not None:
        return value, matched
    want = expected_shape(spec, sizes)
    known = [size for size in want if isinstance(size, int)]
    if len(known) == len(want):
        if [n for n in value.shape if n != 1] != [n for n in known if n != 1]:
            return None
        shaped = value.reshape(known)
    elif want.count(None) == 1 and len(known) + 1 == len(want):
        shape = _with_free_axis(value.shape, want)
        if shape is None:
            return None
        shaped = value.reshape(shape)
    else:  # axes that nothing fixes may have any size: only without axes of size 1 is it clear which ones they are
        shaped = value.squeeze()
    matched = match_shape(spec, shaped.shape, sizes)
    return None if matched is None else (shaped, matched)


def _with_free_axis(came: Sequence[int], want: Sequence[int | str | None]) -> list[int] | None:
    """Return the shape that is asked for with the size of its one free axis: what the others leave of the axes that hold more than one
    entry, or 1 where they leave none and an axis is too many.
    """
    place = want.index(None)
    before, behind = ([n for n in part if isinstance(n, int)] for part in (want[:place], want[place + 1 :]))
    wide = [n for n in came if n != 1]
    fixed = [n for n in (*before, *behind) if n != 1]
    if len(wide) == len(fixed) + 1:
        size = wide[len([n for n in before if n != 1])]
    elif len(came) > len(want):
        size = 1
    else:
        return None
    shape = [*before, size, *behind]
    return shape if [n for n in shape if n != 1] == wide else None


def as_number(value: Any) -> tuple[Any, str]:
    """Return a single number in an array with axes, or in a list, as that number; with the name of what it was."""
    if isinstance(value, list | tuple) and len(value) == 1:
        inner, _ = as_number(value[0])
        return inner, "python_list"
    if isinstance(value, Tensor | np.ndarray) and math.prod(value.shape) == 1 and len(value.shape) > 0:
        return value.reshape(()).item(), "size_one_axis"
    return value, ""


__all__ = ["FormFault", "as_number", "as_tensor", "in_kind", "in_shape"]

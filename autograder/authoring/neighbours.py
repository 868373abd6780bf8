"""Calls beside a call: the same one with some of its numbers changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from autograder.authoring.cases import Case
from autograder.authoring.inputs import Draw


def siblings(case: Case) -> list[Case]:
    """Return the same call with the entries of one tensor argument, chosen by the case's seed, moved on by one place: its sum, its
    shape and all other arguments stay, so that an answer kept from before by any of these is the wrong one.
    """
    tensors = [name for name, value in case.tensors().items() if value.numel() > 1]
    if not tensors:
        return []
    name = tensors[case.seed % len(tensors)]
    before = case.arguments[name]
    moved = before.flatten().roll(1).reshape(before.shape)
    return [] if torch.equal(moved, before) else [case.but(**{name: moved})]


def levelled(case: Case, level: Mapping[str, Sequence[float]]) -> list[Case]:
    """Return the same call with arguments that hardly vary, as those of what has not been trained, or was standardised: once for each of
    the tensors named in `level`, which has all rows alike, or all slices along another axis, or, unless that holds for all of them,
    consists of one of the numbers given there. Every third of the other tensors is changed besides.

    How follows from the case's seed; no call where the tensor would stay as it is.
    """
    generator = torch.Generator().manual_seed(case.seed + 4711)
    cases = []
    for first in level:
        changed: dict[str, Tensor] = {}
        constants = 0
        for name in (first, *(other for other in level if other != first)):
            if name != first and int(torch.randint(3, (1,), generator=generator)):
                continue
            value = case.arguments[name]
            ways = [_alike(value, axis) for axis in range(value.dim())] + [
                torch.full_like(value, number) for number in level[name]
            ]
            # all rows alike is what is usual, so it has two turns
            turn = max(0, int(torch.randint(-1, len(ways), (1,), generator=generator)))
            constant = turn >= value.dim()
            # where all were constants, every submission would be asked the same
            if torch.equal(ways[turn], value) or (constant and constants + 1 == len(level)):
                continue
            constants += constant
            changed[name] = ways[turn]
        if first in changed:
            cases.append(case.but(**changed))
    return cases


def far_away(case: Case, names: Sequence[str], distance: float = 250.0) -> list[Case]:
    """Return the same call with the named arguments all moved by the same distance: only their differences matter to the result, and
    what takes the difference of large squares loses them. In float32, where that shows; none in another dtype.
    """
    if case.dtype() != torch.float32:
        return []
    return [case.but(**{name: case.arguments[name] + distance for name in names})]


def _alike(value: Tensor, axis: int) -> Tensor:
    """Return a tensor whose slices along an axis are all the first one."""
    return value.narrow(axis, 0, 1).expand(value.shape).clone()


def widened(case: Case, wide: Mapping[str, tuple[float, float]]) -> Case:
    """Return the same call in float64 with arguments from all over their ranges, given by name."""
    draw = Draw(torch.float64, case.seed)
    return case.but(
        **{name: draw.uniform(*case.arguments[name].shape, low=low, high=high) for name, (low, high) in wide.items()}
    )

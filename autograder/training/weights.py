"""What a model has learnt: its `state_dict`, and whether two of them are the same."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

Weights = dict[str, Tensor]


def moved(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> dict[str, int]:
    """Return how many numbers of each entry of a `state_dict` are others than before; all, where it had another size or was not there."""
    counts = {}
    for name, value in after.items():
        old = before.get(name)
        same_size = old is not None and old.shape == value.shape
        counts[name] = int(torch.ne(value, old).sum()) if same_size and old is not None else value.numel()
    return counts


def alike(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    """Whether two models have the same weights, up to rounding."""
    return first.keys() == second.keys() and all(
        value.shape == second[name].shape
        and torch.allclose(value.double(), second[name].double(), rtol=1e-4, atol=1e-6)
        for name, value in first.items()
    )


def same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    """Whether two models agree in all weights that both have."""
    shared = first.keys() & second.keys()
    return bool(shared) and alike({name: first[name] for name in shared}, {name: second[name] for name in shared})

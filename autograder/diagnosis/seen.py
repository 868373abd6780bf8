"""What a check saw of an answer, and when it sees the same in two of them: facts, values, or draws from one distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograder.checking.compare import compare, tolerance

CLEARLY = 5.5
"""Standard errors by which two sets of draws must differ to be held different."""
MUCH_NOISIER = 10.0
"""How many times as widely another valid form of an estimator may scatter; more would hide what its mean is."""
_MOST_COLUMNS = 16


@dataclass(frozen=True)
class Seen:
    """One thing that a check saw.

    Attributes:
        what: How the check calls it.
        ok: Whether the check would have gone on.
        got: An answer, or draws (one per row) when `draws` is set; None for a bare yes or no.
        expected: What it was compared with.
        text: What is compared where there is no number: a refusal, a pattern.
        within: Relative deviation, of the largest entry, that still counts as the same; None for the tolerance policy.
        draws: `got` holds random rows: compared in the mean alone, for valid forms of an estimator differ in the rest.
        detail: What a failed judgement said, for whoever reads the diagnosis; not compared.
        interchangeable: The rows are of one call, and a right answer makes them independent of each other: compared in mean,
            covariance and what a row says of the next.
    """

    what: str
    ok: bool
    got: Tensor | None = None
    expected: Tensor | None = None
    text: str = ""
    dtype: torch.dtype | None = None
    scale: float = 1.0
    within: float | None = None
    draws: bool = False
    interchangeable: bool = False
    detail: str = ""


def seen_alike(a: Seen, b: Seen, clearly: float = CLEARLY) -> bool:
    """Whether a check sees the same in two answers: equal facts, equal values, or draws from one distribution.

    Args:
        a, b: What was seen.
        clearly: Standard errors by which draws must differ to be held different.
    """
    if (a.what, a.text, a.draws) != (b.what, b.text, b.draws):
        return False
    if a.got is None or b.got is None:
        return a.got is b.got and a.ok == b.ok
    if a.draws:
        return _same_distribution(
            _rows(a.got), _rows(b.got), a.interchangeable, tolerance(b.dtype or torch.float64), clearly
        )
    if a.got.shape != b.got.shape:
        return False
    if a.within is not None:
        largest = float(b.got.abs().max()) if b.got.numel() else 0.0
        return bool(((a.got - b.got).abs() <= a.within * largest).all())
    return _same_numbers(a, b)


def _same_numbers(a: Seen, b: Seen) -> bool:
    """Whether numbers are the same. Two that are not finite say no more than that they are wrong.

    Whether a wrong formula overflows to inf or to NaN depends on how it was written.
    """
    got, other = (_wide(seen.got) for seen in (a, b))
    lost = ~(got.isfinite() & other.isfinite()) & ~((got == other) | (got.isnan() & other.isnan()))
    if bool(lost.any()):
        if not bool((_wrong(a) & _wrong(b) & ~got.isfinite() & ~other.isfinite())[lost].all()):
            return False
        got, other = got[~lost], other[~lost]
    dtype = a.dtype or (None if a.got is None else a.got.dtype)
    return compare(got, other, dtype, a.scale).agrees


def _wide(number: Tensor | None) -> Tensor:
    assert number is not None
    return number.double() if number.dtype.is_floating_point else number


def _wrong(seen: Seen) -> Tensor:
    """Return which entries are wrong; where nothing was expected, those that are not finite."""
    got = _wide(seen.got)
    if seen.expected is None:
        return ~got.isfinite()
    want = _wide(seen.expected)
    allowed = tolerance(seen.dtype or torch.float64) * want.abs().clamp(min=max(1.0, seen.scale))
    return ~((got == want) | ((got - want).abs() <= allowed))


_FEWEST_DRAWS = 8
"""Fewer say nothing of a mean: how far they scatter is not known."""


def compared_columns(draws: Tensor) -> int:
    """Return how many numbers of every row are compared."""
    return min(draws[:1].numel(), _MOST_COLUMNS)


def _rows(draws: Tensor) -> NDArray[np.float64]:
    rows: NDArray[np.float64] = draws.detach().double().reshape(len(draws), -1).numpy()[:, :_MOST_COLUMNS]
    return rows


def _same_distribution(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    interchangeable: bool,
    rounding: float = 1e-7,
    clearly: float = CLEARLY,
) -> bool:
    """Compare means; for interchangeable rows also covariances and what a row says of the next; each by its standard error."""
    if a.shape[1] != b.shape[1]:
        return False
    if a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True):
        return True
    finite = [np.isfinite(x).all(0) for x in (a, b)]
    if (finite[0] != finite[1]).any():
        return False
    a, b = a[:, finite[0]], b[:, finite[0]]
    if not interchangeable and min(len(a), len(b)) < _FEWEST_DRAWS:
        return True
    if interchangeable:
        centre = np.concatenate([a, b]).mean(0)
        still = (a.std(0) < 1e-9) & (b.std(0) < 1e-9)
        x, y = (_moments(x, centre, still) for x in (a, b))
    else:
        x, y = a, b
        spread = np.sort(np.stack([a.std(0), b.std(0)]), axis=0)
        if (spread[1] > np.maximum(MUCH_NOISIER * spread[0], 0.5 * np.maximum(1.0, np.abs(b.mean(0))))).any():
            return False
    error = np.sqrt(x.var(0) / len(x) + y.var(0) / len(y))
    allowed = clearly * error + max(1e-6, rounding) * (1 + np.abs(x.mean(0)))
    return bool((np.abs(x.mean(0) - y.mean(0)) <= allowed).all())


def _moments(x: NDArray[np.float64], centre: NDArray[np.float64], still: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return what is averaged: entries that vary, products of entries, and products of an entry with that of the next row."""
    offset, own = x - centre, x - x.mean(0)
    left, right = np.triu_indices(x.shape[1])
    following = np.concatenate([own[:-1] * own[1:], np.zeros((1, x.shape[1]))])
    return np.concatenate([x[:, ~still], offset[:, left] * offset[:, right], following], axis=1)

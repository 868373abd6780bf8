"""Tests of noise that was recovered from results: one array of all of it, for every call, example and dimension.

Under a correct function the entries are independent N(0, 1). Noise that is shared, in whatever pattern, is seen in one of three ways:
equal numbers, sums that scatter too much, or (`independent`, for functions whose results are samples) correlations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from autograder.checking.statistics.samples import (
    FLOAT32_RESOLUTION,
    Part,
    bonferroni,
    correlation_p,
    fold,
    gaussian_parts,
)
from autograder.checking.statistics.sequential import Draw
from autograder.checking.statistics.verdict import FALSE_FAIL, Verdict, broken_draws, check_rate, surprise

Noise = NDArray[np.float64]

FALSE_PASS = 1e-6
"""Largest probability that a sequence stops early at a mistake which it was made to notice."""

ROOM = 1.15
"""Factor on the largest variance of a correct function, for draws that are not quite Gaussian."""

_FEWEST = 64
"""Draws of which a variance is too large or not."""


def noise_test(
    noise: ArrayLike, *, false_fail: float = FALSE_FAIL, rounding: float = 1e-9, independent: bool = False
) -> Verdict:
    """Is recovered noise, shape (calls, examples, dimensions), that of independent draws from N(0, 1)?

    Its law (mean, variance, tails, Kolmogorov-Smirnov), each question exact or nearly so; equal numbers, which independent draws
    have next to none of; and the variance of its sums over examples, dimensions and calls, which is too large where a part of
    it is common to several. Less scatter than that of independent draws is no fault of an estimate (antithetic, stratified and
    quasi-random draws have less): `independent` asks for correlations of either sign as well, between all pairs of dimensions
    and of calls, and between examples at all distances, and for norms that scatter as they should.

    Args:
        noise: What was recovered, standardised.
        false_fail: Largest probability of failing a correct function.
        rounding: Distance within which two recovered numbers count as equal.
        independent: Whether the draws themselves are the result, and not a mean over them.
    """
    check_rate(false_fail)
    z = np.asarray(noise, dtype=np.float64)
    if z.ndim != 3 or z.size < 64:
        raise ValueError(f"noise has shape (calls, examples, dimensions) and 64 entries at least, not {z.shape}")
    if broken := broken_draws(z.reshape(-1), false_fail):
        return broken
    if np.ptp(np.abs(z)) == 0.0:
        detail = f"all {z.size:,} numbers have the same magnitude, {abs(z.flat[0]):.6g}"
        return Verdict("fail", surprise(0.0), surprise(false_fail), z.size, detail)
    parts = [*_equal_numbers(z, rounding, independent), *_sums(z), *gaussian_parts(z.reshape(-1))]
    if independent:
        parts += [*_correlations(z), *_norms(z)]
    return bonferroni(parts, z.size, false_fail)


# ------------------------------------------------------------------------------------------------------ equal numbers


def _equal_numbers(z: Noise, rounding: float, independent: bool) -> Iterator[Part]:
    """Equal noise in one call, equal magnitudes in one example, and equal magnitudes in different calls.

    Magnitudes count where a sign makes nothing independent: antithetic draws of examples are right in an estimate, but not where the
    draws are the result; antithetic dimensions and calls never are.
    """
    calls, examples, dimensions = z.shape
    each = examples * dimensions
    resolution = max(FLOAT32_RESOLUTION, 2 * rounding)
    of_call = np.abs(z) if independent else z
    found = sum(_neighbours(call.reshape(-1), rounding) for call in of_call)
    yield _coincidences("examples", found, calls * each * (each - 1) // 2, z.size, 2 * resolution)
    if dimensions > 1:
        magnitudes = np.sort(np.abs(z), axis=2)
        found = int((np.diff(magnitudes, axis=2) <= rounding).sum())
        pairs = calls * examples * dimensions * (dimensions - 1) // 2
        yield _coincidences("dimensions of one example", found, pairs, z.size, 2 * resolution)
    if calls > 1:
        order = np.argsort(np.abs(z), axis=None)
        near = np.diff(np.abs(z).reshape(-1)[order]) <= rounding
        found = int((near & (np.diff(order // each) != 0)).sum())
        yield _coincidences("calls", found, each * each * calls * (calls - 1) // 2, z.size, 2 * resolution)


def _neighbours(values: Noise, rounding: float) -> int:
    return int((np.diff(np.sort(values)) <= rounding).sum())


def _coincidences(among: str, found: int, pairs: int, n: int, resolution: float) -> Part:
    """Two rounded draws coincide with probability at most resolution / (2 sqrt(pi)); rare ones are nearly Poisson."""
    expected = pairs * resolution / (2.0 * math.sqrt(math.pi))
    p = (
        float(stats.poisson.sf(found - 1, 1.5 * expected)) if found else 1.0
    )  # half as many again for what "nearly" leaves open
    return Part(f"equal, {among}", p, f"{found:,} of {n:,} numbers are equal to others, between {among}", exact=False)


# --------------------------------------------------------------------------------------------------------------- sums


def _sums(z: Noise) -> Iterator[Part]:
    """Sums of k independent N(0, 1) are N(0, k): the sum of m squares of such sums, over k, is chi-square with m degrees."""
    for axis, name in enumerate(("calls", "examples", "dimensions")):
        k = z.shape[axis]
        if k == 1:
            continue
        sums = z.sum(axis=axis)
        value = float((sums**2).sum() / k)
        ratio = value / sums.size
        detail = (
            f"sums over {k} {name} have {ratio:.3g} times the variance of independent draws: they share their noise"
        )
        yield Part(f"sum, {name}", float(special.chdtrc(sums.size, value)), detail)


def _norms(z: Noise) -> Iterator[Part]:
    """The squared norm of k independent N(0, 1) is chi-square with k degrees; of m such norms, taken to normal scores, the sum of
    squares is chi-square with m degrees. On a sphere there is none; where entries share their size there is too much.
    """
    for axis, name in enumerate(("calls", "examples", "dimensions")):
        k = z.shape[axis]
        if k < 2 or z.size // k < 8:
            continue
        norms = (z**2).sum(axis=axis).reshape(-1)
        lower, upper = special.chdtr(k, norms), special.chdtrc(k, norms)
        scores = np.where(lower < 0.5, special.ndtri(lower), -special.ndtri(upper))
        value = float((np.clip(scores, -40.0, 40.0) ** 2).sum())
        m = norms.size
        p = min(1.0, 2.0 * float(min(special.chdtr(m, value), special.chdtrc(m, value))))
        detail = f"the lengths of vectors over {k} {name} scatter {value / m:.3g} times as much as those of independent draws"
        yield Part(f"norm, {name}", p, detail)


# ------------------------------------------------------------------------------------------------------- correlations


def _correlations(z: Noise) -> Iterator[Part]:
    for values, what in ((z, "correlation"), (fold(z), "correlation of magnitudes")):
        columns = values.reshape(-1, z.shape[2])
        yield from _pairwise(columns, f"{what} of two dimensions")
        yield from _pairwise(values.reshape(z.shape[0], -1).T, f"{what} of two calls")
        yield from _at_distances(values, f"{what} of examples")


def _pairwise(columns: Noise, what: str) -> Iterator[Part]:
    """The largest correlation between two columns; under independence r^2 ~ Beta(1/2, (n - 2)/2)."""
    n, k = columns.shape
    if k < 2 or n < 8:
        return
    r = np.asarray(np.corrcoef(columns, rowvar=False))[np.triu_indices(k, 1)]
    worst = float(np.nanmax(np.abs(r))) if np.isfinite(r).all() else 1.0
    p = min(1.0, correlation_p(worst, n) * r.size)
    yield Part(what, p, f"{what} over {n:,} pairs is as large as {worst:.4f}, expected 0 ± {n**-0.5:.4f}", exact=False)


def _at_distances(values: Noise, what: str) -> Iterator[Part]:
    """The largest correlation of examples at any distance, around the circle; the mean of n products of N(0, 1) is nearly N(0, 1/n)."""
    examples, n = values.shape[1], values.size
    if examples < 16 or n < 1000:
        return
    spectrum = np.fft.rfft(values, axis=1)
    products = np.fft.irfft(np.abs(spectrum) ** 2, n=examples, axis=1).sum(axis=(0, 2))
    distances = np.arange(1, examples // 2 + 1)
    r = products[distances] / n
    worst = int(np.argmax(np.abs(r)))
    # at half the circle every pair is met twice
    effective = n / 2 if 2 * distances[worst] == examples else n
    p = min(1.0, 2.0 * float(special.ndtr(-abs(r[worst]) * math.sqrt(effective))) * len(distances))
    detail = f"{what} {distances[worst]} apart, over {n:,} pairs, is {r[worst]:.4f}, expected 0 ± {n**-0.5:.4f}"
    yield Part(what, p, detail, exact=False)


# --------------------------------------------------------------------------------------------------- how many samples


def spread_test(draws: ArrayLike, largest: float, *, room: float = ROOM, false_fail: float = FALSE_FAIL) -> Verdict:
    """Is the variance of i.i.d. draws, shape (n,), no more than `largest`, for a fixed number of draws? It is always decided.

    For bounded or nearly Gaussian draws of which the exact variance is known: n S^2 / sigma^2 is nearly chi-square with
    2 n / (2 + K) degrees of freedom for excess kurtosis K, estimated from the draws (at least 0). `room` covers what "nearly" leaves open.

    Args:
        draws: The draws.
        largest: Their variance under the noisiest correct function.
        room: Factor on `largest`. With n = 1,000 draws and K = 0 twice the variance fails with probability 1 − 1e-20.
        false_fail: Largest probability of failing a correct function.
    """
    check_rate(false_fail)
    x = np.asarray(draws, dtype=np.float64).reshape(-1)
    if x.size < _FEWEST or not largest > 0.0:
        raise ValueError(f"needs {_FEWEST} draws at least and a positive variance, not {x.size} and {largest!r}")
    return broken_draws(x, false_fail) or _spread(x, largest, room, false_fail)


def spread_sequence_test(
    draw: Draw,
    usual: float,
    *,
    forms: float,
    noticed: float = 8.0,
    stages: Sequence[int] = (16, 24, 32, 48, _FEWEST),
    false_fail: float = FALSE_FAIL,
    false_pass: float = FALSE_PASS,
) -> Verdict:
    """`spread_test` of nearly Gaussian draws that stops as soon as the mistakes it looks for are out of the question.

    After n draws with sum of squares Q about their mean, the likelihood of the variance `usual`, over that of the variance r `usual`
    that the smallest mistake causes, is r^((n - 1) / 2) exp(-(1 - 1/r) Q / (2 usual)): an e-value against every variance of r `usual` and
    more, since it is the likelihood ratio of what is left when the unknown mean is taken out, and falls with Q. It exceeds 1 / a at any
    of the stages with probability at most a under such a mistake (Ville's inequality), so there it passes. Who is not past that at the last
    stage is judged by `spread_test`, which is all that can fail.

    A right answer with the usual variance needs 24 to 32 draws for r = 8, where `spread_test` takes 64.

    Args:
        draw: `draw(start, n)` returns n further draws, shape (n,).
        usual: The variance of the usual correct function.
        forms: How many times as much a correct function in another form may have.
        noticed: The ratio r of the smallest mistake that must be noticed, above `forms`.
        stages: Total numbers of draws after which it looks, increasing.
        false_fail: Largest probability of failing a correct function.
        false_pass: Largest probability of stopping early where the variance is `noticed` times the usual one or more.
    """
    check_rate(false_fail)
    check_rate(false_pass)
    if not usual > 0.0 or not noticed > forms >= 1.0 or stages[-1] < _FEWEST:
        raise ValueError(
            f"usual={usual!r} must be positive, noticed={noticed!r} above forms={forms!r}, and the last of {stages=} {_FEWEST} at least"
        )
    x = np.empty(0)
    for n in stages:
        x = np.concatenate([x, np.asarray(draw(x.size, n - x.size), dtype=np.float64).reshape(-1)])
        if broken := broken_draws(x, false_fail):
            return broken
        squares = float(((x - x.mean()) ** 2).sum()) / usual
        log_e = 0.5 * (n - 1) * math.log(noticed) - 0.5 * (1.0 - 1.0 / noticed) * squares
        verdict = _spread(x, forms * usual, ROOM, false_fail)
        if log_e >= -math.log(false_pass):
            return replace(verdict, decision="pass")
    return verdict


def _spread(x: NDArray[np.float64], largest: float, room: float, false_fail: float) -> Verdict:
    variance = float(x.var())
    kurtosis = max(0.0, float(stats.kurtosis(x))) if variance > 0.0 else 0.0
    degrees = 2.0 * x.size / (2.0 + kurtosis)
    p = float(special.chdtrc(degrees, degrees * variance / (room * largest)))
    detail = f"variance of {x.size:,} results is {variance:.4g}, at most {largest:.4g} is expected"
    verdict = bonferroni([Part("spread", p, detail, exact=False)], x.size, false_fail)
    (look,) = verdict.looks
    return replace(verdict, looks=(replace(look, n=int(degrees) + 1, ratio=variance / (room * largest)),))


__all__ = ["noise_test", "spread_sequence_test", "spread_test"]

"""Tests of one sample of fixed size whose distribution under a correct function is known exactly.

They fail or pass; a pass means "nothing was found". Their power is stated at 4,096 draws and the rate 1e-6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from autograder.checking.statistics.verdict import (
    FALSE_FAIL,
    Decision,
    Look,
    Verdict,
    broken_draws,
    check_rate,
    distance,
    surprise,
)

FLOAT32_RESOLUTION = 2.0**-20
"""Distance, in standard deviations, under which two float32 Gaussian draws may coincide (their own spacing near 2
standard deviations is 2**-22; the rest is room for a generator built on 24-bit uniforms and for rounding)."""


def gaussian_sample_test(z: ArrayLike, *, false_fail: float = FALSE_FAIL) -> Verdict:
    """Are standardised draws z, shape (n,), independent N(0, 1)?

    Four questions, each at `false_fail` / 4, each with its exact distribution under N(0, 1):

    - sqrt(n) mean(z) ~ N(0, 1);
    - sum (z - mean(z))^2 ~ chi-square with n - 1 degrees of freedom;
    - the number of draws beyond ±3 is binomial;
    - Kolmogorov-Smirnov, D_n = max |F_n - Phi|, exact for this n (Marsaglia, Tsang and Wang 2003; Simard and L'Ecuyer
      2011, as in `scipy.stats.kstwo`), not the limit law.

    Power >= 0.999 at n = 4,096: a mean off by 0.15, a standard deviation off by 10 %, e^{log_var} for the standard
    deviation unless |log_var| < 0.2, uniform noise of the right mean and variance.
    """
    check_rate(false_fail)
    z = _vector("z", z, at_least=8)
    n = z.size
    if broken := broken_draws(z, false_fail):
        return broken
    return bonferroni(gaussian_parts(z), n, false_fail)


def independence_test(
    a: ArrayLike, b: ArrayLike, *, false_fail: float = FALSE_FAIL, resolution: float = FLOAT32_RESOLUTION
) -> Verdict:
    """Are a and b, shape (n,), two independent samples of N(0, 1): of two examples, two entries, two calls?

    Three questions, each at `false_fail` / 3:

    - Correlation r: under independence r^2 ~ Beta(1/2, (n - 2)/2) exactly (Fisher 1915; Student's t in other words).
    - The same for folded values g(a), g(b) with g(v) = Phi^-1(2 Phi(|v|) - 1), again exactly N(0, 1): finds draws that
      share their magnitude but not their sign.
    - Identical values: two rounded draws coincide with probability at most resolution * integral phi^2
      = resolution / (2 sqrt(pi)); the number of coincidences is binomial. Finds noise shared by part of the draws.

    A sample that holds a single value throughout fails: noise shared over all its draws.

    Power >= 0.999 at n = 4,096: |correlation| of 0.14, any four identical values.

    Args:
        a: Standardised draws.
        b: Draws standing at the same positions.
        false_fail: Largest probability of failing independent samples.
        resolution: Spacing of representable values in standard deviations. The default is for float32 draws with
            |mean| up to twice their standard deviation; standardising 100 ± 0.01 in float32 needs about 1e-3.
    """
    check_rate(false_fail)
    a, b = _vector("a", a, at_least=8), _vector("b", b, at_least=8)
    if a.size != b.size:
        raise ValueError(f"a and b must have the same length, but have {a.size} and {b.size}")
    n = a.size
    if broken := broken_draws(np.stack([a, b], axis=1), false_fail):
        return broken
    if np.ptp(np.abs(a)) == 0.0 or np.ptp(np.abs(b)) == 0.0:
        constant = a if np.ptp(np.abs(a)) == 0.0 else b
        detail = f"all {n:,} draws have the same magnitude, {abs(constant[0]):.6g}"
        return Verdict("fail", surprise(0.0), surprise(false_fail), n, detail)
    return bonferroni(_signs_of_dependence(a, b, resolution), n, false_fail)


def binary_sample_test(x: ArrayLike, probs: ArrayLike, *, false_fail: float = FALSE_FAIL) -> Verdict:
    """Are the entries of x, shape (n, ...), independent draws of 0 or 1, of 1 with probability probs, shape (...)?

    The number of ones of a coordinate over the n draws is Binomial(n, p): exact, twice the smaller tail, each of the D
    coordinates at `false_fail` / D (Bonferroni). A value other than 0 and 1 fails: a probability is not a draw.
    Dependence *between* coordinates is not looked at.
    """
    check_rate(false_fail)
    x, probs = np.asarray(x, dtype=np.float64), np.asarray(probs, dtype=np.float64)
    if x.ndim == 0 or x.size == 0 or probs.shape not in ((), x.shape[1:]):
        raise ValueError(f"x must have shape (n, ...) and probs (...) or (), but they have {x.shape} and {probs.shape}")
    if not np.all((probs >= 0.0) & (probs <= 1.0)):
        raise ValueError("probs must lie within [0, 1]")
    n = x.shape[0]
    if broken := int(np.count_nonzero((x != 0.0) & (x != 1.0))):
        other = x[(x != 0.0) & (x != 1.0)].flat[0]
        detail = f"{broken:,} of {x.size:,} numbers are neither 0 nor 1, e.g. {other:.6g}"
        return Verdict("fail", surprise(0.0), surprise(false_fail), n, detail)
    ones = x.reshape(n, -1).sum(axis=0)
    p = np.broadcast_to(probs, x.shape[1:]).reshape(-1)
    tails = np.minimum(stats.binom.cdf(ones, n, p), stats.binom.sf(ones - 1, n, p))
    worst = int(np.argmin(tails))
    where = f"coordinate {worst}: " if ones.size > 1 else ""
    detail = f"{where}{ones[worst]:,.0f} ones in {n:,} draws, expected {n * p[worst]:,.1f} (probability {p[worst]:.4g})"
    p_value = min(1.0, 2.0 * float(tails[worst]) * ones.size)
    return bonferroni([Part("ones", p_value, detail, exact=False)], n, false_fail)


def exact_equality_share(a: ArrayLike, b: ArrayLike) -> float:
    """The share of positions at which a and b, of equal shape, hold exactly the same number (1.0: identical sets)."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(f"a and b must have the same non-empty shape, but have {a.shape} and {b.shape}")
    return float(np.mean(a == b))


_TAIL = 3.0
"""Standard deviations: truncated noise has nothing beyond, noise with heavy tails several times too much."""


def gaussian_parts(z: NDArray[np.float64]) -> list[Part]:
    """Return the questions of `gaussian_sample_test` with their p-values, for a vector of finite numbers."""
    n = z.size
    mean, variance = float(z.mean()), float(z.var(ddof=1))
    ks = stats.ks_1samp(z, special.ndtr, method="exact")
    of_n = f"of {n:,} standardised draws"
    beyond = int(np.count_nonzero(np.abs(z) > _TAIL))
    expected = 2.0 * float(special.ndtr(-_TAIL))
    fourth = float(_fourth(z).mean())
    return [
        Part(
            "fourth moment",
            _fourth_moment_p(fourth, n),
            f"the mean of z⁴ − 6z² + 3 {of_n} is {fourth:.4f}, expected {_fourth_mean():.4f} ± {(24.0 / n) ** 0.5:.4f}",
            exact=False,
        ),
        Part(
            "mean",
            2.0 * float(special.ndtr(-abs(mean) * math.sqrt(n))),
            f"mean {of_n} is {mean:.4f}, expected 0 ± {n**-0.5:.4f}",
        ),
        Part(
            "variance",
            _chi_square_p((n - 1) * variance, n - 1),
            f"variance {of_n} is {variance:.4f}, expected 1 ± {math.sqrt(2.0 / (n - 1)):.4f}",
        ),
        Part(
            "tails",
            min(
                1.0,
                2.0 * min(float(stats.binom.cdf(beyond, n, expected)), float(stats.binom.sf(beyond - 1, n, expected))),
            ),
            f"{beyond:,} {of_n} lie beyond ±{_TAIL:g}, expected {n * expected:.1f}",
            exact=False,
        ),
        Part(
            "distribution",
            float(ks.pvalue),
            f"distribution {of_n} differs from N(0, 1) by {ks.statistic:.4f} at {ks.statistic_location:.2f} "
            f"(Kolmogorov-Smirnov; about {0.87 / math.sqrt(n):.4f} is usual)",
        ),
    ]


_CLIPPED = 4.0
"""Where z counts as this much at most, z⁴ − 6z² + 3 is bounded, so that its mean has no heavy tails."""


def _fourth(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """z⁴ − 6z² + 3: under N(0, 1) its mean says nothing but how heavy the shoulders are, whatever mean and variance say."""
    squares: NDArray[np.float64] = np.minimum(np.abs(z), _CLIPPED) ** 2
    return squares**2 - 6.0 * squares + 3.0


@lru_cache(maxsize=1)
def _grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values of the fourth moment on a fine grid, and their probabilities under N(0, 1)."""
    edges = np.linspace(-_CLIPPED, _CLIPPED, 8001)
    inside = np.diff(special.ndtr(edges))
    outside = 2.0 * special.ndtr(-_CLIPPED)
    middles = 0.5 * (edges[1:] + edges[:-1])
    return _fourth(np.append(middles, _CLIPPED)), np.append(inside, outside)


@lru_cache(maxsize=1)
def _fourth_mean() -> float:
    values, masses = _grid()
    return float((values * masses).sum())


_SLOPES = np.geomspace(4e-6, 0.4, 200)
"""The best for a deviation is about a 24th of it, which is the variance; any of them gives a bound."""


@lru_cache(maxsize=2)
def _log_moments(sign: float) -> NDArray[np.float64]:
    """log E exp(s · sign · (f − E f)) of one draw's fourth moment f, for every slope s."""
    values, masses = _grid()
    exponents = _SLOPES[:, None] * (sign * (values - _fourth_mean()))
    largest = exponents.max(axis=1, keepdims=True)
    logs: NDArray[np.float64] = np.log((masses * np.exp(exponents - largest)).sum(axis=1)) + largest[:, 0]
    return logs


def _fourth_moment_p(found: float, n: int) -> float:
    """Chernoff's bound on the probability that the mean of n draws is as far from its expectation, on either side."""
    away = found - _fourth_mean()
    exponent = float((n * (_log_moments(math.copysign(1.0, away)) - _SLOPES * abs(away))).min())
    return float(min(1.0, 2.0 * math.exp(min(0.0, exponent))))


def _vector(name: str, values: ArrayLike, *, at_least: int) -> NDArray[np.float64]:
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1 or vector.size < at_least:
        raise ValueError(f"{name} must be a vector of at least {at_least} draws, but has shape {vector.shape}")
    return vector


def _chi_square_p(value: float, degrees: int) -> float:
    return min(1.0, 2.0 * min(float(special.chdtr(degrees, value)), float(special.chdtrc(degrees, value))))


def _signs_of_dependence(a: NDArray[np.float64], b: NDArray[np.float64], resolution: float) -> list[Part]:
    """The three questions of `independence_test`: p-value and sentence of each, the most telling first."""
    n = a.size
    same = round(exact_equality_share(a, b) * n)
    coincidence = resolution / (2.0 * math.sqrt(math.pi))
    r, folded_r = float(np.corrcoef(a, b)[0, 1]), float(np.corrcoef(fold(a), fold(b))[0, 1])
    usual = f"expected 0 ± {n**-0.5:.4f}"
    return [
        Part(
            "identical",
            float(stats.binom.sf(same - 1, n, coincidence)),
            f"{same:,} of {n:,} are identical",
            exact=False,
        ),
        Part("correlation", correlation_p(r, n), f"correlation over {n:,} pairs is {r:.4f}, {usual}"),
        Part(
            "magnitudes",
            correlation_p(folded_r, n),
            f"correlation of magnitudes over {n:,} pairs is {folded_r:.4f}, {usual}",
        ),
    ]


def correlation_p(r: float, n: int) -> float:
    """Return the two-sided p-value of a correlation r of n independent pairs."""
    return float(special.betainc(0.5 * (n - 2), 0.5, max(0.0, 1.0 - r * r)))


def fold(v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Phi^-1(2 Phi(|v|) - 1), from the upper tail for accuracy; kept finite at v = 0."""
    upper_tail = np.clip(2.0 * special.ndtr(-np.abs(v)), 1e-300, 1.0 - 2.0**-53)
    return np.asarray(-special.ndtri(upper_tail), dtype=np.float64)


@dataclass(frozen=True)
class Part:
    """One of several questions about the same draws: see `Look`."""

    question: str
    p: float
    detail: str
    exact: bool = True


def bonferroni(parts: Sequence[Part], n: int, false_fail: float) -> Verdict:
    """Fail if len(parts) times the smallest p-value is at most `false_fail`; the detail is that of the smallest."""
    worst = min(parts, key=lambda part: part.p)
    adjusted = min(1.0, len(parts) * worst.p)
    decision: Decision = "fail" if adjusted <= false_fail else "pass"
    level = false_fail / len(parts)
    looks = tuple(Look(part.question, n, part.p, distance(part.p), level, part.exact) for part in parts)
    return Verdict(decision, surprise(adjusted), surprise(false_fail), n, worst.detail, looks)

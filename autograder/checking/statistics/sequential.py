"""Sequential tests of a mean or a variance: cheap when the answer is clear, more draws while it is not.

At each of J stages an interval of confidence 1 - a, a = false_fail / (J D) for D coordinates, is computed from all
draws so far (`intervals.py` has the formulas and their assumptions). It excludes `expected`: fail. It lies inside
expected ± tolerance: pass. Else: next stage, at the end `inconclusive`. By the union bound over stages and coordinates
a correct function fails with probability at most `false_fail`, and one that is off by more than the tolerance passes
with at most that probability, however the stages and coordinates depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from autograder.checking.statistics.intervals import (
    MAX_SKEWNESS,
    Answer,
    Question,
    Vector,
    batch_interval,
    chi_square_interval,
    chi_square_upper_limit,
    plan_batches,
)
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

Draw = Callable[[int, int], Vector]
"""`draw(start, n)` returns the i.i.d. draws number start ... start + n - 1; the first axis counts the draws."""

STAGES = (400, 1600, 6400, 25600)
"""Total numbers of draws after which a sequential test looks."""

ROUNDING = 1e-6
"""Default `exact_tolerance`, relative to max(1, |expected|): float32 arithmetic with a few roundings (eps = 1.2e-7)."""

FAR = 999.0
"""Standard errors that stand for certainty: constant draws that are off."""

_Interval = Callable[[Vector, Question, float], Answer]


def mean_test(
    draw: Draw,
    expected: float,
    *,
    tolerance: float,
    false_fail: float = FALSE_FAIL,
    stages: Sequence[int] = STAGES,
    exact_tolerance: float | None = None,
    max_skewness: float = MAX_SKEWNESS,
) -> Verdict:
    """Is the mean of i.i.d. draws of unknown variance equal to `expected`?

    A sign test on batch means, inverted (`intervals.py`). Draws that are all the same within `exact_tolerance` are
    compared with `expected` within `exact_tolerance` only. With the default stages the test settles tolerances from
    0.085 standard deviations of one draw on (`smallest_tolerance`): then it fails a mean that is off by the
    tolerance, and all the more by twice the tolerance, with probability >= 0.999.

    Args:
        draw: `draw(start, n)` returns n further draws, shape (n,).
        expected: The mean under a correct function.
        tolerance: Smallest deviation that matters, in the units of the draws. A mean proven closer than this passes, unless the
            draws that prove it prove as well that it is another one.
        false_fail: Largest probability of failing a correct function.
        stages: Total numbers of draws at which the test looks, increasing.
        exact_tolerance: Deviation that rounding may cause; default 1e-6 max(1, |expected|).
        max_skewness: Bound on the |skewness| of one draw, which sets assumption (*) of `intervals.py`.
    """
    return mean_vector_test(
        lambda start, n: _column(draw, start, n),
        [expected],
        tolerance=tolerance,
        false_fail=false_fail,
        stages=stages,
        exact_tolerance=exact_tolerance,
        max_skewness=max_skewness,
    )


def mean_vector_test(
    draw: Draw,
    expected: ArrayLike,
    *,
    tolerance: ArrayLike,
    false_fail: float = FALSE_FAIL,
    stages: Sequence[int] = STAGES,
    exact_tolerance: ArrayLike | None = None,
    max_skewness: float = MAX_SKEWNESS,
) -> Verdict:
    """Is the mean of i.i.d. random vectors equal to `expected`, shape (D,), e.g. the expectation of a gradient?

    `mean_test` on each coordinate at `false_fail` / D (Bonferroni: coordinates may depend on each other); `draw`
    returns shape (n, D). Fails when one coordinate fails, passes when all have passed, each at its own stage.
    """
    if max_skewness < 0.0:
        raise ValueError(f"max_skewness={max_skewness!r} must not be negative")
    question = _question("mean", expected, tolerance, exact_tolerance)
    return _decide(draw, question, lambda x, q, level: batch_interval(x, q, level, max_skewness), stages, false_fail)


def variance_test(
    draw: Draw,
    expected: float,
    *,
    tolerance: float,
    false_fail: float = FALSE_FAIL,
    stages: Sequence[int] = STAGES,
    exact_tolerance: float | None = None,
    gaussian: bool = True,
    max_skewness: float = MAX_SKEWNESS,
) -> Verdict:
    """Is the variance of i.i.d. draws of unknown mean equal to `expected`? Units: squares of those of the draws.

    `gaussian=True` is for draws that are exactly Gaussian under a correct function: (n - 1) S^2 / sigma^2 is chi-square
    with n - 1 degrees of freedom, exactly. `gaussian=False` is `mean_test` on (x_1 - x_2)^2 / 2, (x_3 - x_4)^2 / 2 and
    so on, whose mean is the variance for any distribution; `max_skewness` then bounds *their* skewness (2 sqrt(2) for
    Gaussian x).
    """
    question = _question("variance", [expected], [tolerance], exact_tolerance)
    if question.expected[0] < 0.0:
        raise ValueError(f"expected={expected!r} is a variance and must not be negative")

    def by_pairs(x: Vector, q: Question, level: float) -> Answer:
        even = len(x) // 2 * 2
        return batch_interval(0.5 * (x[0:even:2] - x[1:even:2]) ** 2, q, level, max_skewness)

    interval = chi_square_interval if gaussian else by_pairs
    return _decide(lambda start, n: _column(draw, start, n), question, interval, stages, false_fail)


def variance_at_most_test(
    draw: Draw,
    largest: ArrayLike,
    *,
    clear: float,
    false_fail: float = FALSE_FAIL,
    stages: Sequence[int] = STAGES,
) -> Verdict:
    """Is the variance of i.i.d. draws no larger than `largest`, a number or one for each of D coordinates?

    For an estimator of which only the noisiest valid form is known: less noise is never wrong. (n - 1) S^2 / sigma^2 is
    chi-square for Gaussian draws; it fails when S^2 is too large for sigma^2 = largest and passes when sigma^2 is proven
    smaller than `clear` times `largest`. Draws that are not quite Gaussian need a `largest` with room to spare: if the
    true variance is at most largest / r, the n - 1 draws may have the excess kurtosis K with
    r (1 + 10 sqrt((2 + K) / n)) below the critical value before the rate is in danger.

    Args:
        draw: `draw(start, n)` returns n further draws, shape (n,) or (n, D).
        largest: The largest variance of a correct function.
        clear: The smallest multiple of `largest` that must be noticed, above 1.
        false_fail: Largest probability of failing a correct function.
        stages: Total numbers of draws at which the test looks, increasing.
    """
    limits = np.atleast_1d(np.asarray(largest, dtype=np.float64))
    if not clear > 1.0 or not np.all(limits > 0.0):
        raise ValueError(f"clear={clear!r} must be above 1 and largest={largest!r} positive")
    question = _question("variance", limits, (clear - 1.0) * limits, 0.0)
    rows = draw if limits.size > 1 else lambda start, n: _column(draw, start, n)
    return _decide(rows, question, chi_square_upper_limit, stages, false_fail, no_more_than=True)


def smallest_tolerance(
    sd: float,
    *,
    n: int = STAGES[-1],
    looks: int = len(STAGES),
    false_fail: float = FALSE_FAIL,
    max_skewness: float = MAX_SKEWNESS,
    coordinates: int = 1,
    power: float = 0.999,
) -> float:
    """The smallest `tolerance` that `mean_test` settles with n draws of standard deviation `sd`, for planning a check.

    With it, a correct function passes and one off by the tolerance (or more) fails, each with probability >= `power`.
    Taken from the exact distribution of the order statistics of Gaussian batch means: the j-th of k uniforms is
    Beta(j, k + 1 - j); delta is added for skewness.
    """
    plan = plan_batches(n, false_fail / (looks * coordinates), max_skewness)
    if plan.rank == 0:
        return math.inf
    upper = stats.beta.isf((1.0 - power) / 2.0, plan.k + 1 - plan.rank, plan.rank)
    return float(sd * stats.norm.ppf(min(1.0, upper + 0.5 - plan.p_low)) / math.sqrt(plan.m))


def _question(quantity: str, expected: ArrayLike, tolerance: ArrayLike, rounding: ArrayLike | None) -> Question:
    e = np.atleast_1d(np.asarray(expected, dtype=np.float64))
    if e.ndim != 1 or e.size == 0 or not np.all(np.isfinite(e)):
        raise ValueError(f"expected={expected!r} must be a finite number or a vector of them")
    smallest = 8.0 * np.finfo(np.float64).eps * np.abs(e)  # even equal numbers have a mean that is rounded
    r = ROUNDING * np.maximum(1.0, np.abs(e)) if rounding is None else np.asarray(rounding, dtype=np.float64)
    t, r = (np.broadcast_to(v, e.shape).astype(np.float64) for v in (np.asarray(tolerance, dtype=np.float64), r))
    for name, v in (("tolerance", t), ("exact_tolerance", r)):
        if not np.all(v >= 0.0):
            raise ValueError(f"{name}={v.tolist()!r} must not be negative")
    return Question(quantity, e, t, np.maximum(r, smallest))


def _column(draw: Draw, start: int, n: int) -> Vector:
    x = np.asarray(draw(start, n), dtype=np.float64)
    if x.shape != (n,):
        raise ValueError(f"draw({start}, {n}) must return shape ({n},), but returned {x.shape}")
    return x[:, np.newaxis]


def _decide(
    draw: Draw,
    q: Question,
    interval: _Interval,
    stages: Sequence[int],
    false_fail: float,
    *,
    no_more_than: bool = False,
) -> Verdict:
    """Look at stage after stage until every coordinate has passed or one has failed."""
    check_rate(false_fail)
    if not stages or any(later <= earlier for earlier, later in zip((0, *stages), stages, strict=False)):
        raise ValueError(f"stages={tuple(stages)!r} must be increasing positive numbers of draws")
    width = q.expected.size
    level = false_fail / (len(stages) * width)
    x = np.empty((0, width))
    passed = np.zeros(width, dtype=bool)
    looks: list[Look] = []
    for n in stages:
        new = np.asarray(draw(len(x), n - len(x)), dtype=np.float64)
        if new.shape != (n - len(x), width):
            raise ValueError(f"draw({len(x)}, {n - len(x)}) returned shape {new.shape}, not {(n - len(x), width)}")
        x = np.concatenate([x, new])
        if broken := broken_draws(x, level):
            return broken
        answer = interval(x, q, level)
        looks += _looks(q, answer, n, level)
        band = _pass_band(q, answer)
        failed = ~passed & (answer.p <= level)  # also where it is off by less than the tolerance, and the draws tell
        passed |= (answer.low >= q.expected - band) & (answer.high <= q.expected + band)
        if failed.any():
            return replace(_verdict("fail", failed, q, answer, n, level, no_more_than), looks=tuple(looks))
        if passed.all():
            return replace(_verdict("pass", passed, q, answer, n, level, no_more_than), looks=tuple(looks))
    verdict = _verdict("inconclusive", ~passed, q, answer, n, level, no_more_than)
    return replace(verdict, looks=tuple(looks), noise=_noise(q, answer, ~passed))


def _noise(q: Question, a: Answer, about: NDArray[np.bool_]) -> float:
    """Return the largest standard error in units of what had to be told apart, among the coordinates `about`."""
    return float((a.standard_error / _pass_band(q, a))[about].max())


def _looks(q: Question, a: Answer, n: int, level: float) -> list[Look]:
    """Return what this stage saw of each coordinate; draws that are all the same have no distribution to look at."""
    found = []
    for i in range(q.expected.size):
        name = q.quantity if q.expected.size == 1 else f"{q.quantity} {i}"
        off, error, p = float(a.estimate[i] - q.expected[i]), float(a.standard_error[i]), float(a.p[i])
        if a.above is None or a.skewness is None:
            ratio = float(a.estimate[i] / q.expected[i]) if q.expected[i] > 0.0 else 0.0
            found.append(Look(name, n, p, math.copysign(distance(p), off), level, ratio=ratio))
        elif a.spread[i] <= q.rounding[i]:
            z = 0.0 if abs(off) <= q.rounding[i] else math.copysign(FAR, off)
            found.append(Look(name, n, p, z, level, allowance=a.allowance))
        else:
            z, above, skewness = off / error, int(a.above[i]), float(a.skewness[i])
            found.append(Look(name, n, p, z, level, False, above, a.batches, a.allowance, skewness))
    return found


def _pass_band(q: Question, a: Answer) -> Vector:
    """How far from `expected` an interval may reach: the tolerance; but only rounding if the draws are all the same."""
    return np.where(a.spread <= q.rounding, q.rounding + a.spread, np.maximum(q.tolerance, q.rounding))


def _verdict(
    decision: Decision,
    about: NDArray[np.bool_],
    q: Question,
    a: Answer,
    n: int,
    level: float,
    no_more_than: bool = False,
) -> Verdict:
    """Put the decision into words, about the coordinate that is most standard errors off among `about`."""
    off = np.abs(a.estimate - q.expected)
    unmatched = np.where(off > 0.0, np.inf, 0.0)
    off_in_errors = np.divide(off, a.standard_error, out=unmatched, where=a.standard_error > 0.0)
    i = int(np.argmax(np.where(about, off_in_errors, -1.0)))
    where = f"coordinate {i}: " if q.expected.size > 1 else ""
    error = float(a.standard_error[i])
    if no_more_than:
        found = (
            f"{q.quantity} of {n:,} draws is {a.estimate[i]:.4g} ± {error:.2g}, at most {q.expected[i]:.4g} is expected"
        )
    elif a.spread[i] <= q.rounding[i]:
        found = f"{q.quantity} of {n:,} draws is {a.estimate[i]:.8g} (all but constant), expected {q.expected[i]:.8g}: "
        found += f"off by {off[i]:.3g}"
    else:
        places = min(12, max(0, 1 - math.floor(math.log10(error))))
        found = f"{q.quantity} of {n:,} draws is {a.estimate[i]:.{places}f} ± {error:.{places}f}, expected "
        found += f"{q.expected[i]:.{places}f}: {off_in_errors[i]:,.1f} standard errors off"
    end = {
        "fail": "",
        "pass": f", within the tolerance of {_pass_band(q, a)[i]:.3g}",
        "inconclusive": f", too few draws to tell 0 from the tolerance of {q.tolerance[i]:.3g}",
    }[decision]
    return Verdict(decision, surprise(float(a.p[about].min())), surprise(level), n, where + found + end)

"""What a statistical test says, and how several of them become one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

FALSE_FAIL = 1e-6
"""Largest probability that one check fails a correct function by bad luck."""

Decision = Literal["pass", "fail", "inconclusive"]

_SURPRISE_CAP = 999.0
_SEVERITY = {"pass": 0, "inconclusive": 1, "fail": 2}


@dataclass(frozen=True, slots=True)
class Look:
    """What a test saw of one question in one stage. Decides nothing: simulations compare it with what the test assumes.

    Attributes:
        question: What was asked, e.g. `"mean 3"` for coordinate 3, or `"variance"`.
        n: Number of draws so far.
        p: The p-value of this question alone, before any correction for asking several.
        z: For a mean, its distance from what is expected in standard errors; else the standard normal distance with this p.
        level: The question fails if `p <= level`.
        exact: Whether p is uniform under a correct function; else P(p <= t) <= t is all that is assumed.
        above: For a sign test, how many of the batch means lie above what is expected.
        batches: The number k of batch means; 0 if this is no sign test, or if the draws are all the same.
        allowance: The delta of `intervals.py`: P(batch mean above) is assumed to lie within 1/2 +- delta.
        skewness: That of the draws, for a sign test.
        ratio: The variance of the draws over the expected one, for a chi-square test.
    """

    question: str
    n: int
    p: float
    z: float
    level: float
    exact: bool = False
    above: int = 0
    batches: int = 0
    allowance: float = 0.0
    skewness: float = 0.0
    ratio: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """The answer of a statistical test.

    Attributes:
        decision: `"fail"`: a correct function gives such draws with probability at most `10 ** -threshold`.
            `"inconclusive"`: the budget of draws ended before the question was settled.
        statistic: Surprise, `-log10(p)` for the p-value p of the draws under a correct function; at most 999.
        threshold: The surprise from which the test fails. (A deviation that is certain but *proven* smaller than the
            tolerance passes at any surprise.)
        n: Number of draws looked at.
        detail: One sentence with the numbers, for students and staff.
        looks: What was seen on the way, for simulations; it takes no part in comparisons.
        noise: Of an inconclusive verdict, the standard error in units of the tolerance. Checks choose tolerances that settle
            every right function, so above 1 it is not the budget that was too small: the draws say nothing.
    """

    decision: Decision
    statistic: float
    threshold: float
    n: int
    detail: str
    looks: tuple[Look, ...] = field(default=(), compare=False, repr=False)
    noise: float = field(default=0.0, compare=False)


def surprise(p: float) -> float:
    """`-log10(p)`, at least 0 and, so that it can be written to JSON, at most 999."""
    return _SURPRISE_CAP if p <= 0.0 else max(0.0, -math.log10(p))


def distance(p: float) -> float:
    """The distance from 0 that has the two-sided p-value p under N(0, 1); at most 37."""
    return float(-special.ndtri(0.5 * max(p, 1e-300)))


def broken_draws(draws: NDArray[np.float64], level: float) -> Verdict | None:
    """The verdict on draws, shape (n, ...), that are partly NaN or infinite: a correct function returns none."""
    broken = draws.size - int(np.count_nonzero(np.isfinite(draws)))
    if broken == 0:
        return None
    detail = f"{broken:,} of {draws.size:,} numbers are NaN or infinite"
    return Verdict("fail", _SURPRISE_CAP, surprise(level), len(draws), detail)


def check_rate(false_fail: float) -> None:
    """Reject a rate that is not a probability, while the check is being written."""
    if not 0.0 < false_fail < 1.0:
        raise ValueError(f"false_fail={false_fail!r} must lie strictly between 0 and 1")


def share_of(parts: int, false_fail: float = FALSE_FAIL) -> float:
    """The `false_fail` to hand to each of `parts` tests so that together they stay within `false_fail` (Bonferroni).

    The tests may depend on each other in any way, e.g. look at the same draws.
    """
    check_rate(false_fail)
    if parts < 1:
        raise ValueError(f"parts={parts!r} must be at least 1")
    return false_fail / parts


def combine(*verdicts: Verdict) -> Verdict:
    """The worst of several verdicts: fail over inconclusive over pass.

    The rates add up: give each test `false_fail=share_of(number_of_tests)`, and the combination keeps the check's rate.

    Returns:
        The verdict furthest beyond its threshold among those with the worst decision; `n` is the sum over all, `detail`
        names every verdict that has this decision (for a pass: only the closest), `looks` are those of all.
    """
    if not verdicts:
        raise ValueError("combine() needs at least one verdict")
    worst = max(verdicts, key=lambda v: (_SEVERITY[v.decision], v.statistic - v.threshold))
    detail = worst.detail
    if worst.decision != "pass":
        detail = "; ".join(v.detail for v in verdicts if v.decision == worst.decision)
    looks = tuple(look for v in verdicts for look in v.looks)
    noise = max(v.noise for v in verdicts)
    return replace(worst, n=sum(v.n for v in verdicts), detail=detail, looks=looks, noise=noise)

"""How the variance of results is tested: with all draws, and with e-values that stop early."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from autograder.checking.statistics import Verdict, spread_sequence_test, spread_test
from autograder.checking.statistics.sequential import Draw

Array = NDArray[np.float64]
Law = Callable[[np.random.Generator, int], Array]


def gaussian(rng: np.random.Generator, n: int) -> Array:
    """Of variance 1."""
    return rng.standard_normal(n)


def skewed(rng: np.random.Generator, n: int) -> Array:
    """Of variance 1: one draw that everything shares, as a bound sees it, is far from Gaussian."""
    return (rng.chisquare(2, n) - 2) / 2


def of(law: Law, ratio: float, seed: int, asked: list[int] | None = None) -> Draw:
    """Draws with so many times the usual variance, around a mean that nobody knows."""
    rng = np.random.default_rng(seed)

    def draw(start: int, n: int) -> Array:
        if asked is not None:
            asked.append(n)
        return np.asarray(-31.0 + np.sqrt(ratio) * law(rng, n))

    return draw


def judged(law: Law, ratio: float, seed: int) -> Verdict:
    """What the sequence says where antithetic draws may have twice the usual variance."""
    return spread_sequence_test(of(law, ratio, seed), 1.0, forms=2.0)


@pytest.mark.parametrize("ratio", [0.0, 0.3, 1.0, 2.0])
def test_right_answers_pass(ratio: float) -> None:
    """In the usual form or another, whatever their mean is."""
    verdicts = [judged(gaussian, ratio, seed) for seed in range(1000)]

    assert all(verdict.decision == "pass" for verdict in verdicts)


def test_it_needs_fewer_draws() -> None:
    """Half of what the fixed test takes, in the median; what is asked for is told apart from the first draw on."""
    asked: list[list[int]] = [[] for _ in range(500)]
    for seed, sizes in enumerate(asked):
        spread_sequence_test(of(gaussian, 1.0, seed, sizes), 1.0, forms=2.0)
    needed = [sum(sizes) for sizes in asked]

    assert np.median(needed) <= 32
    assert np.mean(needed) <= 34
    assert {sizes[0] for sizes in asked} == {16}


@pytest.mark.parametrize(("law", "ratio"), [(gaussian, 16.0), (gaussian, 64.0), (skewed, 64.0), (skewed, 256.0)])
def test_wrong_ones_fail(law: Law, ratio: float) -> None:
    """One draw for all, and a few draws for many."""
    decisions = [judged(law, ratio, seed).decision for seed in range(1000)]

    assert decisions.count("fail") >= 998


def test_early_stopping_hides_nothing() -> None:
    """At the smallest mistake it is as good as the fixed test: the e-value never says "right" there, though it may at twice the usual."""
    fixed = sequence = 0
    for seed in range(2000):
        draw = of(gaussian, 8.0, seed)
        verdict = spread_sequence_test(draw, 1.0, forms=2.0)
        fixed += spread_test(of(gaussian, 8.0, seed)(0, 64), 2.0).decision == "fail"
        sequence += verdict.decision == "fail"
        assert verdict.n == 64

    assert abs(sequence - fixed) <= 20
    assert sequence >= 1800


def test_the_e_value_is_one() -> None:
    """Its mean under the mistake is 1 at every stage (the likelihood ratio of Q, weighed by how likely Q is)."""
    rng = np.random.default_rng(5)
    for n in (2, 3, 5):
        q = 1.5 * rng.chisquare(
            n - 1, 4_000_000
        )  # the variance is 1.5 times the usual one, small enough for a mean to be measured
        e = 1.5 ** ((n - 1) / 2) * np.exp(-0.5 * (1 - 1 / 1.5) * q)
        assert float(e.mean()) == pytest.approx(1.0, abs=0.005)
        assert float((1.5 ** ((n - 1) / 2) * np.exp(-0.5 * (1 - 1 / 1.5) * 2 * q)).mean()) < 1.0


def test_what_it_does_not_take() -> None:
    """Numbers that are none, and questions that make no sense."""
    assert spread_sequence_test(lambda start, n: np.full(n, np.nan), 1.0, forms=2.0).decision == "fail"
    for wrong in ({"forms": 9.0}, {"forms": 2.0, "stages": (16, 32)}, {"forms": 2.0, "false_pass": 0.0}):
        with pytest.raises(ValueError, match="must"):
            spread_sequence_test(of(gaussian, 1.0, 0), 1.0, **wrong)
    with pytest.raises(ValueError, match="positive"):
        spread_sequence_test(of(gaussian, 1.0, 0), 0.0, forms=2.0)

"""The statistical tests keep their stated false-fail rate, find what they say they find, and speak in numbers.

Rates as small as 1e-6 cannot be seen in a simulation. They are confirmed in three other ways: exact calculation where
the distribution of a batch mean is known, simulation at inflated rates (1e-2, 1e-3), and the distribution of the
p-values under correct draws. `AUTOGRADER_LONG=1` repeats the simulations with 20 times as many runs.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from autograder.checking.statistics import (
    FALSE_FAIL,
    MAX_SKEWNESS,
    STAGES,
    Verdict,
    binary_sample_test,
    combine,
    exact_equality_share,
    excess_of_failures,
    gaussian_sample_test,
    independence_test,
    mean_test,
    mean_vector_test,
    share_of,
    smallest_tolerance,
    uniformity_of_p_values,
    variance_test,
)
from autograder.checking.statistics.intervals import plan_batches

Array = NDArray[np.float64]
Sampler = Callable[[np.random.Generator, int], Array]

RUNS = 20 if os.environ.get("AUTOGRADER_LONG") else 1
ALARM = 1e-5
"""A confirming simulation of ours raises a false alarm with at most this probability (and all are seeded)."""


def _outliers(rng: np.random.Generator, n: int) -> Array:
    """5 % of the draws are 10 higher: skewness 3.1, in lumps."""
    return rng.standard_normal(n) + 10.0 * ((rng.random(n) < 0.05) - 0.05)


def _two_widths(rng: np.random.Generator, n: int) -> Array:
    return rng.standard_normal(n) * np.where(rng.random(n) < 0.1, 5.0, 1.0)


def _elbo_like(rng: np.random.Generator, n: int) -> Array:
    e = rng.standard_normal((n, 2))
    return np.asarray(-(e[:, 0] ** 2 - 1.0) - 0.3 * (e[:, 1] ** 2 - 1.0) + 0.5 * e[:, 1])


CENTRED: dict[str, tuple[Sampler, float]] = {  # draws of mean 0, and their standard deviation
    "normal": (lambda rng, n: rng.standard_normal(n), 1.0),
    "uniform": (lambda rng, n: rng.random(n) - 0.5, 12.0**-0.5),
    "exponential, skewness 2": (lambda rng, n: rng.exponential(size=n) - 1.0, 1.0),
    "chi-square(1), skewness 2.8": (lambda rng, n: rng.standard_normal(n) ** 2 - 1.0, math.sqrt(2.0)),
    "negative chi-square(1)": (lambda rng, n: 1.0 - rng.standard_normal(n) ** 2, math.sqrt(2.0)),
    "Student t with 5 degrees": (lambda rng, n: rng.standard_t(5, n), math.sqrt(5.0 / 3.0)),
    "mixture of two widths": (_two_widths, math.sqrt(3.4)),
    "5 % outliers, skewness 3.1": (_outliers, math.sqrt(5.75)),
    "ELBO of a linear-Gaussian probe": (_elbo_like, math.sqrt(2.0 + 0.18 + 0.25)),
}
SAMPLERS = pytest.mark.parametrize(("sampler", "sd"), CENTRED.values(), ids=CENTRED.keys())


def stream(sampler: Sampler, rng: np.random.Generator, shift: float = 0.0) -> Callable[[int, int], Array]:
    """A `draw` function as a check would hand it to a sequential test."""
    return lambda start, n: sampler(rng, n) + shift


def p_value(verdict: Verdict) -> float:
    """The p-value behind a verdict's statistic."""
    return min(1.0, 10.0**-verdict.statistic)


# ---------------------------------------------------------------------------------------------- why not a plain z-test


def test_plain_z_test_fails_correct_skewed_draws_too_often() -> None:
    """At n = 400 and 1e-6 a z-test fails correct chi-square(1) draws 4 times too often, even knowing their variance."""
    total = stats.chi2(400)  # the sum of 400 such draws
    off = stats.norm.isf(FALSE_FAIL / 2) * math.sqrt(800.0)

    assert 4.0 < float(total.sf(400 + off) + total.cdf(400 - off)) / FALSE_FAIL < 5.0


def test_plain_t_test_fails_correct_skewed_draws_too_often() -> None:
    """With an estimated variance it is worse: at 1e-4 the z-test fails 6 times too often, where ours keeps its rate."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((20_000, 400)) ** 2
    t = (x.mean(axis=1) - 1.0) / x.std(axis=1, ddof=1) * 20.0
    failures = int(np.sum(np.abs(t) > stats.norm.isf(0.5e-4)))

    assert failures > 5
    assert excess_of_failures(failures, 20_000, 1e-4) < ALARM


# ------------------------------------------------------------------------------------------------ mean: exact rates


@pytest.mark.parametrize("shape", [0.25, 0.5, 1.0, 2.0, 10.0, 1000.0])
def test_assumption_holds_exactly_for_gamma_draws(shape: float) -> None:
    """P(batch mean < mean) - 1/2 is skewness / (6 sqrt(2 pi m)) or at most 0.1 % more for gamma draws, m >= 8."""
    m = np.unique(np.geomspace(8, 10_000, 200).astype(int))
    below = stats.gamma(shape * m).cdf(shape * m)  # the sum of m draws is gamma(shape m)

    assert np.all(below >= 0.5)
    assert np.all(below - 0.5 <= 1.001 * 2.0 / math.sqrt(shape) / (6.0 * np.sqrt(2.0 * np.pi * m)))


def outliers_below(m: int) -> float:
    """P(mean of m draws < mean) for draws with 5 % outliers."""
    far = np.arange(m + 1)
    return float(stats.binom.pmf(far, m, 0.05) @ stats.norm.cdf((0.5 * m - 10.0 * far) / math.sqrt(m)))


@pytest.mark.parametrize(
    "below",
    [lambda m: 0.5, lambda m: stats.gamma(m).cdf(m), lambda m: stats.chi2(m).cdf(m), outliers_below],
    ids=["symmetric", "exponential", "chi-square(1)", "5 % outliers"],
)
def test_mean_test_keeps_one_in_a_million_exactly(below: Callable[[int], float]) -> None:
    """The probability of failing correct draws, calculated and summed over the stages, is below 1e-6."""
    rate = 0.0
    for n in STAGES:
        plan = plan_batches(n, FALSE_FAIL / len(STAGES), MAX_SKEWNESS)
        assert plan.rank > 0
        rate += float(stats.binom.cdf(plan.rank - 1, plan.k, below(plan.m)))
        rate += float(stats.binom.cdf(plan.rank - 1, plan.k, 1.0 - below(plan.m)))

    assert 1e-9 < rate < FALSE_FAIL


@pytest.mark.parametrize("n", [400, 1600, 25600])
@pytest.mark.parametrize("level", [1e-2, 1e-6, 1e-10])
def test_rank_of_interval_is_largest_that_keeps_level(n: int, level: float) -> None:
    """The interval of order statistics keeps its level, and the next shorter one does not."""
    plan = plan_batches(n, level, MAX_SKEWNESS)

    assert plan.k * plan.m <= n
    assert stats.binom.cdf(plan.rank - 1, plan.k, plan.p_low) <= level / 2
    assert stats.binom.cdf(plan.rank, plan.k, plan.p_low) > level / 2


# ------------------------------------------------------------------------------------------- mean: simulated rates


@SAMPLERS
@pytest.mark.parametrize("rate", [1e-2, 1e-3])
def test_mean_test_keeps_inflated_rates(sampler: Sampler, sd: float, rate: float) -> None:
    """Over all stages, correct draws of every shape fail no more often than stated."""
    rng = np.random.default_rng(2)
    trials = 300 * RUNS
    verdicts = [
        mean_test(stream(sampler, rng), 0.0, tolerance=1e-5, false_fail=rate, stages=(400, 1600)) for _ in range(trials)
    ]
    failures = sum(v.decision == "fail" for v in verdicts)

    assert excess_of_failures(failures, trials, rate) > ALARM
    assert all(v.decision != "pass" for v in verdicts)


@SAMPLERS
def test_mean_test_p_values_are_super_uniform(sampler: Sampler, sd: float) -> None:
    """Under correct draws P(p <= t) <= t for every t, not only at the threshold."""
    rng = np.random.default_rng(3)
    p = [p_value(mean_test(stream(sampler, rng), 0.0, tolerance=0.0, stages=(400,))) for _ in range(400 * RUNS)]

    assert uniformity_of_p_values(p) > ALARM


def test_mean_test_p_values_follow_sign_test_exactly() -> None:
    """For symmetric draws and no allowance for skewness, p-values are distributed as in the binomial sign test."""
    rng = np.random.default_rng(4)
    plan = plan_batches(400, FALSE_FAIL, 0.0)
    p = np.array(
        [
            p_value(mean_test(stream(_two_widths, rng), 0.0, tolerance=0.0, stages=(400,), max_skewness=0.0))
            for _ in range(800 * RUNS)
        ]
    )
    for fewer in (plan.k // 2 - 2, plan.k // 2 - 4, plan.k // 2 - 7):  # batches on the rarer side
        at_most = 2.0 * float(stats.binom.cdf(fewer, plan.k, 0.5))
        seen = int(np.sum(p <= at_most * (1.0 + 1e-9)))
        assert stats.binomtest(seen, p.size, at_most).pvalue > ALARM


def test_skewness_beyond_assumption_is_seen_by_p_values() -> None:
    """The simulation can tell: without an allowance for skewness, chi-square(1) draws give too small p-values."""
    rng = np.random.default_rng(5)
    sampler = CENTRED["chi-square(1), skewness 2.8"][0]
    draws = sampler(rng, 1000 * 400).reshape(1000, 400)
    p = [
        p_value(mean_test(lambda start, n, x=x: x, 0.0, tolerance=0.0, stages=(400,), max_skewness=0.0))  # type: ignore[misc]
        for x in draws
    ]

    assert uniformity_of_p_values(p) < ALARM


# ------------------------------------------------------------------------------------------------------ mean: power


@SAMPLERS
def test_mean_test_settles_smallest_tolerance(sampler: Sampler, sd: float) -> None:
    """With the planned tolerance correct draws pass with probability 0.999, and those off by twice of it fail."""
    rng = np.random.default_rng(6)
    tolerance = smallest_tolerance(sd)
    trials = 15 * RUNS
    passed = sum(mean_test(stream(sampler, rng), 0.0, tolerance=tolerance).decision == "pass" for _ in range(trials))
    for shift in (2.0 * tolerance, -2.0 * tolerance):
        wrong = [mean_test(stream(sampler, rng, shift), 0.0, tolerance=tolerance) for _ in range(trials)]
        assert {v.decision for v in wrong} == {"fail"}

    assert stats.binomtest(passed, trials, 0.999, alternative="less").pvalue > ALARM


def power_against(sampler: Sampler, sd: float, trials: int) -> int:
    """How many of `trials` tests with n = 1,600 fail draws that are off by twice the smallest tolerance."""
    rng = np.random.default_rng(7)
    tolerance = smallest_tolerance(sd, n=1600, looks=1, max_skewness=3.0)
    failed = 0
    for _ in range(trials):
        shift = 2.0 * tolerance * rng.choice([-1.0, 1.0])
        verdict = mean_test(stream(sampler, rng, shift), 0.0, tolerance=tolerance, stages=(1600,), max_skewness=3.0)
        failed += verdict.decision == "fail"
    return failed


def test_draws_that_prove_another_mean_fail_within_the_tolerance() -> None:
    """The tolerance is for means that are not known well enough: one that is off by half of it, and proven to be, is wrong."""
    rng = np.random.default_rng(9)
    sampler = CENTRED["normal"][0]
    off, right = (
        mean_test(stream(sampler, rng, shift), 0.0, tolerance=0.5, stages=(1600,), max_skewness=0.0)
        for shift in (0.25, 0.0)
    )

    assert (off.decision, right.decision) == ("fail", "pass")


@pytest.mark.parametrize("name", ["normal", "chi-square(1), skewness 2.8", "Student t with 5 degrees"])
def test_mean_test_has_power(name: str) -> None:
    """Power is at least 0.999 against twice the tolerance: not one miss where 0.999 would allow one in a thousand."""
    trials = 700 * RUNS
    failed = power_against(*CENTRED[name], trials)

    assert stats.binomtest(failed, trials, 0.999, alternative="less").pvalue > 0.01


def test_tolerance_itself_is_failed_or_passed_by_plan() -> None:
    """`smallest_tolerance` is a power statement: at n = 1,600 neither kind of draws is left undecided."""
    rng = np.random.default_rng(8)
    tolerance = smallest_tolerance(1.0, n=1600, looks=1, max_skewness=0.0)
    sampler = CENTRED["normal"][0]
    for shift, decision in ((0.0, "pass"), (tolerance, "fail")):
        verdicts = [
            mean_test(stream(sampler, rng, shift), 0.0, tolerance=tolerance, stages=(1600,), max_skewness=0.0)
            for _ in range(400)
        ]
        assert sum(v.decision == decision for v in verdicts) >= 398


def test_clear_answers_are_cheap() -> None:
    """A large tolerance passes and a large deviation fails at the first stage; a small one needs more draws."""
    sampler = CENTRED["normal"][0]
    rng = np.random.default_rng(9)

    assert mean_test(stream(sampler, rng), 0.0, tolerance=2.0).n == 400
    assert mean_test(stream(sampler, rng, 2.0), 0.0, tolerance=0.5).n == 400
    assert mean_test(stream(sampler, rng, 0.3), 0.0, tolerance=0.1).n > 400


def test_undecided_is_inconclusive() -> None:
    """A tolerance below the resolution of the budget is neither passed nor failed."""
    verdict = mean_test(stream(CENTRED["normal"][0], np.random.default_rng(10)), 0.0, tolerance=1e-3)

    assert verdict.decision == "inconclusive"
    assert STAGES[-1] == verdict.n
    assert "too few draws to tell 0 from the tolerance of 0.001" in verdict.detail


def test_draws_are_asked_for_in_order_and_once() -> None:
    """`draw` is called with consecutive ranges, so that a check can seed each draw by its number."""
    calls: list[tuple[int, int]] = []

    def draw(start: int, n: int) -> Array:
        calls.append((start, n))
        return np.random.default_rng(start).standard_normal(n)

    mean_test(draw, 0.0, tolerance=1e-3)

    assert calls == [(0, 400), (400, 1200), (1600, 4800), (6400, 19200)]


# ------------------------------------------------------------------------------------- mean: special draws, messages


@pytest.mark.parametrize(
    ("value", "tolerance", "decision"),
    [(0.1, 0.0, "pass"), (0.1 + 5e-7, 0.0, "pass"), (0.1 + 2e-6, 0.0, "fail"), (0.11, 0.5, "fail"), (7.0, 0.5, "fail")],
)
def test_deterministic_draws_are_compared_exactly(value: float, tolerance: float, decision: str) -> None:
    """Draws without variance must agree within rounding, whatever the tolerance."""
    verdict = mean_test(lambda start, n: np.full(n, value), 0.1, tolerance=tolerance)

    assert decision == verdict.decision
    assert verdict.n == 400
    assert "(all but constant)" in verdict.detail


def test_exact_tolerance_of_zero_forgives_rounding_of_the_mean() -> None:
    """400 times 0.1 has mean 0.1, although numpy's mean is an ulp off."""
    assert mean_test(lambda start, n: np.full(n, 0.1), 0.1, tolerance=0.0, exact_tolerance=0.0).decision == "pass"


def test_nan_fails_at_once() -> None:
    """A correct function returns no NaN."""
    verdict = mean_test(lambda start, n: np.where(np.arange(n) < 3, np.nan, 1.0), 1.0, tolerance=1.0)

    assert (verdict.decision, verdict.n) == ("fail", 400)
    assert verdict.detail == "3 of 400 numbers are NaN or infinite"


def test_failure_says_by_how_much() -> None:
    """A failure gives mean, standard error, expected value and the distance between them."""
    verdict = mean_test(stream(CENTRED["normal"][0], np.random.default_rng(11), 3.0), 1.0, tolerance=0.1)

    assert verdict.decision == "fail"
    assert verdict.detail.startswith("mean of 400 draws is 3.0")
    assert ", expected 1.000: " in verdict.detail
    assert verdict.detail.endswith(" standard errors off")
    assert verdict.statistic >= verdict.threshold


def test_verdict_is_frozen() -> None:
    """Nobody can turn a fail into a pass."""
    verdict = Verdict("fail", 7.0, 6.0, 1, "")

    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.decision = "pass"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stages": (400, 400)}, "must be increasing"),
        ({"stages": ()}, "must be increasing"),
        ({"stages": (10,)}, "at least 16 draws"),
        ({"false_fail": 0.0}, "strictly between 0 and 1"),
        ({"tolerance": -1.0}, "tolerance=.* must not be negative"),
        ({"tolerance": math.nan}, "tolerance=.* must not be negative"),
        ({"exact_tolerance": -1.0}, "exact_tolerance=.* must not be negative"),
        ({"max_skewness": -1.0}, "max_skewness=.* must not be negative"),
        ({"expected": math.nan}, "must be a finite number"),
    ],
)
def test_mean_test_rejects_impossible_arguments(change: dict[str, float], message: str) -> None:
    """A wrongly written check is an error of ours, found at once, and not a verdict."""
    arguments = {"expected": 0.0, "tolerance": 1.0, **change}
    expected = arguments.pop("expected")

    with pytest.raises(ValueError, match=message):
        mean_test(lambda start, n: np.zeros(n), expected, **arguments)  # type: ignore[arg-type]


def test_wrong_shape_of_draws_is_our_error() -> None:
    """`draw` is the check's own function; its shape is checked before anything is judged."""
    with pytest.raises(ValueError, match=r"must return shape \(400,\), but returned \(400, 1\)"):
        mean_test(lambda start, n: np.zeros((n, 1)), 0.0, tolerance=1.0)
    with pytest.raises(ValueError, match=r"returned shape \(400, 3\), not \(400, 2\)"):
        mean_vector_test(lambda start, n: np.zeros((n, 3)), [0.0, 0.0], tolerance=1.0)


# --------------------------------------------------------------------------------------------------- vectors, variance


def test_vector_names_the_coordinate_that_is_off() -> None:
    """One wrong coordinate of five fails and is named."""
    rng = np.random.default_rng(12)
    verdict = mean_vector_test(
        lambda start, n: rng.standard_normal((n, 5)) + 1.0, [1.0, 1.0, 1.0, 4.0, 1.0], tolerance=0.1
    )

    assert verdict.decision == "fail"
    assert verdict.detail.startswith("coordinate 3: mean of 400 draws is ")


def test_vector_passes_when_each_coordinate_has_passed() -> None:
    """Coordinates of different width pass at different stages, one tolerance each."""
    rng = np.random.default_rng(13)
    verdict = mean_vector_test(
        lambda start, n: rng.standard_normal((n, 3)) * [0.0, 1.0, 5.0], np.zeros(3), tolerance=[0.0, 0.45, 0.45]
    )

    assert verdict.decision == "pass"
    assert STAGES[-1] == verdict.n


def test_vector_keeps_inflated_rate() -> None:
    """Over 20 equal coordinates, the worst possible dependence being irrelevant to Bonferroni, 1e-2 stays 1e-2."""
    rng = np.random.default_rng(14)
    trials = 300 * RUNS
    failures = 0
    for _ in range(trials):
        verdict = mean_vector_test(
            lambda start, n: rng.standard_normal((n, 20)) ** 2,
            np.ones(20),
            tolerance=1e-6,
            false_fail=1e-2,
            stages=(400,),
        )
        failures += verdict.decision == "fail"

    assert excess_of_failures(failures, trials, 1e-2) > ALARM


def test_variance_test_has_exact_p_values_for_gaussian_draws() -> None:
    """The chi-square p-values are uniform: neither too small nor conservative, and invariant to the mean."""
    rng = np.random.default_rng(15)
    p = [
        p_value(variance_test(lambda start, n: rng.normal(50.0, 3.0, n), 9.0, tolerance=0.0, stages=(400,)))
        for _ in range(600 * RUNS)
    ]

    assert stats.kstest(p, "uniform").pvalue > ALARM


@pytest.mark.parametrize("gaussian", [True, False])
@pytest.mark.parametrize("rate", [1e-2, 1e-3])
def test_variance_test_keeps_inflated_rates(gaussian: bool, rate: float) -> None:
    """Gaussian draws of the right variance fail no more often than stated, by either method."""
    rng = np.random.default_rng(16)
    trials = 300 * RUNS
    failures = 0
    for _ in range(trials):
        verdict = variance_test(
            lambda start, n: rng.normal(5.0, 2.0, n),
            4.0,
            tolerance=1e-5,
            false_fail=rate,
            stages=(400, 1600),
            gaussian=gaussian,
        )
        failures += verdict.decision == "fail"

    assert excess_of_failures(failures, trials, rate) > ALARM


@pytest.mark.parametrize("gaussian", [True, False])
@pytest.mark.parametrize(("variance", "decision"), [(4.0, "pass"), (2.0, "fail"), (16.0, "fail"), (5.6, "fail")])
def test_variance_test_finds_wrong_widths(gaussian: bool, variance: float, decision: str) -> None:
    """e^{log_var} used as standard deviation, and a width off by 18 %, fail; the right width passes."""
    rng = np.random.default_rng(17)
    for _ in range(20 * RUNS):
        verdict = variance_test(
            lambda start, n: rng.normal(-3.0, math.sqrt(variance), n), 4.0, tolerance=0.8, gaussian=gaussian
        )
        assert decision == verdict.decision
        assert verdict.detail.startswith("variance of ")


def test_general_variance_test_is_valid_where_chi_square_is_not() -> None:
    """Student t draws: the chi-square test fails the right variance at 1e-2 often, the general one does not."""
    rng = np.random.default_rng(18)
    failures = {True: 0, False: 0}
    for _ in range(300):
        x = rng.standard_t(6, 1600)
        for gaussian in failures:
            verdict = variance_test(
                lambda start, n, x=x: x,  # type: ignore[misc]
                6.0 / 4.0,
                tolerance=1e-5,
                false_fail=1e-2,
                stages=(1600,),
                gaussian=gaussian,
                max_skewness=8.0,
            )
            failures[gaussian] += verdict.decision == "fail"

    assert excess_of_failures(failures[True], 300, 1e-2) < ALARM
    assert excess_of_failures(failures[False], 300, 1e-2) > ALARM


def test_variance_of_zero() -> None:
    """Constant draws have variance 0: right where 0 is expected, wrong elsewhere."""
    assert variance_test(lambda start, n: np.ones(n), 0.0, tolerance=0.1).decision == "pass"
    assert variance_test(lambda start, n: np.ones(n), 1.0, tolerance=0.1).decision == "fail"
    assert variance_test(lambda start, n: np.arange(n) % 7.0, 0.0, tolerance=0.1).decision == "fail"
    with pytest.raises(ValueError, match="must not be negative"):
        variance_test(lambda start, n: np.ones(n), -1.0, tolerance=0.1)


# ------------------------------------------------------------------------------------------------------ fixed samples


@pytest.mark.parametrize("n", [8, 100, 1000])
def test_gaussian_sample_test_p_values_are_super_uniform(n: int) -> None:
    """Standard normal samples of any size keep every rate, not only asymptotically."""
    rng = np.random.default_rng(19)
    p = [p_value(gaussian_sample_test(rng.standard_normal(n))) for _ in range(250 * RUNS)]

    assert uniformity_of_p_values(p) > ALARM
    assert excess_of_failures(sum(v <= 1e-2 for v in p), len(p), 1e-2) > ALARM
    assert np.mean(np.array(p) < 0.3) > 0.1, (
        "five times the smallest of five p-values, one of them a bound, is not far from uniform"
    )


WRONG_NOISE: dict[str, Sampler] = {
    "mean 0.15": lambda rng, n: rng.standard_normal(n) + 0.15,
    "standard deviation 1.1": lambda rng, n: 1.1 * rng.standard_normal(n),
    "standard deviation 0.9": lambda rng, n: 0.9 * rng.standard_normal(n),
    "e^log_var as standard deviation, log_var 0.2": lambda rng, n: math.exp(0.1) * rng.standard_normal(n),
    "noise scaled by 0.01": lambda rng, n: 0.01 * rng.standard_normal(n),
    "uniform noise of the right variance": lambda rng, n: math.sqrt(12.0) * (rng.random(n) - 0.5),
    "uniform noise": lambda rng, n: rng.random(n),
    "random signs": lambda rng, n: rng.choice([-1.0, 1.0], n),
    "one value for all": lambda rng, n: np.full(n, rng.standard_normal()),
    "Laplace noise of the right variance": lambda rng, n: rng.laplace(scale=0.5**0.5, size=n),
}


@pytest.mark.parametrize("sampler", WRONG_NOISE.values(), ids=WRONG_NOISE.keys())
def test_gaussian_sample_test_finds_wrong_noise(sampler: Sampler) -> None:
    """Power at 4,096 draws is at least 0.999 against the deviations its docstring states."""
    rng = np.random.default_rng(20)
    trials = 40 * RUNS
    failed = sum(gaussian_sample_test(sampler(rng, 4096)).decision == "fail" for _ in range(trials))

    assert trials == failed


def test_gaussian_sample_test_finds_a_wrong_fourth_moment() -> None:
    """A sum of twelve uniform numbers has the right mean, variance and nearly the right distribution: the shoulders tell."""
    rng = np.random.default_rng(23)
    n = 144_000
    twelve = gaussian_sample_test(rng.random((12, n)).sum(0) - 6.0)

    assert twelve.decision == "fail"
    assert "z⁴" in twelve.detail
    assert gaussian_sample_test(rng.standard_normal(n)).decision == "pass"


@pytest.mark.parametrize("n", [8, 50, 1000])
def test_independence_test_p_values_are_super_uniform(n: int) -> None:
    """Independent samples of any size keep every rate; the correlation's distribution is exact, not asymptotic."""
    rng = np.random.default_rng(21)
    p = [p_value(independence_test(rng.standard_normal(n), rng.standard_normal(n))) for _ in range(400 * RUNS)]

    assert uniformity_of_p_values(p) > ALARM
    assert excess_of_failures(sum(v <= 1e-2 for v in p), len(p), 1e-2) > ALARM


def test_independence_test_keeps_its_rate_for_float32_draws() -> None:
    """Chance coincidences of float32 noise, recovered from mean and width, stay below the allowance."""
    rng = np.random.default_rng(22)
    a, b = (
        (np.float32(2.0) + rng.standard_normal(4_000_000, dtype=np.float32) - np.float32(2.0)).astype(np.float64)
        for _ in range(2)
    )
    allowed = 2.0**-20 / (2.0 * math.sqrt(math.pi))

    assert excess_of_failures(int(np.sum(a == b)), a.size, allowed) > ALARM


SHARED_NOISE: dict[str, tuple[Callable[[np.random.Generator, Array], Array], str]] = {
    "the same noise": (lambda rng, a: a.copy(), "4,096 of 4,096 are identical"),
    "mirrored noise": (lambda rng, a: -a, "correlation over 4,096 pairs is -1.0000"),
    "the same magnitude": (
        lambda rng, a: a * rng.choice([-1.0, 1.0], a.size) * (1 + 1e-9),
        "correlation of magnitudes",
    ),
    "correlation 0.14": (lambda rng, a: 0.14 * a + math.sqrt(1 - 0.14**2) * rng.standard_normal(a.size), "correlation"),
    "one per cent shared": (
        lambda rng, a: np.where(np.arange(a.size) % 100 == 0, a, rng.standard_normal(a.size)),
        "41 of 4,096 are identical",
    ),
    "one value for all": (lambda rng, a: np.full(a.size, 0.3), "all 4,096 draws have the same magnitude, 0.3"),
}


@pytest.mark.parametrize(("share", "words"), SHARED_NOISE.values(), ids=SHARED_NOISE.keys())
def test_independence_test_finds_shared_noise(share: Callable[[np.random.Generator, Array], Array], words: str) -> None:
    """Noise shared between examples, latents or calls fails and is described."""
    rng = np.random.default_rng(23)
    for _ in range(40 * RUNS):
        a = rng.standard_normal(4096)
        verdict = independence_test(a, share(rng, a))
        assert verdict.decision == "fail"
        assert words in verdict.detail


def test_binary_sample_test_p_values_are_super_uniform() -> None:
    """Correct binary images, with probabilities from 0 to 1, keep every rate."""
    rng = np.random.default_rng(24)
    probs = np.array([0.0, 1e-3, 0.2, 0.5, 0.97, 1.0])
    p = [p_value(binary_sample_test(rng.random((200, 6)) < probs, probs)) for _ in range(600 * RUNS)]

    assert uniformity_of_p_values(p) > ALARM


def test_binary_sample_test_finds_wrong_images() -> None:
    """Sigmoid twice, one draw for all images, probabilities instead of draws and impossible ones all fail."""
    rng = np.random.default_rng(25)
    probs = np.full(20, 0.1)
    right = rng.random((1000, 20)) < probs
    twice = rng.random((1000, 20)) < 1.0 / (1.0 + np.exp(-probs))
    one_draw_for_all = np.repeat(right[:1], 1000, axis=0)

    assert binary_sample_test(right, probs).decision == "pass"
    assert binary_sample_test(right[:, 0], 0.1).decision == "pass"
    assert binary_sample_test(twice, probs).decision == "fail"
    assert binary_sample_test(one_draw_for_all, probs).decision == "fail"
    assert binary_sample_test(np.ones((1, 1)), [0.0]).decision == "fail"
    grey = binary_sample_test(np.tile(probs, (5, 1)), probs)
    assert grey.detail == "100 of 100 numbers are neither 0 nor 1, e.g. 0.1"


def test_fixed_samples_with_nan_fail() -> None:
    """NaN and infinity fail in every test of a sample."""
    z = np.random.default_rng(26).standard_normal(100)
    broken = np.where(np.arange(100) == 5, np.inf, z)

    assert gaussian_sample_test(broken).detail == "1 of 100 numbers are NaN or infinite"
    assert independence_test(z, broken).detail == "1 of 200 numbers are NaN or infinite"
    assert (
        binary_sample_test(np.where(np.arange(100) == 5, np.nan, 1.0), 1.0).detail
        == "1 of 100 numbers are neither 0 nor 1, e.g. nan"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gaussian_sample_test(np.zeros((20, 2))), r"z must be a vector of at least 8 draws"),
        (lambda: gaussian_sample_test(np.zeros(20), false_fail=2.0), "strictly between"),
        (lambda: independence_test(np.zeros(20), np.zeros(21)), "must have the same length, but have 20 and 21"),
        (lambda: binary_sample_test(np.zeros((4, 3)), np.zeros(4)), r"they have \(4, 3\) and \(4,\)"),
        (lambda: binary_sample_test(np.zeros((4, 3)), 1.5), r"must lie within \[0, 1\]"),
        (lambda: exact_equality_share([], []), "same non-empty shape"),
        (lambda: uniformity_of_p_values([0.5, 1.5]), r"within \[0, 1\]"),
        (lambda: combine(), "at least one verdict"),
        (lambda: share_of(0), "parts=0 must be at least 1"),
    ],
)
def test_impossible_arguments_are_named(call: Callable[[], object], message: str) -> None:
    """Misuse by a check is an error with the argument's name."""
    with pytest.raises(ValueError, match=message):
        call()


# ------------------------------------------------------------------------------------------- combining, calibrating


def test_exact_equality_share() -> None:
    """The share counts positions with exactly the same number."""
    assert exact_equality_share([[1.0, 2.0]], [[1.0, 2.0]]) == 1.0
    assert exact_equality_share([1.0, 2.0], [1.0, np.nextafter(2.0, 3.0)]) == 0.5


def test_combine_takes_the_worst() -> None:
    """Fail beats inconclusive beats pass; draws add up; every verdict of the worst kind is told."""
    passed = Verdict("pass", 0.1, 6.0, 400, "fine")
    unsure = Verdict("inconclusive", 1.0, 6.0, 1600, "unsure")
    mean_off, width_off = Verdict("fail", 8.0, 6.0, 10, "mean off"), Verdict("fail", 9.0, 6.0, 20, "width off")

    assert passed == combine(passed)
    assert Verdict("inconclusive", 1.0, 6.0, 2000, "unsure") == combine(passed, unsure)
    assert Verdict("fail", 9.0, 6.0, 2030, "mean off; width off") == combine(mean_off, passed, unsure, width_off)


def test_combined_tests_keep_the_rate_of_one_check() -> None:
    """Four tests that look at the same draws, each with its share, together fail no more often than one check may."""
    rng = np.random.default_rng(27)
    share = share_of(4, 1e-2)
    trials = 200 * RUNS
    failures = 0
    for _ in range(trials):
        a, b = rng.standard_normal((2, 200))
        failures += (
            combine(
                gaussian_sample_test(a, false_fail=share),
                gaussian_sample_test(b, false_fail=share),
                independence_test(a, b, false_fail=share),
                variance_test(lambda start, n, a=a: a, 1.0, tolerance=0.0, false_fail=share, stages=(200,)),  # type: ignore[misc]
            ).decision
            == "fail"
        )

    assert share_of(4) * 4 == pytest.approx(FALSE_FAIL)
    assert excess_of_failures(failures, trials, 1e-2) > ALARM


def test_uniformity_question_tells_good_from_bad() -> None:
    """Uniform and conservative p-values are accepted; p-values that are 10 % too small are noticed."""
    u = np.random.default_rng(28).random(5000)

    assert uniformity_of_p_values(u) > 1e-3
    assert uniformity_of_p_values(np.sqrt(u)) > 0.99
    assert uniformity_of_p_values(0.9 * u) < ALARM


def test_excess_of_failures_is_a_binomial_tail() -> None:
    """Zero failures are never an excess; the tail is exact."""
    assert excess_of_failures(0, 10, 0.1) == 1.0
    assert excess_of_failures(10, 10, 0.1) == pytest.approx(1e-10)


def test_same_draws_give_the_same_verdict() -> None:
    """The tests hold no state and no randomness of their own: regrading gives the identical verdict."""

    def grade() -> Verdict:
        return mean_test(stream(_outliers, np.random.default_rng(29)), 0.0, tolerance=0.5)

    assert grade() == grade()

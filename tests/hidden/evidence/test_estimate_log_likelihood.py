"""The evidence: exact where the proposal is the true posterior, unbiased (not in the log) where it is not."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from autograder.authoring import DTYPES, Sizes, check
from autograder.checking.statistics import (
    gaussian_sample_test,
    independence_test,
    mean_test,
    share_of,
    variance_at_most_test,
)
from tests.hidden import exact
from tests.public.sizes import SIZES


@check("estimate_log_likelihood", "value")
@given(
    sizes=st.sampled_from(SIZES),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 2**31 - 1),
    sigma_p=st.sampled_from([0.4, 0.7, 1.3]),
    n_samples=st.sampled_from([1, 4, 7]),
)
def test_value(student, sizes, dtype, seed, sigma_p, n_samples):
    """When the encoder is the true posterior of a linear-Gaussian model, every weight is p(x) and the estimate is
    exact for any number of samples.
    """
    case, log_p = exact.linear_gaussian(sizes, dtype, seed, sigma_p, n_samples=n_samples)
    help_text = "Each weight is log p(z) + log p(x | z) − log q(z), constants and σ_p² included; − log S at the end."
    student.agrees(case, log_p, help=help_text)


WIDEN = 0.7
STAGES = (500, 4000)
ROWS = 2000
TERMS = 64


def wide_proposal(n_samples: int, rows: int):
    """A call with the same image in every row, whose encoder has e^WIDEN times the variances of the true posterior; log p(x)."""
    sizes = Sizes({"B": 1, "D": 4, "M": 2})
    case, log_p = exact.linear_gaussian(sizes, torch.float64, 8, 0.7, widen=WIDEN, n_samples=n_samples)
    return case.but(x=case.arguments["x"].expand(rows, -1).clone()), float(log_p)


def moment_of_weight(k: int) -> float:
    """E[(w / p(x))ᵏ] for one weight w of `wide_proposal`: (uᵏ / (1 + k (u − 1)))^(M/2) with u = e^WIDEN and M = 2 latents."""
    u = np.exp(WIDEN)
    return float(u**k / (1 + k * (u - 1)))


def noise_of_weights(log_w: np.ndarray, log_p: float) -> np.ndarray:
    """Single log-weights, as standard normal numbers: log w = log p(x) + WIDEN − ½ (u − 1) |ε|², and |ε|² is χ² with M = 2."""
    squares = (log_p + WIDEN - log_w) / (0.5 * (np.exp(WIDEN) - 1))
    upper_tail = np.exp(-0.5 * np.clip(squares, 1e-15, 700.0))
    return -special.ndtri(upper_tail)


@check("estimate_log_likelihood", "noise", after=["value"])
def test_noise(student):
    """Every call, every example and every one of the `n_samples` draws has noise of its own, and it is Gaussian: with one sample,
    the estimate tells how large the noise was.
    """
    case, log_p = wide_proposal(n_samples=1, rows=ROWS)
    first, second = (
        noise_of_weights(student.value(c).double().numpy(), log_p) for c in (case, replace(case, seed=case.seed + 1))
    )
    student.sees(case, "the noise", first, interchangeable=True)
    student.sees(case, "the share of examples whose z is the mean", float((first < -7).mean()))
    share = share_of(4)
    verdict = gaussian_sample_test(first, false_fail=share)
    student.judge(verdict, case, "the noise of equal images is not that of independent draws from q(z | x)")
    verdict = independence_test(first[: ROWS // 2], first[ROWS // 2 :], false_fail=share)
    student.judge(verdict, case, "equal images share their noise")
    student.judge(independence_test(first, second, false_fail=share), case, "calls share their noise")
    many, log_p = wide_proposal(n_samples=TERMS, rows=ROWS // 5)
    estimates = student.value(many).double().numpy()
    student.sees(many, "the estimates", estimates, interchangeable=True)
    verdict = variance_at_most_test(
        lambda start, n: np.exp(estimates[start : start + n] - log_p),
        2.0 * (moment_of_weight(2) - 1) / TERMS,
        clear=6.0,
        false_fail=share,
        stages=(100, len(estimates)),
    )
    student.judge(verdict, many, f"{TERMS} samples of one example are not {TERMS} draws")


@check("estimate_log_likelihood", "importance", after=["noise"])
def test_importance(student):
    """When the encoder is not the posterior, the estimate of p(x), not of log p(x), is unbiased: the mean is taken inside the
    logarithm.
    """
    n_samples = 6
    case, log_p = wide_proposal(n_samples, rows=1)

    def ratio(start: int, n: int) -> np.ndarray:
        """Equal images are independent draws (`noise`), so that one call gives n of them."""
        call, _ = wide_proposal(n_samples, rows=n)
        estimates = student.value(replace(call, seed=call.seed + start)).double().numpy()
        student.sees(call, "the estimates", estimates, interchangeable=True)
        return np.exp(estimates - log_p)

    central = moment_of_weight(3) - 3 * moment_of_weight(2) + 2
    skewness = abs(central) / (moment_of_weight(2) - 1) ** 1.5 / np.sqrt(n_samples)  # of a mean of n_samples weights
    verdict = mean_test(ratio, 1.0, tolerance=0.15, stages=STAGES, max_skewness=skewness)
    help_text = "log of the mean of the weights, not the mean of the log-weights (that is the ELBO)."
    student.judge(
        verdict, case, "the estimate of p(x) divided by the exact p(x) should be 1 on average", help=help_text
    )


@check("estimate_log_likelihood", "extreme")
@settings(max_examples=2)
@given(dtype=st.sampled_from(DTYPES), seed=st.integers(0, 3))
def test_extreme(student, dtype, seed):
    """It stays finite and exact for 200 latents and for images whose probability underflows."""
    sizes = Sizes({"B": 3, "D": 600, "M": 200})
    case, log_p = exact.linear_gaussian(sizes, dtype, seed, 1.3, n_samples=2)
    student.agrees(case, log_p, help="Stay in the log domain until the end (torch.logsumexp).")

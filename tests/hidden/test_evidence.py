"""The evidence: exact where the proposal is the true posterior, unbiased (not in the log) where it is not."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checking import Case, check
from autograder.checking.statistics import mean_test
from tests.hidden import exact
from tests.hidden.gradients import require_gradients
from tests.public import cases


@check("log_mean_exp", "value")
@given(case=cases.drawn("log_mean_exp"))
def test_log_mean_exp_value(student, oracle, case):
    """log (1/S) Σ_s exp(log_w_s) over the S samples (the first axis), one value per example."""
    student.agrees(
        case, oracle.value(case), help="The mean over samples: − log S. The sum runs over axis 0, of size S."
    )


@check("log_mean_exp", "gradient")
@settings(max_examples=8)
@given(seed=st.integers(0, 1000))
def test_log_mean_exp_gradient(student, oracle, seed):
    """Its gradient is the softmax of the weights."""
    require_gradients(student, oracle, cases.build("log_mean_exp", cases.SIZES[4], torch.float64, seed), ["log_w"])


@check("log_mean_exp", "extreme")
@given(dtype=st.sampled_from(cases.DTYPES), level=st.sampled_from([-200.0, -10_000.0, 10_000.0]), zero=st.booleans())
def test_log_mean_exp_extreme(student, oracle, dtype, level, zero):
    """It stays finite and exact for log-weights around −10,000 or +10,000, and where one weight is zero (log-weight
    −∞).
    """
    log_w = level + torch.tensor([[0.0, 1.5], [-1.0, 0.25], [0.5, 0.0]], dtype=dtype)
    log_w[:, 1] -= 2 * level  # examples may be far apart from each other
    if zero:
        log_w[1, 0] = -torch.inf
    case = Case("log_mean_exp", {"log_w": log_w}, scale=abs(level))
    student.agrees(
        case, oracle.value(case), help="torch.logsumexp subtracts the largest weight before it exponentiates."
    )


@check("estimate_log_likelihood", "value")
@given(
    sizes=st.sampled_from(cases.SIZES),
    dtype=st.sampled_from(cases.DTYPES),
    seed=st.integers(0, 2**31 - 1),
    sigma_p=st.sampled_from([0.4, 0.7, 1.3]),
    n_samples=st.sampled_from([1, 4, 7]),
)
def test_evidence_value(student, sizes, dtype, seed, sigma_p, n_samples):
    """When the encoder is the true posterior of a linear-Gaussian model, every weight is p(x) and the estimate is
    exact for any number of samples.
    """
    case, log_p = exact.linear_gaussian(sizes, dtype, seed, sigma_p, n_samples=n_samples)
    help_text = "Each weight is log p(z) + log p(x | z) − log q(z), constants and σ_p² included; − log S at the end."
    student.agrees(case, log_p, help=help_text)


@check("estimate_log_likelihood", "importance", after=["value"])
def test_evidence_importance(student):
    """When the encoder is not the posterior, the estimate of p(x), not of log p(x), is unbiased: the mean is taken
    inside the logarithm; every example has noise of its own.
    """
    sizes = cases.Sizes({"B": 1, "D": 4, "M": 2})
    case, log_p = exact.linear_gaussian(sizes, torch.float64, 8, 0.7, widen=0.7, n_samples=6)
    row = case.arguments["x"]
    twins = case.but(x=row.expand(5, -1).clone())
    values = student.value(twins)
    message = "equal images get equal estimates: the noise is shared by all examples"
    student.require(len(np.unique(values.numpy())) > 1, twins, message)
    estimates = student.draws(case)

    def ratio(start: int, n: int):
        return np.exp(estimates(start, n) - log_p.numpy())

    verdict = mean_test(ratio, 1.0, tolerance=0.15)
    help_text = "log of the mean of the weights, not the mean of the log-weights (that is the ELBO)."
    student.judge(
        verdict, case, "the estimate of p(x) divided by the exact p(x) should be 1 on average", help=help_text
    )


@check("estimate_log_likelihood", "extreme")
@settings(max_examples=2)
@given(dtype=st.sampled_from(cases.DTYPES), seed=st.integers(0, 3))
def test_evidence_extreme(student, dtype, seed):
    """It stays finite and exact for 200 latents and for images whose probability underflows."""
    sizes = cases.Sizes({"B": 3, "D": 600, "M": 200})
    case, log_p = exact.linear_gaussian(sizes, dtype, seed, 1.3, n_samples=2)
    student.agrees(case, log_p, help="Stay in the log domain until the end (torch.logsumexp).")

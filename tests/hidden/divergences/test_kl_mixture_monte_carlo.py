"""KL divergence to a mixture: agreement with the reference, gradients and numerical care."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, check, gradient_check, value_check
from tests.hidden.mixtures import CORNERS, WIDE
from tests.public.divergences.test_kl_mixture_monte_carlo import kl_mixture_monte_carlo

test_value = value_check(
    kl_mixture_monte_carlo,
    "The mean over the S samples of log q(z) − log p(z), with q = N(mean, e^{log_var}) and p the mixture, one value per example.",
    help="Both log-densities at the samples that are handed in; an average over the first axis of z, and over no other.",
    sizes=WIDE,
    corners=CORNERS,
    moved=True,
    level={"mean": (0.0,), "log_var": (0.0,), "means": (0.0,)},
)
test_gradient = gradient_check(
    kl_mixture_monte_carlo,
    ["z", "mean", "log_var", "logits", "means", "log_vars"],
    "It can be differentiated by the samples, by q, and by all that the prior learns.",
    wide={"z": (-4.0, 4.0), "mean": (-4.0, 4.0), "log_var": (-1.0, 3.0), "logits": (-6.0, 6.0), "means": (-4.0, 4.0)},
)


@check("kl_mixture_monte_carlo", "extreme")
@settings(max_examples=12)
@given(
    dtype=st.sampled_from(DTYPES),
    level=st.sampled_from([-13.0, 0.0]),
    away=st.sampled_from([2.0, 40.0]),
    M=st.integers(150, 250),
    seed=st.integers(0, 2**31 - 1),
)
def test_extreme(student, oracle, dtype, level, away, M, seed):
    """It stays exact for 200 dimensions, for a posterior 40 standard deviations from every component or with variances of e⁻¹³."""
    draw = Draw(dtype, seed)
    for dimensions in (M, 2):
        side = torch.sign(draw.normal(3, dimensions))
        mean = away * side * draw.uniform(3, dimensions, low=1.0, high=1.5)
        log_var = level + draw.uniform(3, dimensions, low=-0.5, high=0.5)
        z = mean + torch.exp(0.5 * log_var) * draw.normal(4, 3, dimensions)
        prior = {
            "logits": draw.normal(5),
            "means": draw.normal(5, dimensions, std=0.1),
            "log_vars": draw.uniform(5, dimensions, low=-0.5, high=0.5),
        }
        arguments = {"z": z, "mean": mean, "log_var": log_var, **prior}
        # two large log-densities are subtracted, each as exact as its dtype allows
        scale = dimensions * max(abs(level), float((z**2).amax()))
        case = Case("kl_mixture_monte_carlo", arguments, scale=scale)
        help_text = "Stay in the log domain: subtract log-densities, do not divide densities."
        student.agrees(case, oracle.value(case), help=help_text)

"""Log-density of a diagonal Gaussian: agreement with the reference, gradients and numerical care."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, check, far_away, gradient_check, value_check
from tests.hidden.sizes import ELEMENTWISE, WIDE
from tests.public.densities.test_gaussian_log_density import gaussian_log_density

test_value = value_check(
    gaussian_log_density,
    "log N(x; μ, diag σ²) is −½ Σ (log 2π + log σ² + (x − μ)²/σ²), summed over the D dimensions, for any shapes and scales.",
    help="Check the ½, the log 2π, and that log_var is the log of the *variance*.",
    sizes=WIDE,
    corners=ELEMENTWISE,
    moved=True,
    level={"x": (0.0,), "mean": (0.0,), "log_var": (0.0,)},
)
test_gradient = gradient_check(
    gaussian_log_density,
    ["x", "mean", "log_var"],
    "The log-density can be differentiated with respect to x, mean and log_var, and the gradients are right.",
    wide={"x": (-7.0, 7.0), "mean": (-7.0, 7.0), "log_var": (-7.0, 7.0)},
)


@check("gaussian_log_density", "extreme")
@given(
    dtype=st.sampled_from(DTYPES),
    level=st.sampled_from([-13.0, -8.0, 8.0, 60.0]),
    seed=st.integers(0, 2**31 - 1),
    D=st.integers(150, 250),
)
def test_extreme(student, oracle, dtype, level, seed, D):
    """The log-density stays exact for 200 dimensions, for variances from e⁻¹³ to e⁶⁰, 40 standard deviations from the mean, and where
    both lie far from 0.
    """
    draw = Draw(dtype, seed)  # F.gaussian_nll_loss keeps variances above 1e-6, which is more than e⁻¹⁴
    mean = torch.zeros(3, D, dtype=dtype)  # x − μ is then exact in every order of operations
    log_var = torch.full((3, D), level, dtype=dtype)
    away = torch.tensor([[1.0], [1.0], [40.0]], dtype=dtype)
    x = away * draw.normal(3, D).clamp(-2.0, 2.0) * (0.5 * log_var).exp()
    case = Case("gaussian_log_density", {"x": x, "mean": mean, "log_var": log_var}, scale=D * abs(level))
    student.agrees(
        case, oracle.value(case), help="Stay in the log domain: no product of densities, no log of an exponential."
    )
    for far in far_away(gaussian_log_density.build(None, dtype, seed), ["x", "mean"]):
        student.agrees(far, oracle.value(far), help="Subtract the mean before you square: large squares cancel badly.")

"""Divergences: agreement with the reference, gradients and numerical care."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checking import Case, check
from tests.hidden.gradients import require_gradients
from tests.public import cases


@check("kl_standard_normal", "value")
@given(case=cases.drawn("kl_standard_normal"))
def test_kl_value(student, oracle, case):
    """KL(N(μ, diag σ²) ‖ N(0, I)) = ½ Σ (σ² + μ² − 1 − log σ²), summed over the M latent dimensions, one value per
    example.
    """
    student.agrees(
        case, oracle.value(case), help="½ stands in front of the whole sum; σ² is exp(log_var); sum over the last axis."
    )


@check("kl_standard_normal", "gradient")
@settings(max_examples=8)
@given(seed=st.integers(0, 1000))
def test_kl_gradient(student, oracle, seed):
    """Its gradients are μ and ½ (σ² − 1)."""
    require_gradients(
        student, oracle, cases.build("kl_standard_normal", cases.SIZES[4], torch.float64, seed), ["mean", "log_var"]
    )


@check("kl_standard_normal", "extreme")
@given(dtype=st.sampled_from(cases.DTYPES), level=st.sampled_from([-110.0, -40.0, 20.0]))
def test_kl_extreme(student, oracle, dtype, level):
    """The divergence stays finite and exact for variances as small as e⁻¹¹⁰ (in float32 too) and as large as e²⁰."""
    mean = torch.tensor([[0.0], [-3.0]], dtype=dtype)
    case = Case("kl_standard_normal", {"mean": mean, "log_var": torch.full((2, 1), level, dtype=dtype)})
    student.agrees(case, oracle.value(case), help="log σ² is log_var itself: do not take the log of an exponential.")

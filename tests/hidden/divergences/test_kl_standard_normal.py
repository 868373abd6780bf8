"""KL divergence to the standard normal: agreement with the reference, gradients and numerical care."""

from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, check, gradient_check, value_check
from tests.hidden.sizes import ELEMENTWISE, WIDE
from tests.public.divergences.test_kl_standard_normal import kl_standard_normal

test_value = value_check(
    kl_standard_normal,
    "KL(N(μ, diag σ²) ‖ N(0, I)) = ½ Σ (σ² + μ² − 1 − log σ²), summed over the M latent dimensions, one value per example.",
    help="½ stands in front of the whole sum; σ² is exp(log_var); sum over the last axis.",
    sizes=WIDE,
    corners=ELEMENTWISE,
    moved=True,
    level={"mean": (0.0,), "log_var": (0.0,)},
)
test_gradient = gradient_check(
    kl_standard_normal,
    ["mean", "log_var"],
    "Its gradients are μ and ½ (σ² − 1).",
    wide={"mean": (-9.0, 9.0), "log_var": (-9.0, 5.0)},
)


@check("kl_standard_normal", "extreme")
@given(dtype=st.sampled_from(DTYPES), level=st.sampled_from([-80.0, -40.0, 20.0]), seed=st.integers(0, 2**31 - 1))
def test_extreme(student, oracle, dtype, level, seed):
    """The divergence stays finite and exact for variances as small as e⁻⁸⁰ (in float32 too) and as large as e²⁰."""
    draw = Draw(dtype, seed)
    mean = draw.normal(3, 2, std=2.0)  # at e⁻¹¹⁰ the field's own libraries fail in float32
    log_var = level + draw.uniform(3, 2, low=-0.5, high=0.0 if level < 0 else 0.5)
    case = Case("kl_standard_normal", {"mean": mean, "log_var": log_var})
    student.agrees(case, oracle.value(case), help="log σ² is log_var itself: do not take the log of an exponential.")

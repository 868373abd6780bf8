"""Mean squared error plus mean KL divergence: agreement with the reference, gradients and numerical care."""

from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, check, gradient_check, value_check
from tests.hidden.sizes import ELEMENTWISE, WIDE
from tests.public.vae.test_mse_objective import mse_objective

test_value = value_check(
    mse_objective,
    "The mean of (x − x̂)² over pixels and images, plus the mean of ½ (σ² + μ² − 1 − log σ²) over latent dimensions and images.",
    help="Both parts are means over everything; ½ stands in front of the whole divergence, and log σ² is log_var.",
    sizes=WIDE,
    corners=ELEMENTWISE,
    moved=True,
    level={"x": (0.0,), "x_hat": (0.0, 1.0), "mean": (0.0,), "log_var": (0.0,)},
)
test_gradient = gradient_check(
    mse_objective,
    ["x_hat", "mean", "log_var"],
    "Gradients reach the reconstruction, the mean and the log-variance, and are right.",
    wide={"x_hat": (-3.0, 3.0), "mean": (-9.0, 9.0), "log_var": (-9.0, 5.0)},
)


@check("mse_objective", "extreme")
@given(dtype=st.sampled_from(DTYPES), level=st.sampled_from([-80.0, -40.0, 20.0]), seed=st.integers(0, 2**31 - 1))
def test_extreme(student, oracle, dtype, level, seed):
    """It stays finite and exact for variances as small as e⁻⁸⁰ (in float32 too) and as large as e²⁰."""
    draw = Draw(dtype, seed)
    arguments = {
        "x": draw.uniform(3, 4, low=0.0, high=1.0),
        "x_hat": draw.uniform(3, 4, low=0.0, high=1.0),
        "mean": draw.normal(3, 2),
        "log_var": level + draw.uniform(3, 2, low=-0.5, high=0.0 if level < 0 else 0.5),
    }
    case = Case("mse_objective", arguments)
    student.agrees(case, oracle.value(case), help="log σ² is log_var itself: do not take the log of an exponential.")

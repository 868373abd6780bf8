"""Log-density of the prior: agreement with the reference, gradients and numerical care."""

from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, check, gradient_check, value_check
from tests.hidden.sizes import ELEMENTWISE, WIDE
from tests.public.densities.test_log_prior import log_prior

test_value = value_check(
    log_prior,
    "log N(z; 0, I) is −½ Σ (log 2π + z²), summed over the M latent dimensions, one value per example.",
    help="Check the ½, that every dimension has its log 2π, and that the sum runs over the last axis.",
    sizes=WIDE,
    corners=ELEMENTWISE,
    moved=True,
    level={"z": ()},
)
test_gradient = gradient_check(log_prior, ["z"], "Its gradient is −z.", wide={"z": (-30.0, 30.0)})


@check("log_prior", "extreme")
@given(
    dtype=st.sampled_from(DTYPES),
    away=st.sampled_from([1.0, 40.0, 300.0]),
    M=st.integers(300, 400),
    seed=st.integers(0, 2**31 - 1),
)
def test_extreme(student, oracle, dtype, away, M, seed):
    """The log-density stays exact for 400 dimensions, and 40 or 300 standard deviations from 0."""
    draw = Draw(dtype, seed)
    for dimensions in (M, 2):
        case = Case("log_prior", {"z": away * draw.normal(3, dimensions).clamp(-2.0, 2.0)}, scale=float(dimensions))
        student.agrees(
            case, oracle.value(case), help="Stay in the log domain: a density that is this small rounds to 0."
        )

"""Logarithm of a mean of exponentials: agreement with the reference, gradients and numerical care."""

import torch
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, check, gradient_check, value_check
from tests.hidden.sizes import ELEMENTWISE, WIDE
from tests.public.evidence.test_log_mean_exp import log_mean_exp

test_value = value_check(
    log_mean_exp,
    "log (1/S) Σ_s exp(log_w_s) over the S samples (the first axis), one value per example.",
    help="The mean over samples: − log S. The sum runs over axis 0, of size S.",
    sizes=WIDE,
    corners=ELEMENTWISE,
    moved=True,
    level={"log_w": ()},
)
test_gradient = gradient_check(
    log_mean_exp, ["log_w"], "Its gradient is the softmax of the weights.", wide={"log_w": (-30.0, 30.0)}
)


@check("log_mean_exp", "extreme")
@example(dtype=torch.float32, level=-200.0, zero=False, nothing=False, seed=0)
@given(
    dtype=st.sampled_from(DTYPES),
    level=st.sampled_from([-200.0, -10_000.0, 10_000.0]),
    zero=st.booleans(),
    nothing=st.booleans(),
    seed=st.integers(0, 2**31 - 1),
)
def test_extreme(student, oracle, dtype, level, zero, nothing, seed):
    """It stays finite and exact for log-weights around −10,000 or +10,000, also where those of one example are far apart, and
    where one weight is zero (log-weight −∞); where all weights of an example are zero, their mean is, and its logarithm is −∞.
    """
    draw = Draw(dtype, seed)
    if level == -200.0:  # small weights right after usual ones: nothing of those stays
        for shift in (0.0, level):
            near = Case("log_mean_exp", {"log_w": shift + draw.normal(3, 4)}, scale=abs(level))
            student.agrees(near, oracle.value(near))
    log_w = level + draw.normal(3, 4)
    log_w[:, 1] -= 2 * level  # examples may be far apart from each other
    log_w[:, 2] += torch.tensor([0.0, 1000.0, 2000.0])
    if zero:
        log_w[1, 0] = -torch.inf
    if nothing:
        log_w[:, 3] = -torch.inf
    case = Case("log_mean_exp", {"log_w": log_w}, scale=abs(level))
    student.agrees(
        case,
        oracle.value(case),
        finite=False,
        help="torch.logsumexp subtracts the largest weight before it exponentiates, unless that is −∞.",
    )

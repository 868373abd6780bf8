"""Log-density of grey pixels: agreement with the reference, gradients, and what happens at λ = ½."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, check, gradient_check, require_gradients, value_check
from tests.hidden.sizes import ELEMENTWISE, WIDE
from tests.public.densities.test_continuous_bernoulli_log_density import continuous_bernoulli_log_density

FAR = 16.0
"""Logits up to here, in float64: the field's libraries, which form λ, lose digits where 1 − λ rounds."""

test_value = value_check(
    continuous_bernoulli_log_density,
    "x log λ + (1 − x) log(1 − λ) + log C(λ) with C(λ) = 2 artanh(1 − 2λ)/(1 − 2λ), one value per pixel.",
    help="The logarithm of C is added, for every pixel; λ = sigmoid(logits), applied once; pixels stay grey.",
    sizes=WIDE,
    corners=ELEMENTWISE,
    moved=True,
    level={"x": (0.0, 0.5, 1.0), "logits": ()},
)
test_gradient = gradient_check(
    continuous_bernoulli_log_density,
    ["logits"],
    "The gradient with respect to the logits is x minus the mean of the continuous Bernoulli.",
    wide={"logits": (-FAR, FAR)},
)


def _through_one_half(dtype, seed, sizes):
    """Pixels whose logits are 0 or as small as `sizes` says, some more where no series is needed, and in float64 large ones."""
    draw = Draw(dtype, seed)
    logits = draw.uniform(4, len(sizes) + 3, low=0.5, high=1.0)
    signs = 1 - 2 * draw.binary(4, len(sizes) + 3)
    largest = FAR if dtype == torch.float64 else 4.0
    logits = signs * logits * torch.tensor([0.0, *sizes, 1.0, largest], dtype=dtype)
    x = draw.uniform(4, len(sizes) + 3, low=-0.2, high=1.2).clamp(0.0, 1.0)
    return Case("continuous_bernoulli_log_density", {"x": x, "logits": logits}, seed=seed)


@check("continuous_bernoulli_log_density", "through_one_half")
@given(dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_through_one_half(student, oracle, dtype, seed):
    """It is finite and exact at λ = ½ and on both sides of it, however near."""
    case = _through_one_half(dtype, seed, [1e-12, 1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3])
    help_text = "Both numerator and denominator of C are 0 there: use the series of log C around λ = ½."
    student.agrees(case, oracle.value(case), help=help_text)


@check("continuous_bernoulli_log_density", "gradient_at_one_half", given=True)
@given(dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_gradient_at_one_half(student, oracle, dtype, seed):
    """Where a logit is 0 the gradient is x − ½, not NaN."""
    case = _through_one_half(dtype, seed, [])
    help_text = "`torch.where` multiplies the NaN of the branch that is not taken by 0: put another number into that branch first."
    require_gradients(student, oracle, case, ["logits"], help=help_text)

"""Log-probability of binary pixels: agreement with the reference, gradients and numerical care."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, check, gradient_check, value_check
from tests.hidden.sizes import ELEMENTWISE, WIDE
from tests.public.densities.test_bernoulli_log_density import bernoulli_log_density

test_value = value_check(
    bernoulli_log_density,
    "log Ber(x; sigmoid(logits)) per pixel: log sigmoid(ℓ) where x = 1 and log(1 − sigmoid(ℓ)) where x = 0.",
    help="Logits go in, not probabilities, and the sigmoid is applied once.",
    sizes=WIDE,
    corners=ELEMENTWISE,
    moved=True,
    level={"x": (0.0, 1.0), "logits": ()},
)
test_gradient = gradient_check(
    bernoulli_log_density,
    ["logits"],
    "The gradient with respect to the logits is x − sigmoid(logits).",
    wide={"logits": (-16.0, 16.0)},
)


@check("bernoulli_log_density", "extreme")
@given(dtype=st.sampled_from(DTYPES), size=st.sampled_from([40.0, 100.0, 800.0, 1e4]), seed=st.integers(0, 2**31 - 1))
def test_extreme(student, oracle, dtype, size, seed):
    """The log-probability stays finite and exact for logits as large as ±10,000."""
    draw = Draw(dtype, seed)
    logits = torch.tensor([[size, -size, size, -size]], dtype=dtype) * draw.uniform(3, 4, low=0.8, high=1.0)
    x = torch.tensor([[1.0, 0.0, 0.0, 1.0]], dtype=dtype).expand(3, 4).clone()
    case = Case("bernoulli_log_density", {"x": x, "logits": logits})
    help_text = (
        "The logarithm of a sigmoid that has rounded to 0 or 1 is lost: use logsigmoid, softplus or *_with_logits."
    )
    student.agrees(case, oracle.value(case), help=help_text)

"""Log-probability of the upper half, given z: agreement with the reference, gradients and numerical care."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, Probe, check, gradient_check, value_check
from tests.hidden.sizes import CORNERS, WIDE
from tests.public.inpainting.test_log_likelihood_top import PIXELS, UPPER, log_likelihood_top

test_value = value_check(
    log_likelihood_top,
    "Σ log Ber(x; sigmoid(ℓ)) over the 392 upper pixels, with the first 392 logits: one value per example.",
    help="The lower pixels integrate out exactly: they and their logits are left out, not filled in.",
    sizes=WIDE,
    corners=CORNERS,
    moved=True,
    level={"x_top": (0.0, 1.0), "z": (0.0,)},
)
test_gradient = gradient_check(
    log_likelihood_top,
    ["z", "decoder.trunk.0.weight", "decoder.trunk.0.bias"],
    "Gradients reach z and the decoder: the gradient by an upper logit is x − sigmoid(ℓ), that by a lower one is 0.",
    wide={"z": (-3.0, 3.0)},
)


@check("log_likelihood_top", "extreme")
@given(dtype=st.sampled_from(DTYPES), size=st.sampled_from([40.0, 100.0, 800.0, 1e4]), seed=st.integers(0, 2**31 - 1))
def test_extreme(student, oracle, dtype, size, seed):
    """The log-probability stays finite and exact where the decoder is certain (logits of ±800 and more), right or wrong."""
    draw = Draw(dtype, seed)
    logits = size * draw.uniform(PIXELS, low=0.8, high=1.0) * (2 * draw.binary(PIXELS) - 1)
    certain = (logits[:UPPER] > 0).to(dtype)
    x_top = torch.stack([certain, 1 - certain, draw.binary(UPPER), draw.binary(UPPER)])
    layer = {"op": "affine", "weight": draw.normal(PIXELS, 3), "bias": logits}
    arguments = {"x_top": x_top, "z": draw.normal(4, 3), "decoder": Probe({"layers": [layer]})}
    case = Case("log_likelihood_top", arguments, scale=size * UPPER)
    student.agrees(case, oracle.value(case), help="Compute log p(x | z) from logits: no log of a sigmoid.")

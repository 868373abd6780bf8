"""Log joint density of an upper half and latent vectors: agreement with the reference, gradients and numerical care."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, Probe, check, gradient_check, value_check
from tests.hidden.sizes import CORNERS, WIDE
from tests.public.inpainting.test_log_joint_top import log_joint_top
from tests.public.inpainting.test_log_likelihood_top import PIXELS, UPPER

test_value = value_check(
    log_joint_top,
    "log N(z; 0, I) + log p(upper pixels | z), constants included: one value for each z.",
    help="log p(z) is summed over the M latents and has its constant; log p(x | z) is summed over the upper pixels only.",
    sizes=WIDE,
    corners=CORNERS,
    moved=True,
    level={"x_top": (0.0, 1.0), "zs": (0.0, 1.0)},
)
test_gradient = gradient_check(
    log_joint_top,
    ["zs", "decoder.trunk.0.weight", "decoder.trunk.0.bias"],
    "Gradients reach the latent vectors, through the prior and through the decoder, and the decoder.",
    wide={"zs": (-3.0, 3.0)},
)


@check("log_joint_top", "extreme")
@given(
    dtype=st.sampled_from(DTYPES),
    size=st.sampled_from([40.0, 800.0]),
    far=st.sampled_from([1.0, 60.0]),
    seed=st.integers(0, 2**31 - 1),
)
def test_extreme(student, oracle, dtype, size, far, seed):
    """It stays finite and exact where the decoder is certain (logits of ±800) and where z is 60 standard deviations from the prior's
    mean.
    """
    draw = Draw(dtype, seed)
    logits = size * draw.uniform(PIXELS, low=0.8, high=1.0) * (2 * draw.binary(PIXELS) - 1)
    certain = (logits[:UPPER] > 0).to(dtype)
    x_top = torch.where(draw.uniform(UPPER, low=0.0, high=1.0) < 0.9, certain, 1 - certain)
    layer = {"op": "affine", "weight": draw.normal(PIXELS, 3, std=0.1), "bias": logits}
    zs = far * draw.uniform(4, 3, low=0.5, high=1.0) * (2 * draw.binary(4, 3) - 1)
    case = Case("log_joint_top", {"x_top": x_top, "zs": zs, "decoder": Probe({"layers": [layer]})}, scale=size * UPPER)
    help_text = (
        "Add logarithms, computed from logits and from z: no log of a sigmoid, of a product or of an exponential."
    )
    student.agrees(case, oracle.value(case), help=help_text)
